"""Makes the debts of a recovery snapshot again, as one-off fees that no credit pays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from billsync.api.documents import CHARGES
from billsync.api.generations import KONNECT
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
from billsync.report.recovery.restore.debts import Debt, Fee, fee_of

CONFLICT = 409
NOT_FOUND = 404
CUSTOMER, FEATURE = "customer", "feature"
REFERENCE = "unique_reference_id"


class NoFees(Exception):
    """The server has no call for one-off fees, although its table says so: nobody can be made to owe anything."""


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
    as the restore of another snapshot made it. Raises NoFees.
    """
    fees = [fee for debt in debts for fee in debt.fees]
    ids = _ids(connection, CUSTOMER) if fees else {}
    lacking = [one.customer for one in fees if one.customer not in ids]
    if lacking:
        raise RemoteError(f"customer {lacking[0]}, who owes something, isn't there")
    there = _there(connection, dict.fromkeys(ids[one.customer] for one in fees))
    wrong = [one for one in fees if there.get(one.reference, one.amount) != one.amount]
    spoilt = {(one.customer, one.currency) for one in wrong}
    missing = [one for one in fees if one.reference not in there and (one.customer, one.currency) not in spoilt]
    now = servers_now_by_anybody(connection, Snapshot()) if missing else connection.clock.now()
    features = _ids(connection, FEATURE) if any(one.feature for one in missing) else {}
    made = 0
    for one in missing:
        if journal is not None:
            journal.record(OWING, facts_of(one))
        path = CHARGES.replace(PARENT, ids[one.customer])
        body = {**fee_of(one, now), **_feature_of(connection, one, features)}
        made += post(connection, path, body, there=CONFLICT)
    if wrong:
        raise RemoteError("; ".join(_other_fee(one, there[one.reference]) for one in wrong))
    return Owed(made, len(fees) - made)


def _feature_of(connection: Connection, fee: Fee, ids: Mapping[str, str]) -> Fields:
    """The member that names a fee's feature: Konnect wants its key, OpenMeter its id. Raises RemoteError."""
    if fee.feature is None:
        return {}
    if connection.dialect == KONNECT:
        return {"feature_key": fee.feature}
    if fee.feature not in ids:
        raise RemoteError(f"feature {fee.feature}, for which customer {fee.customer} owes something, isn't there")
    return {"feature_id": ids[fee.feature]}


def _other_fee(fee: Fee, amount: Decimal | None) -> str:
    owed, charged = (f"{decimal_text(one)} {fee.currency}" if one else "something else" for one in (fee.amount, amount))
    return f"customer {fee.customer} owed {owed}, and a fee of {charged} is there for it, of another restore"


def facts_of(fee: Fee) -> Mapping[str, Plain]:
    """The facts of a fee by which an undo names the debt."""
    amount = decimal_text(fee.amount)
    debtor = Address(CUSTOMER, (fee.customer,)).text
    return {"entity": debtor, "amount": amount, "currency": fee.currency, "reference": fee.reference}


def _ids(connection: Connection, kind: str) -> Mapping[str, str]:
    return {str(row.get("key")): str(row["id"]) for row in connection.rows(kind) if not row.get("deleted_at")}


def _there(connection: Connection, customers: Mapping[str, object]) -> Mapping[str, Decimal | None]:
    """The amounts of all fees of customers by their references; None where none is shown.

    The customers are there, so that a list that isn't there for any of them is none of the API's. Raises NoFees and
    RemoteError.
    """
    paths = (CHARGES.replace(PARENT, one) for one in customers)
    lists = list(read_lists(connection.remote, paths, (), BY_CREATION, connection.clock))
    refused = [rows for rows in lists if isinstance(rows, Refused)]
    if refused and len(refused) == len(lists) and all(one.status == NOT_FOUND for one in refused):
        raise NoFees
    if refused:
        raise refused[0]
    several = (row for rows in lists if not isinstance(rows, Refused) for row in rows)
    return {str(row.get(REFERENCE)): _amount(row) for row in several}


def _amount(charge: Fields) -> Decimal | None:
    price = charge.get("price")
    try:
        return Decimal(str(price.get("amount"))) if isinstance(price, Mapping) else None
    except InvalidOperation:
        return None
