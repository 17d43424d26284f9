"""Items as a document in the file's shape, and the place of the comments about each item."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from billsync.core.dump.items import Item
from billsync.core.dump.losses import Loss
from billsync.model.address import Address, Symbol
from billsync.model.kind import Kind, Path, Registry
from billsync.model.labels import OURS
from billsync.model.value import Fields, Plain


def collections(items: list[Item], registry: Registry) -> Fields:
    """The collections in the registry's order, children nested in their parents."""
    nested: dict[Address, dict[str, Plain]] = defaultdict(dict)
    for kind in registry.values():
        if kind.parent is not None:
            for parent, children in _by_parent(items, kind).items():
                nested[parent].update(nested_fields(kind, [plain_fields(kind, child) for child in children]))
    return {
        kind.collection: [
            {**plain_fields(kind, item), **nested.get(item.address, {})} for item in _sorted(items, kind.name)
        ]
        for kind in registry.values()
        if kind.parent is None and any(item.address.kind == kind.name for item in items)
    }


def _sorted(items: Iterable[Item], name: str) -> list[Item]:
    return sorted((item for item in items if item.address.kind == name), key=lambda item: item.address.order)


def _by_parent(items: list[Item], kind: Kind) -> Mapping[Address, list[Item]]:
    assert kind.parent is not None
    found: dict[Address, list[Item]] = defaultdict(list)
    for item in _sorted(items, kind.name):
        found[Address(kind.parent.kind, item.address.parents)].append(item)
    return found


def _is_single(kind: Kind, keys: Sequence[Plain]) -> bool:
    """Whether a parent holds its child as a single map; `keys` are those of its children."""
    assert kind.parent is not None
    return bool(kind.parent.one) and len(keys) == 1 and keys[0] == kind.default_key


def nested_fields(kind: Kind, children: Sequence[Mapping[str, Plain]]) -> dict[str, Plain]:
    """The fields of a parent that hold its children, of whom it has some."""
    assert kind.parent is not None
    if _is_single(kind, [child.get(kind.key) for child in children]):
        return {kind.parent.one: {name: value for name, value in children[0].items() if name != kind.key}}
    return {kind.parent.many: list(children)}


def placed(losses: Iterable[Loss], document: Fields, registry: Registry) -> Mapping[Path, tuple[str, ...]]:
    """The losses' sentences by the place of their comments, sorted: above the field that they are about, else above its
    entity, else above the entity that this one belongs to, else at the top."""
    found: dict[Path, set[str]] = defaultdict(set)
    sorts = [(loss, loss.address.unversioned() if loss.address else None) for loss in losses]
    places = dict(_places(document, {address for _, address in sorts if address}, registry))
    for loss, address in sorts:
        found[_place(loss.field, address, places, document, registry)].add(loss.text)
    return {path: tuple(sorted(texts)) for path, texts in found.items()}


def _place(
    field: str, address: Address | None, places: Mapping[Address, Path], document: Fields, registry: Registry
) -> Path:
    if address is None:
        return ()
    if (place := places.get(address)) is not None:
        return (*place, field) if field in _at(document, place) else place
    kind = registry.get(address.kind)
    return places.get(Address(kind.parent.kind, address.parents), ()) if kind and kind.parent else ()


def _at(document: Fields, path: Path) -> Fields:
    """The entity at a place of a document."""
    found: Plain = document
    for part in path:
        found = found[part]
    entity: Fields = found
    return entity


def _places(document: Fields, wanted: Set[Address], registry: Registry) -> Iterator[tuple[Address, Path]]:
    """The places of these entities and of those that they belong to, as far as a document has them."""
    names: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for address in wanted:
        names[address.kind].add(address.names)
        if (kind := registry.get(address.kind)) and kind.parent:
            names[kind.parent.kind].add(address.parents)
    for kind in registry.values():
        if kind.parent is None and kind.name in names:
            inner = [child for child in registry.values() if child.parent and child.parent.kind == kind.name]
            inner = [child for child in inner if child.name in names]
            for number, entry in enumerate(document.get(kind.collection, ())):
                key, path = str(entry[kind.key]), (kind.collection, number)
                if (key,) in names[kind.name]:
                    yield Address(kind.name, (key,)), path
                for child in inner:
                    for member, place in children_in(entry, child):
                        if (key, member) in names[child.name]:
                            yield Address(child.name, (key, member)), (*path, *place)


def count_of(document: Fields, kind: Kind, registry: Registry) -> int:
    """The number of entities of a kind in a document."""
    if kind.parent is None:
        return len(document.get(kind.collection, ()))
    entries = document.get(registry[kind.parent.kind].collection, ())
    return sum((kind.parent.one in entry) + len(entry.get(kind.parent.many, ())) for entry in entries)


def children_in(entry: Fields, kind: Kind) -> Iterator[tuple[str, Path]]:
    """The keys and places of the entities of a kind that are nested in an entry."""
    assert kind.parent is not None
    if kind.parent.one in entry:
        yield str(kind.default_key), (kind.parent.one,)
    for number, member in enumerate(entry.get(kind.parent.many, ())):
        yield str(member[kind.key]), (kind.parent.many, number)


def plain_fields(kind: Kind, item: Item) -> dict[str, Plain]:
    """An entity's fields as a file has them: the key first, then in the kind's order."""
    known = {kind.key: item.address.key, **item.fields}
    ordered = [name for name in kind.record.fields if name in known]
    plain = {name: _plain(known[name]) for name in ordered}
    if "labels" in plain:
        plain["labels"] = {k: v for k, v in plain["labels"].items() if not k.startswith(OURS)}
    return {name: value for name, value in plain.items() if value not in ({}, [])}


def _plain(value: Plain) -> Plain:
    if isinstance(value, Symbol):
        return value.address.key
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value
