"""Credits that a restore gave for fees in advance which a new subscription is billed again."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from billsync.model.recovery import Accounted, Fate
from billsync.model.value import Fields
from billsync.rating.arithmetic import negative
from billsync.report.recovery.explaining import UNUSED
from billsync.report.recovery.grants import GRANT, PREFIX

ACTIVE = "active"
HOW = "the credit for its fee in advance is there until the server has booked the fee"


def is_compensation(row: Fields, known: Collection[str]) -> bool:
    """Whether a live grant is such a credit, and in force. `known` are the keys of the snapshot's own grants."""
    key = str(row.get("key") or "")
    return key.startswith(PREFIX) and key not in known and row.get("status") == ACTIVE


def unused_line(row: Fields, customer: str) -> Accounted:
    """A line that explains a balance which is higher by at most this credit."""
    amount = negative(Decimal(str(row["amount"])))
    what = f"grant/{customer}/{row.get('key')}"
    money = {str(row["currency"]): amount}
    return Accounted(GRANT, str(row["id"]), what, Fate.DIFFERENT, UNUSED, HOW, customer, money)
