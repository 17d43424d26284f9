"""The places of declared entities in documents, for overlays: nested or at top level, in any file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from billsync.config.documents.merging import own_key
from billsync.config.text.node import ListNode, MapNode, Node, text_of
from billsync.model.kind import Kind, Path, Registry

Name: TypeAlias = tuple[str, str | None, str]
"""An entity: its kind, its parent's key, and its own."""
Place: TypeAlias = tuple[int, Path]
"""The place of a node: the number of its document, and the path in it."""


def is_nested(place: Place) -> bool:
    return len(place[1]) > 2


def parent_of(kind: Kind, item: MapNode) -> str | None:
    return text_of(item.get(kind.parent.kind)) if kind.parent else None


def entity_places(documents: Sequence[MapNode], registry: Registry) -> Iterator[tuple[Name, Place]]:
    """Yield every entity with its place, the last one first, so that the first of two counts."""
    found: list[tuple[Name, Place]] = []
    for number, document in enumerate(documents):
        for kind in registry.values():
            for index, item in _maps(document.get(kind.collection)):
                path: Path = (kind.collection, index)
                key = own_key(item, kind.key) or kind.default_key or ""
                found.append(((kind.name, parent_of(kind, item), key), (number, path)))
                found += [(name, (number, (*path, *inner))) for name, inner in _nested(registry, kind, item, key)]
    yield from reversed(found)


def _nested(registry: Registry, kind: Kind, item: MapNode, key: str) -> Iterator[tuple[Name, Path]]:
    for child in registry.values():
        if child.parent is None or child.parent.kind != kind.name:
            continue
        if isinstance(one := item.get(child.parent.one), MapNode):
            yield (child.name, key, own_key(one, child.key) or child.default_key or ""), (child.parent.one,)
        for index, member in _maps(item.get(child.parent.many)):
            yield (child.name, key, own_key(member, child.key) or child.default_key or ""), (child.parent.many, index)


def _maps(node: Node | None) -> Iterator[tuple[int, MapNode]]:
    for index, item in enumerate(node.items if isinstance(node, ListNode) else ()):
        if isinstance(item, MapNode):
            yield index, item
