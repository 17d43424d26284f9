"""Builds nodes from a stream of opens, closes and scalars, within limits. It never recurses and never raises."""

from __future__ import annotations

from dataclasses import dataclass, field

from billsync.config.text.finding import finding
from billsync.config.text.node import Entry, ListNode, MapNode, Node, RemovalNode, ScalarNode
from billsync.config.text.outside import ENV, FILE, NoValue, Outside
from billsync.config.text.scalars import Unfit, resolve, shorten
from billsync.model import limits
from billsync.model.diagnostic import Diagnostic, Position
from billsync.model.value import Plain


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one file: levels of nesting, values in all, values that come from aliases, characters."""

    depth: int = limits.NESTING
    values: int = limits.VALUES
    aliased: int = limits.ALIASED_VALUES
    text: int = limits.TEXT_CHARACTERS
    key: int = limits.KEY_CHARACTERS


REMOVE = "!remove"
_MAP_OF_ENV = "Write `!env {name: NAME, default: VALUE}`; the default stands in the file, and `!file` has none."


def _may_be_default(node: Node | None) -> bool:
    """Whether a default is left out, or a plain value."""
    return node is None or (isinstance(node, ScalarNode) and node.source is None and node.value is not None)


@dataclass(slots=True)
class _Frame:
    """A list or a map that is still open. `key` is the key that waits for its value."""

    place: Position
    is_map: bool
    anchor: str | None
    opened_at: int
    tag: str | None = None
    height: int = 1
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    key: tuple[str, Position] | None = None


@dataclass(frozen=True, slots=True)
class _Anchored:
    node: Node
    size: int
    height: int


class NodeBuilder:
    """Takes events in the order of the text. Once `stopped`, nothing more is to be fed."""

    def __init__(self, limits: Limits, outside: Outside | None = None) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.removals: list[Position] = []
        self.outside = outside
        self.roots: list[Node] = []
        self.stopped = False
        self._limits = limits
        self._stack: list[_Frame] = []
        self._anchors: dict[str, _Anchored] = {}
        self._count = 0
        self._aliased = 0

    def begin_document(self) -> None:
        """Anchors end with their document."""
        self._anchors.clear()

    def open(self, place: Position, *, is_map: bool, anchor: str | None = None, tag: str | None = None) -> None:
        """A list or a map begins; the `tag` of a map is one of ours."""
        if self._expects_key:
            self._stop("key-not-text", place, "expected a key, found a list or a map", "Write a text.")
        elif len(self._stack) >= self._limits.depth:
            self.too_deep(place)
        elif self._counted(place):
            self._stack.append(_Frame(place, is_map, anchor, self._count, tag))

    def close(self) -> None:
        """The innermost list or map ends."""
        frame = self._stack.pop()
        node: Node = MapNode(frame.entries, frame.place) if frame.is_map else ListNode(tuple(frame.items), frame.place)
        if frame.tag is not None and isinstance(node, MapNode):
            node = self._from_map(frame.tag, node)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = _Anchored(node, self._count - frame.opened_at + 1, frame.height)
        self._add(node, frame.height)

    def plain_scalar(self, text: str, place: Position, *, anchor: str | None = None) -> None:
        """An unquoted text: a key as it is, a value by what it means."""
        if self._expects_key:
            return self._key(text, place, quoted=False)
        value = resolve(text)
        if isinstance(value, Unfit):
            self.report(value.code, place, value.detail, value.hint)
            value = text = text[: self._limits.text]
        return self._scalar(value, text, place, anchor)

    def quoted_scalar(self, text: str, place: Position, *, anchor: str | None = None) -> None:
        """A quoted or block text: always itself."""
        if self._expects_key:
            return self._key(text, place, quoted=True)
        return self._scalar(text, text, place, anchor)

    def tagged_scalar(self, tag: str, text: str, place: Position, *, anchor: str | None = None) -> None:
        """A scalar with one of our tags: a value from outside, or a removal."""
        if self._expects_key:
            self.report("sourced-key", place, f"`{tag}` is in front of a key", "Write the key.")
            self._key(text, place, quoted=True)
        elif self._counted(place):
            node = self._removal(text, place) if tag == REMOVE else self._outer(tag, text, place)
            if anchor is not None:
                self._anchors[anchor] = _Anchored(node, 1, 0)
            self._add(node, 0)

    def _outer(self, tag: str, text: str, place: Position) -> ScalarNode:
        """The value that a tag names, or an empty text with a finding."""
        assert self.outside is not None
        found = self.outside.variable(text) if tag == ENV else self.outside.text_file(text)
        if isinstance(found, NoValue):
            self.report(found.code, place, found.detail, found.hint)
            return ScalarNode("", "", place)
        return ScalarNode(self.outside.found[found], self.outside.found[found], place, found)

    def _removal(self, text: str, place: Position) -> RemovalNode:
        self.removals.append(place)
        return RemovalNode(None, "", place, member=ScalarNode(text, text, place) if text else None)

    def _from_map(self, tag: str, node: MapNode) -> ScalarNode:
        """`!env {name, default}`, or `!remove {key}`."""
        if tag == REMOVE:
            self.removals.append(node.place)
            return RemovalNode(None, "", node.place, member=node)
        name, default = node.get("name"), node.get("default")
        is_right = isinstance(name, ScalarNode) and name.text and not node.entries.keys() - {"name", "default"}
        if tag == FILE or not is_right or not _may_be_default(default):
            self.report("bad-source", node.place, f"`{tag}` doesn't take this map", _MAP_OF_ENV)
            return ScalarNode("", "", node.place)
        assert isinstance(name, ScalarNode)
        assert self.outside is not None
        found = self.outside.variable(name.text)
        if isinstance(found, NoValue) and found.is_absent and isinstance(default, ScalarNode):
            return default
        return self._outer(tag, name.text, node.place)

    def constant(self, value: Plain, text: str, place: Position) -> None:
        """A value whose meaning is known already."""
        self._scalar(value, text, place, None)

    def alias(self, name: str, place: Position) -> None:
        """The value of an anchor once more."""
        anchored = self._anchors.get(name)
        if any(frame.anchor == name for frame in self._stack):
            self._stop("recursive-alias", place, f"`*{name}` is inside `&{name}`")
        elif anchored is None:
            self._stop("unknown-anchor", place, f"`&{name}` is not before this alias in the document")
        elif self._expects_key:
            self._stop("key-not-text", place, "expected a key, found an alias", "Write a text.")
        elif len(self._stack) + anchored.height > self._limits.depth:
            self.too_deep(place)
        elif self._expanded(anchored.size, place):
            self._add(anchored.node, anchored.height)

    def too_deep(self, place: Position) -> None:
        """The text is nested more deeply than is read."""
        self._stop("nested-too-deeply", place, f"at most {self._limits.depth} levels are read")

    def report(self, code: str, place: Position, detail: str, hint: str = "") -> None:
        """Note an error and go on."""
        self.diagnostics.append(finding(code, place, detail, hint))

    def _stop(self, code: str, place: Position, detail: str, hint: str = "") -> None:
        self.report(code, place, detail, hint)
        self.stopped = True

    @property
    def _expects_key(self) -> bool:
        return bool(self._stack) and self._stack[-1].is_map and self._stack[-1].key is None

    def _key(self, text: str, place: Position, *, quoted: bool) -> None:
        if text == "" and not quoted:
            self._stop("key-not-text", place, "the key is empty", "Write a text.")
        elif text == "<<" and not quoted:
            self._stop(
                "merge-key", place, "`<<` would merge another map here", "Repeat the fields; a rate card says `use:`."
            )
        elif len(text) > self._limits.key:
            self._stack[-1].key = (self._cut(text, place, self._limits.key), place)
        else:
            self._stack[-1].key = (text, place)

    def _cut(self, text: str, place: Position, limit: int) -> str:
        """Return the replacement for a text that is too long."""
        self.report("text-too-long", place, f"it has {len(text):,} characters; at most {limit:,} are read")
        return shorten(text)

    def _scalar(self, value: Plain, text: str, place: Position, anchor: str | None) -> None:
        if not self._counted(place):
            return
        if len(text) > self._limits.text:
            value = text = self._cut(text, place, self._limits.text)
        node = ScalarNode(value, text, place)
        if anchor is not None:
            self._anchors[anchor] = _Anchored(node, 1, 0)
        self._add(node, 0)

    def _add(self, node: Node, height: int) -> None:
        if not self._stack:
            self.roots.append(node)
            return
        frame = self._stack[-1]
        frame.height = max(frame.height, height + 1)
        if frame.key is None:
            frame.items.append(node)
            return
        key, place = frame.key
        frame.key = None
        if key in frame.entries:
            first = frame.entries[key].place
            self.report("duplicate-key", place, f'"{shorten(key)}" is already in line {first.line}')
        else:
            frame.entries[key] = Entry(place, node)

    def _counted(self, place: Position) -> bool:
        self._count += 1
        if self._count > self._limits.values:
            self._stop("too-many-values", place, f"at most {self._limits.values:,} are read", "Split the file.")
        return not self.stopped

    def _expanded(self, size: int, place: Position) -> bool:
        self._count += size
        self._aliased += size
        if self._aliased > self._limits.aliased:
            self._stop("alias-expansion", place, f"all aliases together may expand to {self._limits.aliased:,} values")
        return not self.stopped
