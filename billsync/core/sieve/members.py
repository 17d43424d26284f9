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
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import msgspec

from billsync.core.declared.crowd import nested, with_key
from billsync.core.observed.ownership import KEY
from billsync.core.sieve.form import Form
from billsync.core.sieve.joint import Exact
from billsync.core.sieve.lookalikes import Lookalikes, is_of_texts
from billsync.model.address import Address
from billsync.model.crowd import Crowd
from billsync.model.frozen import dataclass
from billsync.model.kind import Kind, State
from billsync.model.passed import PassedLink
from billsync.model.value import Fields, Plain


class Seen(msgspec.Struct, gc=False):
    """The part of a live row that is kept: its bytes, or its fields, on a page in doubt; neither of a link that may be
    left out.

    `key` is its own key; of a link, its parent's. `equal`: it certainly equals its declaration; of a link, the version
    that it pins. `over`: it has ended, so that nothing is said of it. `gone`: it is deleted, and in no list. `made` is
    what a run asked to be made of a link that is equal.
    """

    id: str
    key: str | None
    equal: bool | Address
    over: bool
    gone: bool
    bytes: bytes | None = None
    fields: Any = None
    made: Any = None


Make: TypeAlias = Callable[[Any], object | None]
"""Makes of the bytes of a link what a run needs of it; None where it has doubts, so that the link is in doubt."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts that comparisons of members need besides their kind's form.

    `owner` is ours; `names` are ids of what isn't in the crowd; `pinned` are the declared entities that chains may be
    pinned to, by kind and key; `ambiguous` are live versions that have several rows.
    """

    crowd: Crowd
    owner: str | None
    names: Mapping[str, Address]
    pinned: Mapping[tuple[str, str], Fields]
    ambiguous: frozenset[Address]


Naming: TypeAlias = Callable[[bytes | msgspec.Raw], bool]
"""Whether a row names something that goes."""


class Unsure(Exception):
    """Something in the live state makes the whole sieve unsure."""


def root_taker(form: Form, facts: Facts) -> Callable[[Any], Seen]:
    """Return a function that makes of the row of a member what is kept of it."""
    members, names, owner = facts.crowd.members, facts.names, facts.owner

    def take(row: Any) -> Seen:
        key = row.f_key
        want = members.get(key)
        equal = (
            want is not None
            and row.id not in names
            and form.equal(want, row, owner) is True
            and not form.claims_others(want, row)
        )
        return Seen(row.id, key, equal, False, bool(row.deleted_at), bytes(row.bytes))

    return take


def link_taker(
    form: Form, members: Members, going: Naming, make: Make | None = None, alike: Lookalikes | None = None
) -> Callable[[Any], Seen]:
    """Return a function that makes of a link of a chain what is kept of it; `going` tells whether it names something
    that goes. Equal ones become known to `alike`."""
    kind, facts, parents, doubtful = form.kind, members.facts, members.parents, members.doubtful

    def take(row: Any) -> Seen:
        parent = parents.get(row.parent)
        if parent is None or parent in doubtful or going(row.bytes):
            return Seen(row.id, parent, False, False, bool(row.deleted_at), bytes(row.bytes))
        if form.is_over(row):
            return Seen(row.id, parent, False, True, bool(row.deleted_at))
        equal = form.state(row) is State.CURRENT and row.id not in facts.names and _link(form, facts, parent, row)
        if equal and alike is not None and not row.deleted_at:
            alike.learn(nested(kind, facts.crowd.members[parent])[0], row, equal)
        made = make(row.bytes) if make is not None and equal else None
        if not equal or (make is not None and made is None):
            return Seen(row.id, parent, False, False, bool(row.deleted_at), bytes(row.bytes))
        return Seen(row.id, parent, equal, False, bool(row.deleted_at), made=made)

    def _link(form: Form, facts: Facts, parent: str, row: Any) -> Address | bool:
        wants = nested(kind, facts.crowd.members[parent])
        if len(wants) != 1:
            return False
        want = with_key(kind, wants[0])
        if (row.f_labels or {}).get(KEY) != want[kind.key] or not _inherits(form, want, row, facts):
            return False
        equal = form.equal(want, row, facts.owner)
        return equal if not facts.ambiguous or equal not in facts.ambiguous else False

    return take


def alike_link_taker(
    alike: Lookalikes, kind: Kind, members: Members, going: Naming, make: Make | None = None
) -> Callable[[msgspec.Raw], Seen | None]:
    """Return a function that makes what is kept of the bytes of a link that is certainly equal, as another one is that
    it looks like; None for any other."""
    facts, parents, doubtful = members.facts, members.parents, members.doubtful
    one = kind.parent.one if kind.parent is not None else ""

    def take(raw: msgspec.Raw) -> Seen | None:
        row = bytes(raw)
        known = alike.of(row)
        if known is None:
            return None
        own, parent_id = known.ids(row)
        parent = parents.get(parent_id)
        if parent is None or parent in doubtful or own in facts.names:
            return None
        want = facts.crowd.members[parent].get(one)
        equal = want is not None and is_of_texts(want) and known.equal(want, row)
        if not equal or going(row):
            return None
        made = make(row) if make is not None else None
        return Seen(own, parent, equal, False, False, made=made) if make is None or made is not None else None

    return take


def _inherits(form: Form, want: Fields, row: Any, facts: Facts) -> bool:
    """Whether fields that come from the pinned entity's declaration are as it says; other values are counted in a
    note, even if the chain itself declares them."""
    pins = form.kind.pins or ""
    pinned = facts.pinned.get((pins, want.get(pins, "")))
    if pinned is None:
        return False
    for name in form.kind.inherits:
        if (value := pinned.get(name)) is not None:
            get, alike = form.parts[name]
            if not alike(value, get(row)):
                return False
    return True


def plain_root(form: Form, row: Fields) -> Seen:
    """The part that is kept of the row of a member that isn't typed."""
    key = row.get(form.kind.key)
    return Seen(row["id"], key if isinstance(key, str) else None, False, False, bool(row.get("deleted_at")), fields=row)


def plain_link(row: Fields, parent: Plain, parents: Mapping[str, str | None]) -> Seen:
    """The part that is kept of a link that isn't typed; `parent` is the id that it shows."""
    return Seen(row["id"], parents.get(str(parent)), False, False, bool(row.get("deleted_at")), fields=row)


def odd_row(exact: Exact, keep: Callable[[Fields], Seen]) -> Callable[[bytes], Seen | None]:
    """Return a function that keeps a row that fits no type; None for one that may not even be a row, or be deleted."""

    def odd(raw: bytes) -> Seen | None:
        try:
            row = exact(raw)
        except ValueError:
            return None
        if not isinstance(row, dict) or not isinstance(row.get("id"), str) or row.get("deleted_at") is not None:
            return None
        return keep(row)

    return odd


def all_equal(form: Form, facts: Facts, wants: Iterable[Fields], rows: Iterable[Any], ids: Collection[str]) -> bool:
    """Whether the children of one member are certainly equal: each declared one is there once, and others are over."""
    by_key: dict[str, Any] = {}
    for row in rows:
        if row.deleted_at:
            continue
        if not row.f_key or row.f_key in by_key or row.id in facts.names or row.id in ids:
            return False
        by_key[row.f_key] = row
    for want in wants:
        row = by_key.pop(want[form.kind.key], None)
        if row is None or form.state(row) not in (State.CURRENT, State.OVER) or not form.equal(want, row, facts.owner):
            return False
    return all(map(form.is_over, by_key.values()))


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
