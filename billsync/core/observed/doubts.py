"""Doubts: live entities whose state is unclear, as unknown is never absent (design.md §4).

Either two live rows have the same key, or a row holds a value that billsync doesn't know. Such an entity, and anything
that needs it, is never written to; decisions about all other entities stay the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import combinations, pairwise

from billsync.core.observed.index import Index, in_order, is_over, state_of
from billsync.core.observed.ownership import KEY, labels_of
from billsync.core.observed.refusals import DUPLICATE_ROWS, UNKNOWN_VALUE, Refusal
from billsync.core.observed.row_validation import shown, unknown_in
from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.kind import Archetype, Kind, Registry, State
from billsync.model.moment import parse_moment
from billsync.model.state import Row


@dataclass(frozen=True, slots=True)
class Doubt:
    """The reason why an entity's state is unclear, and what to do."""

    code: str
    reason: str
    hint: str


def _doubt(refusal: Refusal, **values: object) -> Doubt:
    return Doubt(refusal.code, *refusal.texts(**values))


Doubts = Mapping[Address, Doubt]
"""By address, without versions."""


def doubts(found: Index, registry: Registry, declared: Iterable[Address]) -> Doubts:
    """All doubts about live entities. `declared` are the addresses to which a chain without a label may belong."""
    return {
        **_unknown_chains(found, registry, declared),
        **dict(_unknown_records(found, registry)),
        **dict(_unknown_versions(found, registry)),
        **duplicates(found),
    }


def doubt_among(kind: Kind, rows: Sequence[Row], chosen: Row, key: str) -> Doubt | None:
    """The doubt about one entity, or None:

    `rows` are all rows found for it, and `chosen` is the row that was selected. For a chained kind, `rows` are all
    links of the same parent.
    """
    if kind.archetype is Archetype.CHAINED:
        return _chain(kind, rows, key)
    twins = [row for row in rows if row.fields.get(kind.key) == key and _version(row) == _version(chosen)]
    return _same(twins) or _unknown(kind, (chosen,))


def _version(row: Row) -> object:
    return row.fields.get("version")


def duplicates(found: Index) -> Doubts:
    """The doubts about addresses under which more than one row is live."""
    ids: dict[Address, list[str]] = defaultdict(list)
    for server_id, address in found.names.items():
        ids[address].append(server_id)
    return {address.unversioned(): _twice(several) for address, several in ids.items() if len(several) > 1}


def _same(rows: Sequence[Row]) -> Doubt | None:
    ids = {row.id for row in rows}
    return _twice(ids) if len(ids) > 1 else None


def _twice(ids: Iterable[str]) -> Doubt:
    """Return the doubt about several rows of one entity, naming their ids, which alone tell them apart."""
    return _doubt(DUPLICATE_ROWS, ids=" and ".join(sorted(ids)))


def _unknown_records(found: Index, registry: Registry) -> Iterator[tuple[Address, Doubt]]:
    for address, row in found.records.items():
        if doubt := _unknown(registry[address.kind], (row,)):
            yield address, doubt


def _unknown_versions(found: Index, registry: Registry) -> Iterator[tuple[Address, Doubt]]:
    for address, rows in found.versions.items():
        if doubt := _unknown(registry[address.kind], rows):
            yield address, doubt


def _unknown(kind: Kind, rows: Iterable[Row]) -> Doubt | None:
    faults = [fault for row in rows for fault in unknown_in(kind, row.fields)]
    if not faults:
        return None
    return _doubt(UNKNOWN_VALUE, values=shown(faults))


def _unknown_chains(found: Index, registry: Registry, declared: Iterable[Address]) -> Doubts:
    """Doubts about chains, by every key that a link names or that a link without a label may be taken for."""
    by_parent: dict[Address, set[str]] = defaultdict(set)
    kinds = {kind.name: kind for kind in registry.values() if kind.archetype is Archetype.CHAINED}
    for address in declared:
        if (kind := kinds.get(address.kind)) is not None and kind.parent is not None:
            by_parent[Address(kind.parent.kind, address.parents)].add(address.key)
    doubted: dict[Address, Doubt] = {}
    for parent, rows in found.chains.items():
        for kind in kinds.values():
            links = [row for row in rows if row.kind == kind.name]
            labelled = {str(labels_of(row.fields)[KEY]) for row in links if KEY in labels_of(row.fields)}
            for key in sorted(labelled | by_parent[parent]):
                if links and (doubt := _chain(kind, links, key)):
                    doubted[Address(kind.name, (*parent.names, key))] = doubt
    return doubted


def _chain(kind: Kind, rows: Sequence[Row], key: str) -> Doubt | None:
    """The doubt about the links that may belong to a chain: links with its label, or unlabelled ones while no link with
    its label is running."""
    own = [row for row in rows if labels_of(row.fields).get(KEY) == key]
    running = [row for row in own if not is_over(kind, row.fields)]
    unlabelled = [row for row in rows if KEY not in labels_of(row.fields) and not is_over(kind, row.fields)]
    return _unknown(kind, own if running else (*own, *unlabelled)) or _same(_at_once(kind, running or unlabelled))


def several_at_once(registry: Registry, rows: Sequence[Row]) -> bool:
    """Whether two links of different chains of one parent are in force at the same time."""
    running = [row for row in rows if not is_over(registry[row.kind], row.fields)]
    return any(
        labels_of(one.fields).get(KEY) != labels_of(other.fields).get(KEY)
        for one, other in combinations(running, 2)
        if one.kind == other.kind and _at_once(registry[one.kind], (one, other))
    )


def _at_once(kind: Kind, rows: Sequence[Row]) -> tuple[Row, ...]:
    """The first two links that are in force at the same time; in a chain each begins when the one before it ends."""
    for earlier, later in pairwise(in_order(kind, rows)):
        if not _follows(kind, earlier, later):
            return (earlier, later)
    return ()


def _follows(kind: Kind, earlier: Row, later: Row) -> bool:
    """Whether a link begins no sooner than another ends. A server that shows no times shows by their states whether
    one ends and the other is to come."""
    if later.fields.get("active_from") is None:
        states = (state_of(kind, earlier.fields), state_of(kind, later.fields))
        return states == (State.ENDING, State.COMING)
    return earlier.fields.get("active_to") is not None and _time(earlier, "active_to") <= _time(later, "active_from")


def _time(row: Row, name: str) -> datetime:
    return parse_moment(str(row.fields.get(name))) or datetime.min.replace(tzinfo=UTC)
