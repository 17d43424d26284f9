"""A customer's credit ledger: movements with a balance that billsync adds up itself.

The server's own running balance is only right for the first row of a page (customer-facts.md §9.1), so it isn't used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from decimal import Decimal

from billsync.model.frozen import dataclass, replace
from billsync.model.note import Note
from billsync.model.value import Fields, decimal_text
from billsync.rating.arithmetic import exactly

FUNDED = "funded"
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Statement:
    """One customer's credits as the server shows them.

    `is_complete` is False when the server could not list all movements (customer-facts.md §9.2): then `transactions`
    lacks the funded ones, and they are taken from the grants. `restricted` holds the balances of credits for one
    feature together with the unrestricted ones, by the feature's key; under None, of the unrestricted ones alone.
    """

    balance: Fields
    transactions: tuple[Fields, ...]
    grants: tuple[Fields, ...]
    is_complete: bool = True
    restricted: Mapping[str | None, Fields] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Movement:
    """Credits that came (positive) or went (negative); `before` and `after` are balances in its currency.

    `grant` is the key of the grant it belongs to, where that is known; `features` are those it may pay for, if not all.
    """

    at: datetime
    type: str
    name: str
    currency: str
    amount: Decimal
    before: Decimal = NOTHING
    after: Decimal = NOTHING
    grant: str | None = None
    features: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Balance:
    """One currency: the sum of the movements, and the server's own `settled`, `live` and `pending` balances."""

    currency: str
    added_up: Decimal
    settled: Decimal
    live: Decimal
    pending: Decimal

    @property
    def agrees(self) -> bool:
        """Whether the movements add up to the server's balance."""
        return self.added_up == self.settled


@dataclass(frozen=True, slots=True)
class Usable:
    """Return the credits that can pay for one feature: its own and unrestricted ones; without a feature, unrestricted
    ones only.

    As the server says it (customer-facts.md §8).
    """

    feature: str | None
    currency: str
    settled: Decimal
    live: Decimal


@dataclass(frozen=True, slots=True)
class Ledger:
    """All movements so far, oldest first; `upcoming` are credits that start later and don't count yet."""

    at: datetime
    movements: tuple[Movement, ...]
    upcoming: tuple[Movement, ...]
    balances: tuple[Balance, ...]
    notes: tuple[Note, ...] = ()
    usable: tuple[Usable, ...] = ()


@exactly
def ledger(statement: Statement) -> Ledger:
    """The ledger at the time of the statement's balance. Amounts are in each movement's own currency.

    Sources: customer-facts.md §8, §9. Raises ValueError for a row that is not one of the API's.
    """
    now = _moment(statement.balance["retrieved_at"])
    grants = {str(grant["id"]): grant for grant in statement.grants}
    funded = () if statement.is_complete else _funded(statement)
    rows = [_movement(row, grants) for row in (*statement.transactions, *funded)]
    movements = _running(sorted((row for row in rows if row.at <= now), key=_order))
    upcoming = tuple(sorted((row for row in rows if row.at > now), key=_order))
    balances = _balances(statement.balance, movements)
    return Ledger(now, movements, upcoming, balances, _notes(statement, balances), tuple(_usable(statement)))


def _movement(row: Fields, grants: Mapping[str, Fields]) -> Movement:
    """A row of the list; credits that started after they were granted count from their start (§9.1)."""
    grant = grants.get(str(row.get("labels", {}).get("charge_id", row["id"])), {})
    at = _moment(row["booked_at"])
    if row["type"] == FUNDED and grant.get("effective_at"):
        at = max(at, _moment(grant["effective_at"]))
    features = tuple((grant.get("filters") or {}).get("features") or ())
    amount = Decimal(row["amount"])
    return Movement(at, row["type"], row["name"], row["currency"], amount, grant=grant.get("key"), features=features)


def _usable(statement: Statement) -> Iterator[Usable]:
    """Unrestricted credits first, then by feature."""
    for feature, document in sorted(statement.restricted.items(), key=lambda item: item[0] or ""):
        for row in sorted(document["balances"], key=lambda row: str(row["currency"])):
            yield Usable(feature, row["currency"], Decimal(row["settled"]), Decimal(row["live"]))


def _funded(statement: Statement) -> tuple[Fields, ...]:
    """The funded rows that the server can't list. A grant whose invoice isn't made yet has none."""
    pending = _pending_invoices(statement.grants)
    return tuple(
        {**grant, "type": FUNDED, "booked_at": grant["created_at"], "labels": {}}
        for grant in statement.grants
        if grant["id"] not in pending
    )


def _pending_invoices(grants: Iterable[Fields]) -> frozenset[str]:
    return frozenset(str(grant["id"]) for grant in grants if grant["status"] == "pending")


def _order(movement: Movement) -> tuple[datetime, bool, datetime, str, Decimal]:
    """Oldest first. Consumption is booked cut to seconds, so within a second credits come before they go (§9.1)."""
    return (movement.at.replace(microsecond=0), movement.amount < 0, movement.at, movement.name, movement.amount)


@exactly
def _running(rows: Sequence[Movement]) -> tuple[Movement, ...]:
    balances: dict[str, Decimal] = {}
    found = []
    for row in rows:
        before = balances.get(row.currency, NOTHING)
        after = balances[row.currency] = before + row.amount
        found.append(replace(row, before=before, after=after))
    return tuple(found)


def _balances(balance: Fields, movements: Sequence[Movement]) -> tuple[Balance, ...]:
    last = {movement.currency: movement.after for movement in movements}
    said = {row["currency"]: row for row in balance["balances"]}
    return tuple(_balance(code, last.get(code, NOTHING), said.get(code, {})) for code in sorted(last.keys() | said))


def _balance(currency: str, added_up: Decimal, row: Fields) -> Balance:
    settled, live, pending = (Decimal(row.get(name, "0")) for name in ("settled", "live", "pending"))
    return Balance(currency, added_up, settled, live, pending)


def _notes(statement: Statement, balances: Iterable[Balance]) -> tuple[Note, ...]:
    notes = [_difference(one) for one in balances if not one.agrees]
    if not statement.is_complete:
        text = "The server can't list this customer's movements in full; the funded ones come from the grants."
        notes.append(Note("movements-not-listed", text))
    return tuple(notes)


def _difference(one: Balance) -> Note:
    ours, theirs = decimal_text(one.added_up), decimal_text(one.settled)
    text = (
        f"{one.currency}: the movements add up to {ours}, the server says {theirs}, which counts: it lists no movement "
        "when it gives credits back (for a deleted draft invoice, say)."
    )
    return Note("balance-differs", text)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
