"""Members of a crowd and their live rows: which are certainly equal, with all that belongs to them.

What else an equal member could matter for, and what is done about it:

* names of its own that others claim (`Kind.claims`): a row with undeclared ones is in doubt;
* a trait that something new shares (`core.changes.likeness`): carried along (`core.sieve.alike`);
* two live rows of a key, links in force at the same time, an unknown value, status or reference: in doubt;
* a reference to something that isn't declared, and so may be in doubt itself: in doubt;
* children that aren't declared: in doubt, unless they are over, of which nothing is said;
* an end, a start, a restart, a version by its number, add-ons, a state that only moves forward: in doubt, if declared;
* the owner's label, and the server's own: in doubt, unless ours;
* an id in a label of ours, which is a name where its row was read: the whole run goes without;
* a row that names something that would be deleted: the whole run goes without (`holds_others`), or, of parents, the
  member is carried along;
* numbers of owned entities, of parents read, of subscribers by version: these travel (`model.passed`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from billsync.core.declared.crowd import nested, with_key
from billsync.core.sieve.rows import Facts, Seen, Unsure
from billsync.model.address import Address
from billsync.model.kind import Kind
from billsync.model.passed import PassedLink
from billsync.model.value import Fields


class Members:
    """The rows that were read, in the order of their lists, and the members that are in doubt.

    `asked` are, by kind, the members of which all links were read, None for all; `rows` are the first ones by key,
    `parents` the keys by id, None for rows of nobody that is declared; `children` are the ids of rows in lists below
    members.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.listed: dict[str, list[Seen]] = {}
        self.asked: dict[str, Collection[str] | None] = {}
        self.rows: dict[str, Seen] = {}
        self.parents: dict[str, str | None] = {}
        self.children: set[str] = set()
        self.doubtful: set[str] = set()

    def add_roots(self, seen: Iterable[Seen]) -> None:
        """Keep the rows of members and of what isn't declared."""
        members = self.facts.crowd.members
        kept = self.listed.setdefault(self.facts.crowd.kind, [])
        for row in seen:
            if row.gone:
                continue
            kept.append(row)
            if row.id in self.parents:
                raise Unsure("an id twice")
            if row.key is None:
                raise Unsure("a row without a key")
            key = row.key if row.key in members else None
            self.parents[row.id] = key
            if key is None:
                continue
            if self.rows.setdefault(key, row) is not row or not row.equal:
                self.doubtful.add(key)
        self.doubtful |= members.keys() - self.rows.keys()

    def add_links(self, kind: Kind, seen: Iterable[Seen], asked: Collection[str] | None = None) -> None:
        """Keep the links of a kind; doubt members without exactly the declared one, besides those that are over.

        `asked` are the members of which all links were read; None for all.
        """
        self.asked[kind.name] = asked
        kept = self.listed.setdefault(kind.name, [])
        running: dict[str, int] = {}
        for row in seen:
            if row.gone:
                continue
            kept.append(row)
            if row.id in self.parents:
                raise Unsure("an id twice")
            if row.key is not None and not row.over:
                running[row.key] = running.get(row.key, 0) + 1
                if not row.equal:
                    self.doubtful.add(row.key)
        assert kind.parent is not None
        one, many = kind.parent.one, kind.parent.many
        members = self.facts.crowd.members
        for key in members if asked is None else members.keys() & {*asked, *(k for k, n in running.items() if n > 1)}:
            member = members[key]
            wanted = 1 if one in member else len(member.get(many) or ())
            if running.get(key, 0) != wanted or wanted > 1:
                self.doubtful.add(key)

    def unkept(self, kind: str) -> tuple[str, ...]:
        """The ids of members in doubt of which not all links were read or kept: they have to be read again."""
        members, doubtful = self.facts.crowd.members, self.doubtful
        keys = {
            row.key for row in self.listed[kind] if row.bytes is None and row.fields is None and row.key in doubtful
        }
        if (asked := self.asked.get(kind)) is not None:
            keys.update(doubtful.difference(asked))
        return tuple(sorted(self.rows[key].id for key in keys if key in members and key in self.rows))

    def left(self, kind: str) -> Iterator[Seen]:
        """The rows of a kind, without those of members that are certainly equal."""
        members, doubtful = self.facts.crowd.members, self.doubtful
        return (row for row in self.listed[kind] if row.key not in members or row.key in doubtful)

    def certain(self) -> Mapping[str, Seen]:
        """The rows of the members that are certainly equal, by key."""
        return {key: row for key, row in self.rows.items() if key not in self.doubtful}

    def passed(self, kind: Kind) -> PassedLinks:
        """The running links of a kind of certain members."""
        doubtful, rows, members = self.doubtful, self.rows, self.facts.crowd.members
        found = PassedLinks(kind)
        for row in self.listed.get(kind.name, ()):
            if row.equal and row.key is not None and row.key not in doubtful:
                (declared,) = nested(kind, members[row.key])
                found.add(row.id, rows[row.key].id, row.key, declared, row.made)
        return found

    def pinned(self) -> dict[Address, int]:
        """The number of running links of certain members, by the version that they are on."""
        versions: dict[int, Address] = {}
        counts: Counter[int] = Counter()
        doubtful = self.doubtful
        for rows in self.listed.values():
            for row in rows:
                if type(row.equal) is Address and row.key not in doubtful:
                    versions[id(row.equal)] = row.equal
                    counts[id(row.equal)] += 1
        found = Counter[Address]()
        for number, count in counts.items():
            found[versions[number]] += count
        return found


class PassedLinks:
    """Links of one kind; made into values whenever they are walked, as there may be very many. The crowd may be
    forgotten."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._ids: list[str] = []
        self._parents: list[str] = []
        self._keys: list[str] = []
        self._declared: list[Fields] = []
        self._made: list[object] = []

    def add(self, server_id: str, parent_id: str, key: str, declared: Fields, made: object) -> None:
        """Add a link with its id, its parent's, its parent's key, its declaration, and what was made of it."""
        self._ids.append(server_id)
        self._parents.append(parent_id)
        self._keys.append(key)
        self._declared.append(declared)
        self._made.append(made)

    def __iter__(self) -> Iterator[PassedLink]:
        kind = self._kind
        columns = self._ids, self._parents, self._keys, self._declared, self._made
        for server_id, parent_id, key, declared, made in zip(*columns, strict=True):
            fields = with_key(kind, declared)
            yield PassedLink(server_id, parent_id, (key, fields[kind.key]), fields, made)
