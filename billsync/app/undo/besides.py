"""Parts of a restore that no step made and that last: custom currencies, billing profiles, debts as fees, and the
billing of customers. Reads only."""

from __future__ import annotations

from collections.abc import Container, Iterator

from billsync.api.documents import CHARGES
from billsync.app.planning.carrying_out import bindings_of
from billsync.app.server.connection import Connection
from billsync.core.taking_back.journal import Journaled
from billsync.core.taking_back.undo import Lasting
from billsync.kinds.registry import KINDS
from billsync.live.lists.paging import Refused
from billsync.live.snapshot import PARENT
from billsync.model.address import Address
from billsync.model.state import Snapshot
from billsync.report.recovery.facts.restored_keys import PREFIX

REFERENCE = "unique_reference_id"
BILLING = "its billing stays as the run set it"
BILLING_PROFILE = "billing_profile"
PROFILE = "delete it by hand, once no customer has it and another is the default"
CURRENCY = "no call takes a custom currency, or what a unit of it costs, back"
UNOWNED = "nobody owns it, and billsync deletes nothing that isn't owned: delete it by hand"


def nobodys_credits(run: Journaled) -> frozenset[Address]:
    """The grants that a restore made and nobody declared, such as the credits for fees in advance that are billed
    again: they have no owner, and are the run's own."""
    return frozenset(
        made.address
        for made in run.made
        if made.address in frozenset(run.unowned)
        and made.first is None
        and KINDS[made.address.kind].taking_back is not None
        and made.address.key.startswith(PREFIX)
    )


def lasting_besides(connection: Connection, run: Journaled, gone: Container[Address]) -> Iterator[Lasting]:
    """The parts that last besides the steps; `gone` are entities that are to go. Raises RemoteError."""
    credits = nobodys_credits(run)
    bindings = bindings_of(connection, Snapshot(), {})
    for debt in run.owed:
        customer = bindings.id_of(debt.debtor)
        if customer is not None and _has_fee(connection, customer, debt.reference):
            money = f"{debt.amount} {debt.currency}"
            why = f"the one-off fee of {money} that made its debt again stays, as no call takes a fee back"
            yield Lasting(debt.debtor, f"{why}: grant it {money} of credit if it isn't to owe that")
    for address in run.pinned:
        if address not in gone:
            yield Lasting(address, BILLING)
    for address in run.set_up:
        yield Lasting(address, PROFILE if address.kind == BILLING_PROFILE else CURRENCY)
    for address in run.unowned:
        if address not in credits:
            yield Lasting(address, UNOWNED)


def _has_fee(connection: Connection, customer: str, reference: str) -> bool:
    """Whether a customer, by its id, has the fee of this reference. Raises RemoteError."""
    try:
        rows = connection.listed(CHARGES.replace(PARENT, customer))
    except Refused:
        return False
    return any(row.get(REFERENCE) == reference for row in rows)
