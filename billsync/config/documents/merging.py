"""One node over another: maps field by field, lists with keys member by member, all else whole."""

from __future__ import annotations

from collections.abc import Callable

from billsync.config.checks.suggest import did_you_mean
from billsync.config.checks.words import found_node
from billsync.config.text.finding import Findings
from billsync.config.text.node import Entry, ListNode, MapNode, Node, RemovalNode, ScalarNode, is_null, text_of
from billsync.model.frozen import dataclass
from billsync.model.shape import Lazy, ListOf, MapOf, Record, Shape, Variant

Named = Callable[[MapNode, str], str | None]
"""The key of a member of a keyed list, given the field that holds it; a card may have it from elsewhere."""


def own_key(node: MapNode, field: str) -> str | None:
    """The key that a member has itself."""
    return text_of(node.get(field))


@dataclass(frozen=True, slots=True)
class Merging:
    """Merges nodes of overlays, and gathers what is wrong with them."""

    findings: Findings
    named: Named = own_key

    def merged(self, base: Node, over: Node, shape: Shape | None = None) -> Node:
        """The overlay's node over the base; where they can't be merged, the base and a finding at the overlay."""
        shape = shape.get() if isinstance(shape, Lazy) else shape
        base = _as_map(base, over, shape)
        match base, over:
            case MapNode(), MapNode():
                return over if _is_other_case(base, over, shape) else self.maps(base, over, shape)
            case ListNode(), ListNode():
                return self._lists(base, over, shape)
            case _ if _may_replace(base, over, shape):
                return over
        detail = f"the files below have {_where(base)}{found_node(base)} here, and the overlay {found_node(over)}"
        self.findings.add("overlay-type", over.place, detail, "Write the same type; `!remove` takes the field out.")
        return base

    def maps(self, base: MapNode, over: MapNode, shape: Shape | None = None) -> MapNode:
        """Both maps in one; `!remove` takes a field out."""
        entries = dict(base.entries)
        for name, entry in over.entries.items():
            if isinstance(entry.node, RemovalNode):
                self._remove_field(entries, name, entry, base)
            elif name in entries:
                entries[name] = Entry(
                    entry.place, self.merged(entries[name].node, entry.node, _field(shape, base, name))
                )
            else:
                entries[name] = Entry(entry.place, self.without_removals(entry.node))
        return MapNode(entries, base.place)

    def _remove_field(self, entries: dict[str, Entry], name: str, entry: Entry, base: MapNode) -> None:
        if isinstance(entry.node, RemovalNode) and entry.node.member is not None:
            self.findings.add("overlay-type", entry.node.place, f"`{name}` is a field: `!remove` takes no key here")
        elif entries.pop(name, None) is None:
            self.nothing(entry.node, f"{_where(base)}no field `{name}`", did_you_mean(name, tuple(base.entries)))

    def nothing(self, node: Node, what: str, hint: str = "") -> None:
        """Report a removal of something that isn't there."""
        self.findings.add("removal-of-nothing", node.place, f"the files below have {what}", hint)

    def _lists(self, base: ListNode, over: ListNode, shape: Shape | None) -> Node:
        key = shape.key if isinstance(shape, ListOf) and not shape.ordered_by_key else None
        if key is None:
            return self.without_removals(over)
        assert isinstance(shape, ListOf)
        members: dict[str, Node] = {}
        for index, item in enumerate(base.items):
            name = self.named(item, key) if isinstance(item, MapNode) else None
            members.setdefault(name or f"\0{index}", item)
        for item in over.items:
            self._member(members, item, key, shape.item)
        return ListNode(tuple(members.values()), base.place)

    def _member(self, members: dict[str, Node], item: Node, key: str, shape: Shape) -> None:
        """Merge one member of a keyed list into the others, add it, or take one out."""
        if isinstance(item, RemovalNode):
            name = removed_key(item, key)
            if name is None or members.pop(name, None) is None:
                known = tuple(known for known in members if not known.startswith("\0"))
                self.nothing(item, f'no member "{name or ""}" in this list', did_you_mean(name or "", known))
            return
        name = self.named(item, key) if isinstance(item, MapNode) else None
        if name is None:
            detail = f"a member of a list with keys is a map with `{key}`; this is {found_node(item)}"
            self.findings.add("overlay-type", item.place, detail, f"Write `{key}`, or `!remove KEY`.")
        elif name in members:
            members[name] = self.merged(members[name], item, shape)
        else:
            members[name] = self.without_removals(item)

    def without_removals(self, node: Node) -> Node:
        """Something new, in which there is nothing to take out: what says so is reported and left out."""
        if isinstance(node, ListNode):
            return ListNode(tuple(self.without_removals(item) for item in node.items if self._stays(item)), node.place)
        if isinstance(node, MapNode):
            kept = {name: entry for name, entry in node.entries.items() if self._stays(entry.node)}
            entries = {name: Entry(entry.place, self.without_removals(entry.node)) for name, entry in kept.items()}
            return MapNode(entries, node.place)
        return node

    def _stays(self, node: Node) -> bool:
        if isinstance(node, RemovalNode):
            self.nothing(node, "nothing here")
        return not isinstance(node, RemovalNode)


def removed_key(node: RemovalNode, key: str) -> str | None:
    """The key of the member that `!remove KEY` or `!remove {key: KEY}` names."""
    member = node.member
    return own_key(member, key) if isinstance(member, MapNode) else text_of(member)


def _as_map(base: Node, over: Node, shape: Shape | None) -> Node:
    """A base that is one plain value as the map that it stands for, where the overlay has a map."""
    is_short = isinstance(shape, Record) and shape.short and isinstance(base, ScalarNode) and isinstance(over, MapNode)
    if is_short and not is_null(base):
        assert isinstance(shape, Record)
        return MapNode({str(shape.short): Entry(base.place, base)}, base.place)
    return base


def _is_other_case(base: MapNode, over: MapNode, shape: Shape | None) -> bool:
    """Whether the overlay chooses another form of a union, whose fields are others."""
    if not isinstance(shape, Variant) or shape.tag not in over.entries:
        return False
    return text_of(base.get(shape.tag)) != text_of(over.get(shape.tag))


def _may_replace(base: Node, over: Node, shape: Shape | None) -> bool:
    """Whether a node of another type may stand in the base's place."""
    if isinstance(base, ScalarNode) and isinstance(over, ScalarNode):
        return True
    return is_null(base) or is_null(over) or (isinstance(shape, Record) and bool(shape.short))


def _field(shape: Shape | None, base: MapNode, name: str) -> Shape | None:
    if isinstance(shape, Variant):
        shape = shape.cases.get(text_of(base.get(shape.tag)) or "")
    if isinstance(shape, MapOf):
        return shape.value
    return shape.fields[name].shape if isinstance(shape, Record) and name in shape.fields else None


def _where(node: Node) -> str:
    return f"at {node.place.file}:{node.place.line} "
