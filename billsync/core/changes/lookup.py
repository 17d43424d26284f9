"""Look-ups of one entity on the server by its address, and the choice of its row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from billsync.core.changes.chains import head_of
from billsync.core.observed.doubts import Doubt, doubt_among
from billsync.core.observed.index import in_order, is_over, version_of
from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.kind import Archetype, Registry
from billsync.model.routes import ListQuery, Routes
from billsync.model.state import Row
from billsync.model.value import Fields


@dataclass(frozen=True, slots=True)
class Lookup:
    """A list to read: `{parent}` in the path or in a filter's value is the parent's id, if `parent` is given."""

    path: str
    query: tuple[tuple[str, str], ...]
    listing: ListQuery
    parent: Address | None = None


def lookup(address: Address, registry: Registry, routes: Mapping[str, Routes]) -> Lookup:
    """Return the list query for an entity. Lists are filtered by key where the API can, and always checked again."""
    route = routes[address.kind]
    kind = registry.get(address.kind)
    parent = Address(kind.parent.kind, address.parents) if kind and kind.parent else None
    if route.parent_filter is not None:
        return Lookup(route.collection, ((f"filter[{route.parent_filter}]", "{parent}"),), route.listing, parent)
    if route.key_filter is None:
        return Lookup(route.collection, (), route.listing, parent)
    return Lookup(route.collection, ((f"filter[{route.key_filter}][eq]", address.key),), route.listing, parent)


def choose(
    address: Address, rows: Sequence[Fields], registry: Registry, routes: Routes, *, parent_id: str
) -> Fields | None:
    """The entity among the rows of its look-up; None where it isn't there.

    A deleted row is never it (catalog-facts.md §1.7), nor one with another key or parent, whatever the filter did.
    """
    kind = registry.get(address.kind)
    live = _live(rows, routes, parent_id)
    if kind is not None and kind.archetype is Archetype.CHAINED:
        links = in_order(kind, (Row(kind.name, str(row["id"]), row) for row in live))
        head = head_of(kind, tuple(links), address.key)
        return head.fields if head and not is_over(kind, head.fields) else None
    same = [row for row in live if row.get(kind.key if kind else "key") == address.key]
    if address.version is not None:
        same = [row for row in same if _version(row) >= address.version]
        return min(same, key=_version, default=None)
    return same[0] if same else None


def doubt_about(
    address: Address, rows: Sequence[Fields], chosen: Fields, registry: Registry, routes: Routes, *, parent_id: str
) -> Doubt | None:
    """Return the reason why the row that `choose` found can't be taken for the entity; None if it can."""
    kind = registry.get(address.kind)
    if kind is None:
        return None
    live = [Row(kind.name, str(row["id"]), row) for row in _live(rows, routes, parent_id)]
    return doubt_among(kind, live, Row(kind.name, str(chosen["id"]), chosen), address.key)


def _live(rows: Sequence[Fields], routes: Routes, parent_id: str) -> list[Fields]:
    mine = routes.parent_filter
    return [row for row in rows if not row.get("deleted_at") and (mine is None or row.get(mine) == parent_id)]


def _version(row: Fields) -> int:
    return version_of(Row("", "", row))
