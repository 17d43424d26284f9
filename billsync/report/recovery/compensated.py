"""Credits that a restore gives for fees in advance which a new subscription is billed again: made, and known again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from billsync.model.address import Address
from billsync.model.moment import moment_text
from billsync.model.recovery import Accounted, Fate
from billsync.model.state import Entity
from billsync.model.value import Fields
from billsync.rating.arithmetic import negative
from billsync.report.recovery.explaining import UNUSED
from billsync.report.recovery.grants import GIFT, GRANT, PREFIX, short_digest
from billsync.report.recovery.old import PLACE

COMPENSATION = "Fees in advance, paid before"
"""The name of such a credit."""
ACTIVE = "active"
HOW = "the credit for its fee in advance is there until the server has booked the fee"


def compensation(chain: Address, currency: str, amount: Decimal, end: datetime) -> Entity:
    """The grant of fees in advance that a chain is billed again."""
    key = f"{PREFIX}{short_digest(chain.text, moment_text(end), currency)}"
    fields: Fields = {
        "key": key,
        "name": COMPENSATION,
        "description": f"The fees of the running period that {chain.text} is billed again by a restore.",
        "amount": amount,
        "currency": currency,
        "funding_method": GIFT,
        "priority": 1,
        "expires_at": moment_text(end),
    }
    return Entity(Address(GRANT, (*chain.parents, key)), fields, PLACE)


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
