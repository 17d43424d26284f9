"""The live state by address: which entity each row is, and under which names its references are known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import UTC, datetime

from billsync.core.observed.ownership import labels_of
from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.kind import Archetype, Kind, Registry, State
from billsync.model.moment import parse_moment
from billsync.model.routes import Routes
from billsync.model.state import Row, Snapshot
from billsync.model.value import Fields, Plain


@dataclass(frozen=True, slots=True)
class Index:
    """Rows by address.

    `names` maps server ids to addresses; `records` holds one row an address, `versions` all versions of a key, oldest
    first, `chains` the rows of a chained kind by the parent that they belong to, oldest first, and `keyless` the rows
    by parent that have no key, so that no declaration can match them.
    """

    names: Mapping[str, Address] = field(default_factory=dict)
    records: Mapping[Address, Row] = field(default_factory=dict)
    versions: Mapping[Address, tuple[Row, ...]] = field(default_factory=dict)
    chains: Mapping[Address, tuple[Row, ...]] = field(default_factory=dict)
    keyless: Mapping[Address, tuple[Row, ...]] = field(default_factory=dict)


def index(snapshot: Snapshot, registry: Registry, routes: Mapping[str, Routes]) -> Index:
    """The snapshot by address, without rows whose parent wasn't read, as these have no address."""
    names = dict(_root_names(snapshot, registry))
    records: dict[Address, Row] = {}
    versions: dict[Address, list[Row]] = defaultdict(list)
    chains: dict[Address, list[Row]] = defaultdict(list)
    keyless: dict[Address, list[Row]] = defaultdict(list)
    for kind in registry.values():
        for row in snapshot.of(kind.name):
            match kind.archetype:
                case Archetype.VERSIONED:
                    versions[names[row.id].unversioned()].append(row)
                case Archetype.CHAINED:
                    if parent := names.get(parent_id(row, routes[kind.name]) or ""):
                        chains[parent].append(row)
                case Archetype.RECORD | Archetype.APPEND_ONLY:
                    if address := _address(kind, row, names, routes[kind.name]):
                        records[address] = row
                        names[row.id] = address
                    elif parent := names.get(parent_id(row, routes[kind.name]) or ""):
                        keyless[parent].append(row)
    return Index(
        names,
        records,
        {address: tuple(sorted(rows, key=version_of)) for address, rows in versions.items()},
        {address: in_order(registry[rows[0].kind], rows) for address, rows in chains.items()},
        {address: tuple(rows) for address, rows in keyless.items()},
    )


def _root_names(snapshot: Snapshot, registry: Registry) -> Iterable[tuple[str, Address]]:
    """Ids of everything that has a key of its own; also of kinds that are only referred to."""
    for name, rows in snapshot.rows.items():
        kind = registry.get(name)
        if kind is not None and kind.parent is not None:
            continue
        versioned = kind is not None and kind.archetype is Archetype.VERSIONED
        for row in rows:
            key = str(row.fields.get(kind.key if kind else "key") or "")
            yield row.id, Address(name, (key,), version_of(row) if versioned else None)


def _address(kind: Kind, row: Row, names: Mapping[str, Address], routes: Routes) -> Address | None:
    key = row.fields.get(kind.key)
    if kind.parent is None:
        return Address(kind.name, (str(key),))
    parent = names.get(parent_id(row, routes) or "")
    return Address(kind.name, (*parent.names, str(key))) if parent and key else None


def parent_id(row: Row, routes: Routes) -> str | None:
    """The id of the row's parent: from its path, or from the field that its list filters by."""
    if row.parent_id is not None:
        return row.parent_id
    name = routes.parent_filter
    return str(row.fields[name]) if name is not None and name in row.fields else None


def version_of(row: Row) -> int:
    """A row's version number; 0 where it shows none, about which there is a doubt (core/observed/doubts.py)."""
    version = row.fields.get("version")
    return version if isinstance(version, int) and is_version(version) else 0


def is_version(value: Plain) -> bool:
    """Whether a value is a version number."""
    return isinstance(value, int) and not isinstance(value, bool)


def in_order(kind: Kind, rows: Iterable[Row]) -> tuple[Row, ...]:
    """Links of chains, oldest first: by their start, and never before the link that they follow by the server's label.

    Konnect shows no start (customer-facts.md §5.2): there the states decide (ended, in force, to come), then the
    creation. Ids come last, as they are random within a millisecond. Where only they decide between two running
    links of a chain, there is a doubt (core/observed/doubts.py); the order of ended links decides nothing.
    """
    several = tuple(rows)
    if len(several) < 2:
        return several
    waiting = {row.id: row for row in sorted(several, key=lambda row: _place(kind, row))}
    found: list[Row] = []
    for name in tuple(waiting):
        found.extend(reversed(_with_earlier(kind, waiting, name)))
    return tuple(found)


def _with_earlier(kind: Kind, waiting: dict[str, Row], first: str) -> list[Row]:
    """Take out a link, if it is still there, and all that it follows, latest first."""
    taken: list[Row] = []
    name: Plain = first
    while isinstance(name, str) and (row := waiting.pop(name, None)) is not None:
        taken.append(row)
        name = labels_of(row.fields).get(kind.predecessor or "")
    return taken


_AGES = {State.OVER: 0, State.TAKEN_BACK: 0, State.COMING: 2}
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def _place(kind: Kind, row: Row) -> tuple[datetime, int, datetime, str]:
    start, created = (parse_moment(str(row.fields.get(name))) for name in ("active_from", "created_at"))
    if start is not None:
        return (start, 0, _LONG_AGO, row.id)
    state = state_of(kind, row.fields)
    return (_LONG_AGO, _AGES.get(state, 1) if state else 1, created or _LONG_AGO, row.id)


def status_of(kind: Kind, row: Fields) -> str:
    """The row's lifecycle status, empty for kinds without one."""
    return str(row.get(kind.status, "")) if kind.status else ""


def state_of(kind: Kind, row: Fields) -> State | None:
    """Return the meaning of the row's status; None for kinds without one, and for an unknown status."""
    return kind.statuses.get(status_of(kind, row))


def is_over(kind: Kind, row: Fields) -> bool:
    """Whether an entity has ended for good. One in a status that billsync doesn't know has not: it may be money."""
    return state_of(kind, row) in (State.OVER, State.TAKEN_BACK)
