"""Items as a document in the file's shape, and the place of the comments about each item."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from billsync.core.dump_items import Item
from billsync.core.losses import Loss, by_place
from billsync.model.address import Address, Symbol
from billsync.model.kind import Kind, Path, Registry
from billsync.model.labels import OURS
from billsync.model.value import Fields, Plain


def collections(items: list[Item], registry: Registry) -> Fields:
    """The collections in the registry's order, children nested in their parents; `placed` knows the same order."""
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


def placed(losses: Iterable[Loss], items: list[Item], registry: Registry) -> Mapping[Path, tuple[str, ...]]:
    """Return the losses by their place in the document; losses without a declared entity are at its top."""
    places = dict(_roots(items, registry))
    places.update(_children(items, registry, places))
    fields = {item.address: item.fields for item in items}
    found: dict[Path, list[str]] = defaultdict(list)
    for (address, name), texts in by_place(losses).items():
        place = places.get(address, ()) if address else ()
        has_field = address in fields and name in fields[address]
        found[(*place, name) if has_field else place].extend(texts)
    return {path: tuple(texts) for path, texts in found.items()}


def _roots(items: list[Item], registry: Registry) -> Mapping[Address, Path]:
    return {
        item.address: (kind.collection, number)
        for kind in registry.values()
        if kind.parent is None
        for number, item in enumerate(_sorted(items, kind.name))
    }


def _children(items: list[Item], registry: Registry, roots: Mapping[Address, Path]) -> Iterator[tuple[Address, Path]]:
    for kind in registry.values():
        if kind.parent is None:
            continue
        for parent, children in _by_parent(items, kind).items():
            for number, child in enumerate(children):
                inner = (
                    (kind.parent.one,)
                    if _is_single(kind, [one.address.key for one in children])
                    else (kind.parent.many, number)
                )
                yield child.address, (*roots[parent], *inner)


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
