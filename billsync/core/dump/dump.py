"""Live state -> the document of a file that declares it. Anything that can't be declared or read becomes a loss."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field

from billsync.core.declared.check import problems
from billsync.core.dump.document import collections, count_of, placed, plain_fields
from billsync.core.dump.items import Item, Source, items_of
from billsync.core.dump.losses import Loss, loss_of
from billsync.core.observed.doubts import duplicates
from billsync.core.observed.hidden import hides_labels, labels_are_known
from billsync.core.observed.index import index
from billsync.core.observed.ownership import OWNER, is_servers_own, labels_of
from billsync.core.observed.refusals import UNKNOWN_VALUE
from billsync.core.observed.row_validation import shown, unknown_in
from billsync.kinds.registry import LATER_COLLECTIONS
from billsync.model.address import Address, symbols_in
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Kind, LabelPolicy, Path, Problem, Registry
from billsync.model.routes import Routes
from billsync.model.said import Quote, Said, Word, sentence
from billsync.model.shape import FieldEffect
from billsync.model.state import Row, Snapshot
from billsync.model.value import Fields

HEADER = "_info"
EVERY, UNREADABLE = "every", "unreadable"
OF_SEVERAL_OWNERS, OF_ANOTHER_OWNER = "owners", "owner"
OF_A_KIND = frozenset({EVERY, UNREADABLE})
"""The codes of losses of a whole kind."""


@dataclass(frozen=True, slots=True)
class Dump:
    """A document in the file's shape, with its losses: live facts that it doesn't carry. `comments` are the losses by
    place; `own` are entities of the server itself, which it may refer to and doesn't declare; `owners` are those of the
    entities, where there are several."""

    document: Fields
    losses: tuple[Loss, ...]
    comments: Mapping[Path, tuple[str, ...]]
    own: frozenset[Address] = frozenset()
    owners: Mapping[Address, str] = field(default_factory=dict)


def commented(
    document: Fields, losses: Iterable[Loss], registry: Registry, own: frozenset[Address] = frozenset()
) -> Dump:
    """The dump with this document and these losses; those of whole kinds are worked out anew."""
    found = (*(loss for loss in losses if loss.code not in OF_A_KIND), *_of_kinds(document, registry))
    return Dump(document, found, placed(found, document, registry), own)


def dump(snapshot: Snapshot, registry: Registry, routes: Mapping[str, Routes], *, beyond: Iterable[Loss] = ()) -> Dump:
    """Return a document whose diff with this live state is empty, and its losses.

    Left out, and reported as losses: entities that no file can declare (without a key, or with a reference to a deleted
    entity), entities that have ended, and versions that new subscribers don't get. `beyond` are losses found by other
    reads.
    """
    losses: list[Loss] = [*beyond]
    snapshot = _certain(snapshot, registry, routes, losses)
    source = Source(index(snapshot, registry, routes), registry, routes)
    whole = items_of(source, snapshot, losses)
    owner = _owner(snapshot, losses)
    losses.extend(losses_of_items(whole, registry, owner=owner))
    losses.extend(_not_fitting(whole, registry))
    header = {HEADER: {"owner": owner}} if owner else {}
    document = {**header, **_external(whole, registry), **collections(whole, registry)}
    found = commented(document, losses, registry, _servers_own(snapshot, source))
    return replace(found, owners=dict(_owners(whole))) if owner is None else found


def _owners(items: Iterable[Item]) -> Iterator[tuple[Address, str]]:
    """The owners of entities that have one."""
    for item in items:
        if (mark := labels_of(item.row.fields).get(OWNER)) is not None:
            yield item.address, str(mark)


def _servers_own(snapshot: Snapshot, source: Source) -> frozenset[Address]:
    """The entities that the server made for itself."""
    rows = (row for kind in snapshot.rows for row in snapshot.of(kind) if is_servers_own(row.fields))
    return frozenset(source.found.names[row.id].unversioned() for row in rows if row.id in source.found.names)


def _certain(snapshot: Snapshot, registry: Registry, routes: Mapping[str, Routes], losses: list[Loss]) -> Snapshot:
    """The live state without entities in doubt (core/observed/doubts.py), each of which is reported as a loss."""
    found = index(snapshot, registry, routes)
    twice = duplicates(found)
    for address, doubt in twice.items():
        reason = Quote(doubt.reason, doubt.code)
        losses.append(loss_of(doubt.code, "{it}: {reason}: left out", address, it=address, reason=reason))
    rows: dict[str, tuple[Row, ...]] = {}
    for name, members in snapshot.rows.items():
        single = [row for row in members if row.id not in found.names or found.names[row.id].unversioned() not in twice]
        rows[name] = tuple(row for row in single if not _is_unknown(registry.get(name), row, losses))
    return replace(snapshot, rows=rows)


def _is_unknown(kind: Kind | None, row: Row, losses: list[Loss]) -> bool:
    faults = unknown_in(kind, row.fields) if kind else ()
    if kind and faults:
        named = row.fields.get(kind.key) or row.fields.get("name") or row.id
        text = "{kind} {named}: the server shows {faults}, which this billsync doesn't know: left out"
        quote = Quote(shown(faults), "something")
        said = sentence(text, kind=Word(kind.name), named=str(named), faults=quote)
        losses.append(Loss(UNKNOWN_VALUE.code, said, kind=kind.name))
    return bool(faults)


def _of_kinds(document: Fields, registry: Registry) -> Iterator[Loss]:
    """Yield losses of a whole kind, such as fields that a chain inherits and no server shows."""
    dumped = {name: number for name in registry if (number := count_of(document, registry[name], registry))}
    for kind in registry.values():
        if kind.lost_by_all and kind.name in dumped:
            yield Loss(EVERY, Said(kind.lost_by_all), kind=kind.name, count=dumped[kind.name])
        for name in _unshown(registry[kind.pins], kind.inherits) if kind.pins in dumped else ():
            text = "{name} of a {pinned} can't be read: each {kind} says its own"
            said = sentence(text, name=Word(name), pinned=Word(str(kind.pins)), kind=Word(kind.name))
            yield Loss(UNREADABLE, said, field=name, kind=str(kind.pins), count=dumped[str(kind.pins)])


def _unshown(kind: Kind, names: Iterable[str]) -> Iterator[str]:
    """The fields of a kind that the server has no place for."""
    return (name for name in names if kind.record.fields[name].effect is FieldEffect.OURS)


def _owner(snapshot: Snapshot, losses: list[Loss]) -> str | None:
    rows = (row for kind in snapshot.rows for row in snapshot.of(kind))
    owners = sorted({str(labels_of(row.fields)[OWNER]) for row in rows if OWNER in labels_of(row.fields)})
    if len(owners) > 1:
        losses.append(
            loss_of("owners", "several owners are live ({owners}): the file names none", owners=tuple(owners))
        )
    return owners[0] if len(owners) == 1 else None


def losses_of_items(items: Iterable[Item], registry: Registry, *, owner: str | None) -> Iterator[Loss]:
    """Losses of single rows: values that files can't declare, by the kinds' tables, and marks of other owners."""
    for item in items:
        kind = registry[item.address.kind]
        for code, name, said in kind.lost(item.row.fields) if kind.lost else ():
            yield loss_of(code, "{it} {said}", item.address, name, it=item.address, said=said)
        yield from _other_mark(kind, item, owner)
        yield from _not_valid(kind, item)


def _not_valid(kind: Kind, item: Item) -> Iterator[Loss]:
    """Yield losses of live values that no file may have, made by other tools or accepted by an older server."""
    for problem in problems(kind, plain_fields(kind, item)):
        yield _refused(item.address, problem)


def _not_fitting(items: Sequence[Item], registry: Registry) -> Iterator[Loss]:
    """Yield losses of live values that no file may have beside those of other entities."""
    by_key = {(item.address.kind, item.address.key): item for item in items}

    def find(kind: str, key: str) -> Fields | None:
        found = by_key.get((kind, key))
        return None if found is None else plain_fields(registry[kind], found)

    for item in items:
        kind = registry[item.address.kind]
        fields = plain_fields(kind, item) if kind.cross else {}
        yield from (_refused(item.address, one) for rule in kind.cross for one in rule(item.address, fields, find))


def _refused(address: Address, problem: Problem) -> Loss:
    detail, field = Quote(problem.detail, problem.code), str(problem.path[0]) if problem.path else ""
    return loss_of(problem.code, "{it}: {detail}: a file with it is refused", address, field, it=address, detail=detail)


def _other_mark(kind: Kind, item: Item, owner: str | None) -> Iterator[Loss]:
    """Yield the loss of an entity without the owner's mark, or with another's: created again, it gets the owner's."""
    if kind.labels is LabelPolicy.NONE:
        return
    mark = labels_of(item.row.fields).get(OWNER)
    if hides_labels(kind) and not labels_are_known(item.row.fields):
        text = "the labels of {it} can't be read: the file has none of them, nor whose it is"
        yield loss_of("hidden-labels", text, item.address, "labels", it=item.address)
    elif mark is None and owner is not None:
        text = "{it} has no owner here: a sync that creates it again marks it as owned by {owner!r}"
        yield loss_of("owner", text, item.address, it=item.address, owner=owner)
    elif mark is not None and owner is None:
        text = "{it} is owned by {mark!r}: a sync that creates it again marks it as that sync's owner's"
        yield loss_of(OF_ANOTHER_OWNER, text, item.address, it=item.address, mark=str(mark))


def _external(items: Iterable[Item], registry: Registry) -> Fields:
    """Return references to entities that aren't declared: of another kind, or not declarable."""
    declared = {item.address for item in items}
    names = {name: collection for collection, name in LATER_COLLECTIONS.items()}
    names.update({kind.name: kind.collection for kind in registry.values()})
    found: dict[str, set[str]] = defaultdict(set)
    for item in items:
        for address in (*symbols_in(item.fields), *mentioned(item, registry[item.address.kind])):
            if address.unversioned() not in declared:
                found[names[address.kind]].add(address.key)
    return {"external": {name: sorted(keys) for name, keys in sorted(found.items())}} if found else {}


def mentioned(item: Item, kind: Kind) -> Iterator[Address]:
    """The entities that an item's texts name, as its kind's table says."""
    for _, name, key in kind.mentions(item.fields) if kind.mentions else ():
        yield Address(name, (key,))
