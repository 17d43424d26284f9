"""Parts of a restore that no step made and that last: custom currencies, billing profiles, debts as fees, and the
billing of customers. Reads only."""

from __future__ import annotations

from collections.abc import Container, Iterator

from billsync.api.documents import CHARGES
from billsync.app.planning.carrying_out import bindings_of
from billsync.app.server.connection import Connection
from billsync.core.taking_back.journal import Journaled
from billsync.core.taking_back.undo import Lasting
from billsync.live.lists.paging import Refused
from billsync.live.snapshot import PARENT
from billsync.model.address import Address
from billsync.model.state import Snapshot

REFERENCE = "unique_reference_id"
BILLING = "its billing stays as the run set it"
BILLING_PROFILE = "billing_profile"
PROFILE = "delete it by hand, once no customer has it and another is the default"
CURRENCY = "no call takes a custom currency, or what a unit of it costs, back"
UNOWNED = "nobody owns it, and billsync deletes nothing that isn't owned: delete it by hand"


def lasting_besides(connection: Connection, run: Journaled, gone: Container[Address]) -> Iterator[Lasting]:
    """The parts that last besides the steps; `gone` are entities that are to go. Raises RemoteError."""
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
        yield Lasting(address, UNOWNED)


def _has_fee(connection: Connection, customer: str, reference: str) -> bool:
    """Whether a customer, by its id, has the fee of this reference. Raises RemoteError."""
    try:
        rows = connection.listed(CHARGES.replace(PARENT, customer))
    except Refused:
        return False
    return any(row.get(REFERENCE) == reference for row in rows)
