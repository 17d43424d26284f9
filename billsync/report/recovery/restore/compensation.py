"""The credit that a restore gives for fees in advance which a chain is billed again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from billsync.model.address import Address
from billsync.model.moment import moment_text
from billsync.model.state import Entity, Row
from billsync.model.value import Fields
from billsync.report.moves.amounts import Part
from billsync.report.recovery.facts.restored_keys import PREFIX, described, short_digest
from billsync.report.recovery.restore.grants import GIFT, GRANT
from billsync.report.recovery.restore.old import PLACE

COMPENSATION = "Fees in advance, paid before"
"""The name of such a credit."""
EXPIRED = "expired"


def compensation(chain: Address, part: Part, amount: Decimal, period_end: datetime, end: datetime) -> Entity:
    """The grant of fees in advance that a chain is billed again within a period; `end` is that of the grant.

    Credit for one feature is drawn before all other of its priority (customer-facts.md §9.2), and 1 is the first
    priority: so the credit for a fee with a feature is for that feature alone.
    """
    currency, feature = part
    key = f"{PREFIX}{short_digest(chain.text, moment_text(period_end), currency, *([feature] if feature else ()))}"
    fields: Fields = {
        "key": key,
        "name": COMPENSATION,
        "description": described(chain),
        "amount": amount,
        "currency": currency,
        "funding_method": GIFT,
        "priority": 1,
        "expires_at": moment_text(end),
        **({"filters": {"features": (feature,)}} if feature else {}),
    }
    return Entity(Address(GRANT, (*chain.parents, key)), fields, PLACE)


def in_force(credit: Address, live: Mapping[Address, Row]) -> Address:
    """The address under which a credit stands on a server, or would: another number where it expired unused before its
    period was over, as the restore paused for longer."""
    number, found = 1, credit
    while (row := live.get(found)) is not None and row.fields.get("status") == EXPIRED:
        number += 1
        found = Address(credit.kind, (*credit.parents, f"{credit.key}:{number}"))
    return found


def under(credit: Entity, address: Address) -> Entity:
    """The credit under another address."""
    return Entity(address, {**credit.fields, "key": address.key}, credit.position)


def first_address(address: Address) -> Address:
    """The address of a credit that stands under it, or under another number."""
    prefix, digest, *_ = address.key.split(":")
    return Address(address.kind, (*address.parents, f"{prefix}:{digest}"))
