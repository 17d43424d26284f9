"""Nodes of a file, before they mean anything: scalars, lists and maps with their positions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from billsync.model.diagnostic import Position
from billsync.model.frozen import dataclass
from billsync.model.kind import Path
from billsync.model.source import Source
from billsync.model.value import Plain


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """One value and the text that it was written as; `source` is where the text came from, if it is in no file."""

    value: Plain
    text: str
    place: Position
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class RemovalNode(ScalarNode):
    """`!remove` in an overlay: takes out the field in whose place it stands, or the member of a list with this key.

    `member` is the key, or a map with the fields that name the member. Elsewhere it counts as null.
    """

    member: ScalarNode | MapNode | None = None


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list."""

    items: tuple[Node, ...]
    place: Position


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a map: where the key stands, and its value."""

    place: Position
    node: Node


@dataclass(frozen=True, slots=True)
class MapNode:
    """A map from text to values, in the order of the file."""

    entries: Mapping[str, Entry]
    place: Position

    def get(self, name: str) -> Node | None:
        """The value of a key, or None."""
        entry = self.entries.get(name)
        return entry.node if entry else None

    def without(self, *names: str) -> MapNode:
        """The same map with fewer keys."""
        return MapNode({key: entry for key, entry in self.entries.items() if key not in names}, self.place)

    def over(self, defaults: MapNode) -> MapNode:
        """Both maps in one; where they share a key, this one's whole value stands."""
        return MapNode({**defaults.entries, **self.entries}, self.place)

    def with_text(self, name: str, text: str, place: Position, source: Source | None = None) -> MapNode:
        """The same map with a text under this key; the place is where the text came from."""
        return MapNode({**self.entries, name: Entry(place, ScalarNode(text, text, place, source))}, self.place)

    def with_node(self, name: str, node: Node) -> MapNode:
        """The same map with another value under a key that it has."""
        return MapNode({**self.entries, name: Entry(self.entries[name].place, node)}, self.place)


Node: TypeAlias = ScalarNode | ListNode | MapNode


def plain(node: Node) -> Plain:
    """The value without positions: dicts, lists and scalars."""
    if isinstance(node, ScalarNode):
        return node.value
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    return {key: plain(entry.node) for key, entry in node.entries.items()}


def text_of(node: Node | None) -> str | None:
    """The text, where the node is one and isn't empty."""
    value = node.value if isinstance(node, ScalarNode) else None
    return value if isinstance(value, str) and value else None


def text_node(node: Node | None) -> ScalarNode | None:
    """The node, where it is a text and isn't empty."""
    return node if isinstance(node, ScalarNode) and text_of(node) else None


def sourced(node: Node, path: Path = ()) -> Iterator[tuple[Path, ScalarNode]]:
    """Every value in a node that came from a source, with its path."""
    if isinstance(node, ScalarNode):
        if node.source is not None:
            yield path, node
    elif isinstance(node, ListNode):
        for index, item in enumerate(node.items):
            yield from sourced(item, (*path, index))
    else:
        for key, entry in node.entries.items():
            yield from sourced(entry.node, (*path, key))


def is_null(node: Node | None) -> bool:
    """Whether the node is there and says null."""
    return isinstance(node, ScalarNode) and node.value is None


def child(node: Node, part: str | int) -> Node | None:
    """The member of a list or a map, or None."""
    if isinstance(node, MapNode):
        return node.get(str(part))
    if isinstance(node, ListNode) and isinstance(part, int) and 0 <= part < len(node.items):
        return node.items[part]
    return None


def at(node: Node, path: Path) -> Node | None:
    """Return the node at the path, or None."""
    found: Node | None = node
    for part in path:
        found = child(found, part) if found is not None else None
    return found


def nearest(node: Node, path: Path) -> Position:
    """Return the position of the path, or of the nearest node around it."""
    for part in path:
        inner = child(node, part)
        if inner is None:
            break
        node = inner
    return node.place


class Places(Mapping[Path, Position]):
    """The position of each path inside a node, looked up when asked for: most are never needed."""

    __slots__ = ("_node",)

    def __init__(self, node: Node) -> None:
        self._node = node

    def __getitem__(self, path: Path) -> Position:
        node = at(self._node, path)
        if node is None:
            raise KeyError(path)
        return node.place

    def __iter__(self) -> Iterator[Path]:
        return _paths(self._node, ())

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _paths(node: Node, path: Path) -> Iterator[Path]:
    yield path
    if isinstance(node, ListNode):
        for index, item in enumerate(node.items):
            yield from _paths(item, (*path, index))
    elif isinstance(node, MapNode):
        for key, entry in node.entries.items():
            yield from _paths(entry.node, (*path, key))
