"""Invoices since a restored subscription began: whether they took the credit that was given for its fee in advance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from billsync.model.moment import cut_to_seconds
from billsync.model.state import Row
from billsync.model.value import Fields
from billsync.rating.arithmetic import ZERO
from billsync.report.billing.subscribed import CREDIT_ONLY
from billsync.report.recovery.losses.explaining import INVOICED_TWICE, NOT_TAKEN
from billsync.report.recovery.restore.old import moment
from billsync.report.recovery.restore.settlement import Reason

NOT_ASKED = frozenset({"voided", "deleted"})
"""The statuses of invoices that nobody pays (customer-facts.md §13.3)."""

NO_INVOICE = "the credit for its fee in advance is unused, and no invoice has asked for that fee yet"
UNSEEN = "the credit for its fee in advance is unused, and this server shows no invoices: it may be paid twice"

Starts = Mapping[str, datetime | None]


def invoiced(rows: Iterable[Row]) -> Starts:
    """The customers with a subscription that is paid by invoices: by id, the first start of one; None where the server
    shows none."""
    found: dict[str, datetime | None] = {}
    for row in (one.fields for one in rows if one.fields.get("settlement_mode") != CREDIT_ONLY):
        customer, start = str(row.get("customer_id")), moment(row, "active_from")
        known = found.get(customer, start)
        found[customer] = min(known, start) if known and start else None
    return found


def credit_untaken(starts: Starts, invoices: Iterable[Fields] | None) -> Mapping[str, Reason]:
    """By customer, the reason for which a credit for a fee in advance that is still there may be paid twice: `invoices`
    are theirs, None where the server doesn't list any."""
    if invoices is None:
        return dict.fromkeys(starts, Reason(code=NOT_TAKEN, how=UNSEEN))
    asked: dict[str, list[Fields]] = defaultdict(list)
    for row in invoices:
        customer = str(row["customer"]["id"])
        if customer in starts and _asks(row, starts[customer]):
            asked[customer].append(row)
    return {customer: _reason(asked[customer]) for customer in starts}


def _asks(row: Fields, since: datetime | None) -> bool:
    """Whether an invoice for a period since a moment is still to be paid, or was; one that sells credit has none."""
    period = row.get("service_period") or {}
    begins, ends = moment(period, "from"), moment(period, "to")
    is_for_a_period = begins is not None and begins != ends and (since is None or begins >= cut_to_seconds(since))
    is_void = row["status"] in NOT_ASKED or str(row["status"]).startswith("delete.")
    return is_for_a_period and not is_void and Decimal(str(row["totals"]["total"])) > ZERO


def _reason(asked: Sequence[Fields]) -> Reason:
    if not asked:
        return Reason(code=NOT_TAKEN, how=NO_INVOICE)
    named = ", ".join(f"{row['number']} ({row['status']}, {row['totals']['total']} {row['currency']})" for row in asked)
    how = f"the credit for its fee in advance is unused, and was paid before: void what invoice {named} asks for it"
    return Reason(code=INVOICED_TWICE, how=how)
