"""Credits that a restore gave for fees in advance which a new subscription is billed again."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal

from billsync.model.recovery import Accounted, Fate
from billsync.model.state import Row
from billsync.model.value import Fields
from billsync.rating.arithmetic import negative
from billsync.report.billing.subscribed import CREDIT_ONLY
from billsync.report.recovery.explaining import NOT_TAKEN, UNUSED
from billsync.report.recovery.grants import GRANT, PREFIX

ACTIVE = "active"
HOW = "the credit for its fee in advance is there until the server has booked the fee"
HOW_INVOICED = (
    "the credit for its fee in advance is unused: the invoice isn't made yet, or takes no credit, and is paid twice"
)


def is_compensation(row: Fields, known: Collection[str]) -> bool:
    """Whether a live grant is such a credit, and in force. `known` are the keys of the snapshot's own grants."""
    key = str(row.get("key") or "")
    return key.startswith(PREFIX) and key not in known and row.get("status") == ACTIVE


def invoiced(rows: Iterable[Row]) -> frozenset[str]:
    """The ids of customers with a subscription that is paid by invoices."""
    paid = (row.fields for row in rows if row.fields.get("settlement_mode") != CREDIT_ONLY)
    return frozenset(str(row.get("customer_id")) for row in paid)


def unused_line(row: Fields, customer: str, *, is_invoiced: bool = False) -> Accounted:
    """A line that explains a balance which is higher by at most this credit."""
    amount = negative(Decimal(str(row["amount"])))
    what = f"grant/{customer}/{row.get('key')}"
    money = {str(row["currency"]): amount}
    how = HOW_INVOICED if is_invoiced else HOW
    return Accounted(
        GRANT, str(row["id"]), what, Fate.DIFFERENT, NOT_TAKEN if is_invoiced else UNUSED, how, customer, money
    )
