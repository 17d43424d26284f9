"""Desired state (from files) and live state (from a server), before they are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import TypeAlias

from billsync.model.address import Address
from billsync.model.crowd import Crowd
from billsync.model.diagnostic import Position
from billsync.model.duration import Duration
from billsync.model.frozen import dataclass
from billsync.model.globs import Patterns
from billsync.model.kind import Named, Path
from billsync.model.passed import Passed
from billsync.model.policy import Policy, PricePolicy
from billsync.model.selection import Selection
from billsync.model.source import Source
from billsync.model.transition import Transition
from billsync.model.value import Fields


@dataclass(frozen=True, slots=True)
class Entity:
    """One declared entity.

    `fields` are as declared, after the library and the defaults: references are keys, numbers Decimal or text.
    `places` holds the position of each path that the files name; what came from a default has its own place.
    `sources` says, by path, which values came from `!env` or `!file`.
    """

    address: Address
    fields: Fields
    position: Position
    places: Mapping[Path, Position] = field(default_factory=dict)
    sources: Mapping[Path, Source] = field(default_factory=dict)

    def place(self, path: Path) -> Position:
        """Return the position of the path in the files, or of the nearest field around it."""
        for length in range(len(path), -1, -1):
            if found := self.places.get(path[:length]):
                return found
        return self.position


@dataclass(frozen=True, slots=True)
class IntendedTarget:
    """The server that the files are for; None for what they leave open.

    `has_several_chains` says whether one parent may have several running chains there, which no server tells.
    """

    dialect: str | None = None
    region: str | None = None
    org: str | None = None
    position: Position | None = None
    has_several_chains: bool | None = None

    @property
    def facts(self) -> Mapping[str, str]:
        """Return the parts that are given, by name."""
        found = {"dialect": self.dialect, "region": self.region, "org": self.org}
        return {name: value for name, value in found.items() if value is not None}


Moved: TypeAlias = Mapping[Address, tuple[Address, ...]]
"""By the address that an entity has now, those that it had before its key was renamed, the latest first.

What belongs to others stands here under the present key of what it belongs to.
"""


@dataclass(frozen=True, slots=True)
class Desired:
    """The state that the files declare. `named` are the kinds whose collection is in a file, even as an empty list.

    `prices` are rules that new prices must keep; `target` is the server that the files are for; `moved` are keys
    that were renamed; `forgotten` are entities that are no longer declared and stay as they are;
    `transitions` are rules for when chains change, the first that covers a change decides; `notice` is the time that
    customers are given before many are moved at once; `policy` limits what runs may do; `selection` is the part that a
    run is about; `sourced` are the texts of all sources that values come from; `besides` are the
    parts of the files that are no entities, as they are written, by name. `crowd` are declared entities that are not
    among `entities`, for commands that ask for them in that form; `passed` counts declared entities that are left out,
    as they are certainly equal.
    """

    owner: str | None = None
    entities: tuple[Entity, ...] = ()
    external: Patterns = field(default_factory=Patterns)
    adopted: Patterns = field(default_factory=Patterns)
    named: frozenset[str] = frozenset()
    prices: tuple[PricePolicy, ...] = ()
    target: IntendedTarget = IntendedTarget()
    moved: Moved = field(default_factory=dict)
    forgotten: frozenset[Address] = frozenset()
    transitions: tuple[Transition, ...] = ()
    notice: Duration | None = None
    policy: Policy = field(default_factory=Policy)
    selection: Selection = field(default_factory=Selection)
    sourced: Mapping[Source, str] = field(default_factory=dict, repr=False)
    besides: Fields = field(default_factory=dict, repr=False, compare=False)
    crowd: Crowd = field(default_factory=Crowd, repr=False)
    passed: Passed = field(default_factory=Passed, repr=False)


@dataclass(frozen=True, slots=True)
class Row:
    """One live entity as the server shows it. `parent_id` is the id in its path, for kinds that nest."""

    kind: str
    id: str
    fields: Fields
    parent_id: str | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """One list that has to be read. `parent_id` fills the path's parent; `query` are filters, never empty ones.

    `count_only` asks for the number of matches alone (one row is fetched); `part` names a list of one row of the kind,
    the one with the id `parent_id`.
    """

    kind: str
    query: tuple[tuple[str, str], ...] = ()
    parent_id: str | None = None
    count_only: bool = False
    part: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that was read: rows by kind, counts and parts of rows by read, and documents (a balance, say) by path.

    `unread` says, by kind, why the labels that its rows hide could not be read. `holds` says, by the id of a row that
    is to be deleted, what the server keeps of it besides rows of any kind, in words. `absent` are kinds whose list this
    server doesn't have. `named` are names of what no file declares, as far as they were asked for.
    """

    rows: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)
    counts: Mapping[Read, int] = field(default_factory=dict)
    documents: Mapping[str, Fields] = field(default_factory=dict)
    read_at: datetime | None = None
    parts: Mapping[Read, tuple[Fields, ...]] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    holds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    named: Named = field(default_factory=dict)

    def of(self, kind: str) -> tuple[Row, ...]:
        """The live rows of a kind, in the order in which they were read."""
        return self.rows.get(kind, ())

    def with_(self, other: Snapshot) -> Snapshot:
        """Both together; rows of a kind that both have are joined, each id once."""
        rows = dict(self.rows)
        for kind, more in other.rows.items():
            known = {row.id for row in rows.get(kind, ())}
            rows[kind] = rows.get(kind, ()) + tuple(row for row in more if row.id not in known)
        return Snapshot(
            rows,
            {**self.counts, **other.counts},
            {**self.documents, **other.documents},
            other.read_at or self.read_at,
            {**self.parts, **other.parts},
            {**self.unread, **other.unread},
            {**self.holds, **other.holds},
            self.absent | other.absent,
            {**self.named, **other.named},
        )
