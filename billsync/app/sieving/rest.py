"""The rest of a sieving: both sides without the members that are certainly equal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from billsync.app.sieving.sieve import Known, Sieve, indexed
from billsync.core.changes import read_set
from billsync.core.declared.crowd import children_of, members_as_entities
from billsync.core.observed.ownership import labels_of
from billsync.core.sieve.alike import sharing, traits_of_new
from billsync.core.sieve.members import Members
from billsync.core.sieve.rows import Unsure
from billsync.kinds.registry import KINDS
from billsync.live.lists.door import check_rows
from billsync.live.protocol.encoding import decode
from billsync.live.snapshot import PARENT, snapshot
from billsync.model.crowd import Crowd
from billsync.model.frozen import replace
from billsync.model.labels import OURS
from billsync.model.passed import Passed
from billsync.model.state import Desired, Read, Row, Snapshot


def remainder(sieve: Sieve, members: Members, known: dict[Read, tuple[Row, ...]]) -> tuple[Known, Desired]:
    """Both sides without the members that are certainly equal, and that nothing of the rest depends on.

    Raises Unsure, RemoteError.
    """
    found, left = _without(sieve, members, known)
    if more := _sharing_with_new(sieve, members, found, left):
        members.doubtful |= more
        found, left = _without(sieve, members, known)
    if any(_names_members(row, members) for rows in found.values() for row in rows):
        raise Unsure("a label of ours with the id of a member, or of what belongs to it")
    return found, left


def _sharing_with_new(sieve: Sieve, members: Members, found: Known, left: Desired) -> frozenset[str]:
    """The members that are certainly equal, and share a trait with something new."""
    certain = members.certain()
    if not certain:
        return frozenset()
    rows = Snapshot({**sieve.catalog.rows, **_by_kind(found)})
    new = traits_of_new(left, indexed(sieve.connection, rows, left), KINDS, sieve.crowd.kind)
    return sharing(sieve.forms[sieve.crowd.kind], certain, new)


def _without(sieve: Sieve, members: Members, known: Known) -> tuple[Known, Desired]:
    """Both sides without the members that are certainly equal."""
    crowd, doubtful = sieve.crowd, members.doubtful
    lists = {Read(kind): _left_of(sieve, members, kind) for kind in members.listed}
    keys = [key for key in crowd.members if key in doubtful]
    made = members_as_entities(crowd, keys, KINDS)
    entities = sorted((*sieve.rest.entities, *made), key=lambda entity: entity.address.order)
    whole, part = sieve.rest.passed, passed_by(crowd, keys)
    declared = _less(whole.declared, part.declared)
    owned = {crowd.kind: declared.get(crowd.kind, 0)} if sieve.rest.owner is not None else {}
    passed = Passed(declared, owned, _less(whole.holders, part.holders), members.pinned())
    return {**known, **lists}, replace(sieve.rest, entities=tuple(entities), passed=passed)


def _left_of(sieve: Sieve, members: Members, kind: str) -> tuple[Row, ...]:
    """The rows of a kind without those of members that are certainly equal. Links that weren't kept are read again.

    Raises Unsure where a row of the list isn't among those of its parent.
    """
    field, again = sieve.connection.routes[kind].parent_filter, members.unkept(kind)
    reads = tuple(read_set.belonging_each(kind, field, again)) if field else ()
    found = snapshot(sieve.connection.source, reads).of(kind) if reads else ()
    keys = {members.parents[parent] for parent in again}
    if not {row.id for row in members.listed[kind] if row.key in keys} <= {row.id for row in found}:
        raise Unsure("a link that isn't found by its parent")
    kept = (row for row in members.left(kind) if row.key is None or row.key not in keys)
    return (*full_rows(sieve, kind, kept), *found)


def _names_members(row: Row, members: Members) -> bool:
    """Whether a label of ours holds an id that is a name only while its row is there."""
    values = (value for name, value in labels_of(row.fields).items() if name.startswith(OURS))
    return any(isinstance(value, str) and (value in members.parents or value in members.children) for value in values)


def _by_kind(known: Known) -> Mapping[str, tuple[Row, ...]]:
    rows: dict[str, tuple[Row, ...]] = {}
    for read, several in known.items():
        rows[read.kind] = rows.get(read.kind, ()) + several
    return rows


def full_rows(sieve: Sieve, kind: str, rows: Iterable[Any], parent: str | None = None) -> tuple[Row, ...]:
    """The rows as all other code reads them. Raises RemoteError for one that isn't as the API promises."""
    found = tuple(
        Row(kind, row.id, row.fields if row.bytes is None else decode(bytes(row.bytes)), parent) for row in rows
    )
    path = sieve.connection.routes[kind].collection.replace(PARENT, parent or "")
    check_rows(path, (row.fields for row in found))
    return found


def passed_by(crowd: Crowd, keys: Iterable[str]) -> Passed:
    """The counts of these members."""
    declared, holders = Counter[str](), Counter[str]()
    parents = [(child.name, child.parent) for child in children_of(crowd.kind, KINDS) if child.parent is not None]
    members = crowd.members
    for key in keys:
        member = members[key]
        declared[crowd.kind] += 1
        for name, parent in parents:
            if count := (parent.one in member) or len(member.get(parent.many) or ()):
                declared[name] += count
                holders[name] += 1
    return Passed(declared, holders=holders)


def _less(whole: Mapping[str, int], part: Mapping[str, int]) -> Mapping[str, int]:
    return {name: left for name, count in whole.items() if (left := count - part.get(name, 0))}
