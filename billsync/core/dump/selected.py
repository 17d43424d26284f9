"""A part of a dump: the entities that patterns choose, and what they need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Set

from billsync.core.declared.references import finder, referred_by
from billsync.core.declared.selecting import Chosen, needed_by
from billsync.core.dump.document import nested_fields
from billsync.core.dump.dump import HEADER, OF_ANOTHER_OWNER, OF_SEVERAL_OWNERS, Dump, commented
from billsync.core.dump.losses import Loss
from billsync.kinds.registry import LATER_COLLECTIONS
from billsync.model.address import Address
from billsync.model.diagnostic import Position
from billsync.model.frozen import replace
from billsync.model.kind import Kind, Registry
from billsync.model.selection import Selection
from billsync.model.state import Entity
from billsync.model.value import Fields, Plain

EXTERNAL = "external"
_NOWHERE = Position("-", 1, 1)


def entities_in(document: Fields, registry: Registry) -> Iterator[Entity]:
    """The entities of a document, those that are nested in others after these."""
    for kind in registry.values():
        if kind.parent is None:
            inner = [child for child in registry.values() if child.parent and child.parent.kind == kind.name]
            for entry in document.get(kind.collection, ()):
                yield from _entities(entry, kind, inner)


def _entities(entry: Fields, kind: Kind, inner: Iterable[Kind]) -> Iterator[Entity]:
    key, fields = str(entry[kind.key]), dict(entry)
    children: list[Entity] = []
    for child in inner:
        assert child.parent is not None
        if child.parent.one in fields:
            children.append(_child(child, key, {child.key: child.default_key, **fields.pop(child.parent.one)}))
        children += (_child(child, key, member) for member in fields.pop(child.parent.many, ()))
    yield Entity(Address(kind.name, (key,)), fields, _NOWHERE)
    yield from children


def _child(kind: Kind, parent: str, fields: Fields) -> Entity:
    return Entity(Address(kind.name, (parent, str(fields[kind.key]))), fields, _NOWHERE)


def selected_dump(dump: Dump, patterns: Chosen, registry: Registry) -> Dump:
    """The entities that a pattern chooses, with all that they refer to and belong to, and their losses.

    What the document doesn't declare stays external. The files say what they are a part of, so that nothing else is
    taken for abandoned.
    """
    entities = tuple(entities_in(dump.document, registry))
    selection = Selection(patterns=patterns)
    needed = needed_by(entities, selection, registry)
    kept = [entity for entity in entities if selection.chooses(entity.address) or entity.address in needed]
    within = frozenset(entity.address for entity in kept)
    owner = _owner(dump, within)
    select = {"select": {"entities": ["/".join(pattern) for pattern in patterns]}}
    header = {**dump.document.get(HEADER, {}), **({"owner": owner} if owner else {}), **select}
    document = {HEADER: header, **_external(kept, registry), **collections_of(kept, registry)}
    left_out = {(one.address.kind, one.address.parents) for one in entities if one.address not in within}
    losses = (
        _in_part(loss, left_out)
        for loss in dump.losses
        if _is_about(loss.address, within, selection, registry) and not (owner and _is_owners(loss, dump, owner))
    )
    return commented(document, losses, registry, dump.own)


def _owner(dump: Dump, within: Set[Address]) -> str | None:
    """The owner of a part, where the whole has several and the part has one."""
    owners = {dump.owners[address] for address in within if address in dump.owners}
    return owners.pop() if len(owners) == 1 else None


def _is_owners(loss: Loss, dump: Dump, owner: str) -> bool:
    """Whether a loss says what isn't so for a part with this owner."""
    is_owned = loss.address is not None and dump.owners.get(loss.address) == owner
    return loss.code == OF_SEVERAL_OWNERS or (loss.code == OF_ANOTHER_OWNER and is_owned)


def _in_part(loss: Loss, left_out: Container[tuple[str, tuple[str, ...]]]) -> Loss:
    """A loss in a part; `left_out` are the kinds and the parents of what isn't in it."""
    is_whole = loss.partly is None or loss.address is None or (loss.members, loss.address.names) not in left_out
    return loss if is_whole or loss.partly is None else replace(loss, said=loss.partly)


def _is_about(address: Address | None, within: Set[Address], selection: Selection, registry: Registry) -> bool:
    """Whether a loss is one of the part: of an entity in it, of one that would be chosen, or of the whole server."""
    if address is None or address.kind not in registry:
        return True
    return address.unversioned() in within or selection.chooses(address)


def _external(entities: Iterable[Entity], registry: Registry) -> Fields:
    """Return what the entities refer to and none of them is."""
    kept = tuple(entities)
    names = {name: collection for collection, name in LATER_COLLECTIONS.items()}
    names.update({kind.name: kind.collection for kind in registry.values()})
    finders = {name: finder(kind.record) for name, kind in registry.items()}
    declared = {(entity.address.kind, entity.address.key) for entity in kept}
    found: dict[str, set[str]] = defaultdict(set)
    for entity in kept:
        kind = registry[entity.address.kind]
        for referred in referred_by(entity, kind, finders[kind.name]):
            if (referred.kind, referred.key) not in declared:
                found[names[referred.kind]].add(referred.key)
    return {EXTERNAL: {name: sorted(keys) for name, keys in sorted(found.items())}} if found else {}


def collections_of(entities: Iterable[Entity], registry: Registry) -> Fields:
    """The entities as collections of a document, in the registry's order and otherwise in their own."""
    by_kind: dict[str, list[Entity]] = defaultdict(list)
    for entity in entities:
        by_kind[entity.address.kind].append(entity)
    nested: dict[Address, dict[str, Plain]] = defaultdict(dict)
    for kind in registry.values():
        if kind.parent is not None:
            children: dict[Address, list[Fields]] = defaultdict(list)
            for entity in by_kind[kind.name]:
                children[Address(kind.parent.kind, entity.address.parents)].append(entity.fields)
            for parent, fields in children.items():
                nested[parent].update(nested_fields(kind, fields))
    return {
        kind.collection: [{**entity.fields, **nested.get(entity.address, {})} for entity in by_kind[kind.name]]
        for kind in registry.values()
        if kind.parent is None and by_kind[kind.name]
    }
