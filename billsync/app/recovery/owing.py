"""Makes the debts of a recovery snapshot again, as one-off fees that no credit pays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from billsync.api.documents import CHARGES
from billsync.app.server.connection import BY_CREATION, Connection
from billsync.app.server.posting import post
from billsync.app.server.server_time import servers_now_by_anybody
from billsync.core.taking_back.journal_lines import OWING
from billsync.live.lists.paging import Refused
from billsync.live.lists.streams import read_lists
from billsync.live.snapshot import PARENT
from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.ports import Journal, RemoteError
from billsync.model.state import Snapshot
from billsync.model.value import Fields, Plain, decimal_text
from billsync.report.recovery.restore.debts import Debt, fee_of

CONFLICT = 409
REFERENCE = "unique_reference_id"


@dataclass(frozen=True, slots=True)
class Owed:
    """The number of debts that were made again, and of those that were there already."""

    made: int = 0
    known: int = 0

    @property
    def text(self) -> str:
        """The numbers as a sentence."""
        return f"Debts: {self.made:,} made again, {self.known:,} there already."


def owe(connection: Connection, debts: Sequence[Debt], journal: Journal | None = None) -> Owed:
    """Make the fees that aren't there, each after the journal has it. Their customers, and all grants of these, must
    be there.

    Raises RemoteError, after which a further run makes the rest; also where the fee that is there has another amount,
    as the restore of another snapshot made it.
    """
    ids = _ids(connection) if debts else {}
    lacking = [one.customer for one in debts if one.customer not in ids]
    if lacking:
        raise RemoteError(f"customer {lacking[0]}, who owes something, isn't there")
    there = _there(connection, dict.fromkeys(ids[one.customer] for one in debts))
    missing = [one for one in debts if one.reference not in there]
    now = servers_now_by_anybody(connection, Snapshot()) if missing else connection.clock.now()
    made = 0
    for one in missing:
        if journal is not None:
            journal.record(OWING, facts_of(one))
        path = CHARGES.replace(PARENT, ids[one.customer])
        made += post(connection, path, fee_of(one, now), there=CONFLICT)
    if wrong := [one for one in debts if there.get(one.reference, one.amount) != one.amount]:
        raise RemoteError("; ".join(_other_fee(one, there[one.reference]) for one in wrong))
    return Owed(made, len(debts) - made)


def _other_fee(debt: Debt, amount: Decimal | None) -> str:
    owed, charged = (
        f"{decimal_text(one)} {debt.currency}" if one else "something else" for one in (debt.amount, amount)
    )
    return f"customer {debt.customer} owed {owed}, and a fee of {charged} is there for it, of another restore"


def facts_of(debt: Debt) -> Mapping[str, Plain]:
    """The facts of a debt by which an undo names it."""
    amount = decimal_text(debt.amount)
    debtor = Address("customer", (debt.customer,)).text
    return {"entity": debtor, "amount": amount, "currency": debt.currency, "reference": debt.reference}


def _ids(connection: Connection) -> Mapping[str, str]:
    return {str(row.get("key")): str(row["id"]) for row in connection.rows("customer") if not row.get("deleted_at")}


def _there(connection: Connection, customers: Mapping[str, object]) -> Mapping[str, Decimal | None]:
    """The amounts of all fees of customers by their references; None where none is shown. Raises RemoteError."""
    paths = (CHARGES.replace(PARENT, one) for one in customers)
    found: dict[str, Decimal | None] = {}
    for rows in read_lists(connection.remote, paths, (), BY_CREATION, connection.clock):
        if isinstance(rows, Refused):
            raise rows
        found |= {str(row.get(REFERENCE)): _amount(row) for row in rows}
    return found


def _amount(charge: Fields) -> Decimal | None:
    price = charge.get("price")
    try:
        return Decimal(str(price.get("amount"))) if isinstance(price, Mapping) else None
    except InvalidOperation:
        return None
