"""The credit that a restore gives for fees in advance which a chain is billed again."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from billsync.model.address import Address
from billsync.model.moment import moment_text
from billsync.model.state import Entity
from billsync.model.value import Fields
from billsync.report.recovery.facts.restored_keys import PREFIX, described, short_digest
from billsync.report.recovery.restore.grants import GIFT, GRANT
from billsync.report.recovery.restore.old import PLACE

COMPENSATION = "Fees in advance, paid before"
"""The name of such a credit."""


def compensation(chain: Address, currency: str, amount: Decimal, end: datetime) -> Entity:
    """The grant of fees in advance that a chain is billed again."""
    key = f"{PREFIX}{short_digest(chain.text, moment_text(end), currency)}"
    fields: Fields = {
        "key": key,
        "name": COMPENSATION,
        "description": described(chain),
        "amount": amount,
        "currency": currency,
        "funding_method": GIFT,
        "priority": 1,
        "expires_at": moment_text(end),
    }
    return Entity(Address(GRANT, (*chain.parents, key)), fields, PLACE)
