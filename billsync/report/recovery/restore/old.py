"""The organization of a recovery snapshot: its rows by address, with what each would be in a file."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from datetime import datetime

from billsync.core.dump.document import plain_fields
from billsync.core.dump.items import Item, Source
from billsync.core.observed.index import index, parent_id
from billsync.core.observed.ownership import KEY, OWNER, labels_of
from billsync.core.views.view import UNKNOWN
from billsync.model.address import Address, symbols_in
from billsync.model.diagnostic import Position
from billsync.model.frozen import dataclass
from billsync.model.kind import Archetype, Registry
from billsync.model.moment import parse_moment
from billsync.model.recovery import Accounted, Fate, Recovery
from billsync.model.routes import Routes
from billsync.model.state import Entity, Row
from billsync.model.value import Fields
from billsync.report.recovery.facts.unshown_times import with_times

PLACE = Position("snapshot", 1, 1)
"""The place of everything that a snapshot declares; no message shows it."""


@dataclass(frozen=True, slots=True)
class Old:
    """A recovery snapshot, indexed with the tables of the server that it is restored to.

    `guessed` are the ids of subscriptions whose server shows no times: theirs are what their creation suggests. `held`
    are the ids of customers of whom nothing comes back yet; `lacking` are currencies that can't be had.
    """

    recovery: Recovery
    source: Source
    guessed: frozenset[str] = frozenset()
    held: Container[str] = frozenset()
    lacking: frozenset[str] = frozenset()

    @property
    def registry(self) -> Registry:
        """The kinds."""
        return self.source.registry

    def customer_of(self, row: Row) -> Address | None:
        """The address of the customer with whom a row comes back; None where that one doesn't."""
        customer = parent_id(row, self.source.routes[row.kind]) or ""
        return None if customer in self.held else self.source.found.names.get(customer)

    def _parent_of(self, row: Row) -> Address | None:
        return self.source.found.names.get(parent_id(row, self.source.routes[row.kind]) or "")

    def named(self, row: Row) -> str:
        """The row's name in a sentence."""
        address = self.source.found.names.get(row.id) or self._chain(row)
        key = row.fields.get("key") or row.fields.get("name") or row.id
        return address.text if address else f"{row.kind} {key}"

    def _chain(self, row: Row) -> Address | None:
        kind = self.registry[row.kind]
        parent = self._parent_of(row) if kind.archetype is Archetype.CHAINED else None
        key = str(labels_of(row.fields).get(KEY, kind.default_key))
        return Address(kind.name, (*parent.names, key)) if parent else None

    def entity(self, address: Address, row: Row, changed: Fields | None = None) -> Entity:
        """The row as a declared entity, with some fields set, or taken out where they are None."""
        kind = self.registry[row.kind]
        whole = {**plain_fields(kind, Item(address, self.source.view(row), row)), **(changed or {})}
        return Entity(address, {name: value for name, value in whole.items() if value is not None}, PLACE)

    def refers_to_gone(self, row: Row) -> bool:
        """Whether a row refers to something that isn't in the snapshot, or to a currency that can't be had."""
        if self.lacking and not self.lacking.isdisjoint(currencies_of(row.fields)):
            return True
        return any(one.key.startswith(UNKNOWN) for one in symbols_in(self.source.view(row)))

    def fated(
        self, row: Row, fate: Fate, code: str = "", how: str = "", money: Mapping[str, object] | None = None
    ) -> Accounted:
        """The fate of a row."""
        customer = self.source.found.names.get(row.id) if row.kind == "customer" else None
        if row.kind != "customer" and self.registry[row.kind].parent is not None:
            customer = self._parent_of(row)
        name = customer.key if customer else None
        return Accounted(row.kind, row.id, self.named(row), fate, code, how, name, money or {})  # type: ignore[arg-type]


def currencies_of(fields: Fields) -> Iterator[str]:
    """The currencies of a plan or an add-on, and of its cards."""
    phases = (fields, *(fields.get("phases") or ()))
    for one in (fields, *(card for phase in phases for card in phase.get("rate_cards") or ())):
        if isinstance(code := one.get("currency"), str):
            yield code


def old(
    recovery: Recovery,
    registry: Registry,
    routes: Mapping[str, Routes],
    held: Container[str] = frozenset(),
    lacking: frozenset[str] = frozenset(),
) -> Old:
    """The organization of a snapshot; of the customers that are `held`, nothing comes back."""
    recovery, guessed = with_times(recovery, registry["subscription"])
    return Old(recovery, Source(index(recovery.live, registry, routes), registry, routes), guessed, held, lacking)


def owner_of(row: Row) -> str | None:
    """The owner that a row's label names."""
    found = labels_of(row.fields).get(OWNER)
    return str(found) if found is not None else None


def moment(fields: Fields, name: str) -> datetime | None:
    """A time in a row; None where it has none."""
    value = fields.get(name)
    return parse_moment(value) if isinstance(value, str) else None
