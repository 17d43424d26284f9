"""One row dumped by the full code, by itself."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.core.dump.document import plain_fields
from billsync.core.dump.dump import losses_of_items, mentioned
from billsync.core.dump.items import Item, Source, items_of_kind, refers_to_gone
from billsync.core.dump.losses import Loss
from billsync.core.observed.index import Index
from billsync.core.observed.ownership import OWNER, labels_of
from billsync.core.observed.row_validation import unknown_in
from billsync.model.address import Address, symbols_in
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Archetype, Kind
from billsync.model.state import Row, Snapshot
from billsync.model.value import Plain

PARENT = "?"
"""The key of a parent that isn't looked at."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A row's fields as a file has them, or None where a file says nothing of the row and nothing is lost by that.

    `owner` is the label of the row's owner, and `refers` are the entities that the fields name.
    """

    fields: Mapping[str, Plain] | None
    owner: str | None
    refers: frozenset[Address]


def sampled(source: Source, kind: Kind, row: Row) -> Sample | None:
    """The row alone, with what `source` has; None if anything is lost with it, or in doubt."""
    if unknown_in(kind, row.fields):
        return None
    losses: list[Loss] = []
    alone = replace(source, found=_indexed(source.found, kind, row))
    items = tuple(items_of_kind(alone, kind, Snapshot({kind.name: (row,)}), losses))
    mark = labels_of(row.fields).get(OWNER)
    owner = None if mark is None else str(mark)
    losses.extend(losses_of_items(items, source.registry, owner=owner))
    if losses or len(items) > 1 or any(refers_to_gone(item) for item in items):
        return None
    if not items:
        return Sample(None, owner, frozenset())
    return Sample(plain_fields(kind, items[0]), owner, _refers(items[0], kind))


def _refers(item: Item, kind: Kind) -> frozenset[Address]:
    return frozenset(address.unversioned() for address in (*symbols_in(item.fields), *mentioned(item, kind)))


def _indexed(found: Index, kind: Kind, row: Row) -> Index:
    """The index with this row, below a parent that nobody knows."""
    key = str(row.fields.get(kind.key) or "")
    parents = (PARENT,) if kind.parent else ()
    if kind.archetype is Archetype.CHAINED and kind.parent:
        return replace(found, chains={Address(kind.parent.kind, parents): (row,)})
    if not key:
        return replace(found, keyless={})
    address = Address(kind.name, (*parents, key))
    return replace(found, names={**found.names, row.id: address}, records={address: row})
