"""Overlays: files that change what other files declare, entity by entity.

An overlay changes and takes out what is there, and declares nothing: an entity that no file below declares is an
error, so that a typing mistake in a key can't add something, or leave a value as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from billsync.config.checks.suggest import did_you_mean
from billsync.config.checks.words import found_node
from billsync.config.documents.document import EDITOR_SCHEMA, FORMAT_VERSION, LIBRARY, check_version
from billsync.config.documents.merging import Merging, own_key, removed_key
from billsync.config.documents.overlay_places import Place, entity_places, is_nested, parent_of
from billsync.config.text.finding import Findings
from billsync.config.text.node import Entry, ListNode, MapNode, Node, RemovalNode, text_of
from billsync.config.text.reader import MARK
from billsync.kinds.ratecard import RATE_CARD
from billsync.model.kind import Kind, Path, Registry

_PLAIN = (MARK, FORMAT_VERSION, EDITOR_SCHEMA)
"""Fields of an overlay that are about itself."""
_WHOLE = ("external", "adopted")
_LISTS = ("moved", "forget")


@dataclass(slots=True)
class _Edit:
    """A change of one node: a map to merge, or that it goes, and changes of what is inside of it."""

    over: MapNode | None = None
    goes: bool = False
    inside: dict[str | int, _Edit] = field(default_factory=dict)

    def at(self, path: Path) -> _Edit:
        """The change of a node inside of this one."""
        found = self
        for part in path:
            found = found.inside.setdefault(part, _Edit())
        return found


def overlaid(
    documents: Sequence[MapNode], overlays: Sequence[MapNode], registry: Registry, findings: Findings
) -> tuple[MapNode, ...]:
    """The documents after each overlay in its order. An overlay's mistakes are findings at their places in it."""
    found = tuple(documents)
    for overlay in overlays:
        found = _Overlaying(found, registry, findings).result(overlay)
    return found


class _Overlaying:
    """One overlay over all documents."""

    def __init__(self, documents: tuple[MapNode, ...], registry: Registry, findings: Findings) -> None:
        self._documents = documents
        self._registry = registry
        self._findings = findings
        self._kinds = {kind.collection: kind for kind in registry.values()}
        self._places = dict(entity_places(documents, registry))
        library = [doc.get(LIBRARY) for doc in documents]
        self._library = {
            name: e.node for part in library if isinstance(part, MapNode) for name, e in part.entries.items()
        }
        self._merging = Merging(findings, self._key_of_member)
        self._edits: dict[int, _Edit] = {}
        self._more: dict[str, Entry] = {}

    def result(self, overlay: MapNode) -> tuple[MapNode, ...]:
        """The documents with the overlay over them."""
        if version := overlay.get(FORMAT_VERSION):
            check_version(version, self._findings)
        for name, entry in overlay.entries.items():
            if name not in _PLAIN:
                self._take(name, entry)
        found = [self._edited(document, self._edits.get(number)) for number, document in enumerate(self._documents)]
        if self._more:
            found.append(MapNode(self._more, overlay.place))
        return tuple(document for document in found if isinstance(document, MapNode))

    def _take(self, name: str, entry: Entry) -> None:
        """One field of the overlay."""
        holders = [number for number, document in enumerate(self._documents) if name in document.entries]
        if isinstance(entry.node, RemovalNode):
            for number in holders:
                self._edit(number, (name,)).goes = True
            if not holders:
                self._merging.nothing(entry.node, f"no `{name}`")
        elif name in self._kinds:
            self._take_collection(self._kinds[name], entry.node)
        elif name == LIBRARY and isinstance(entry.node, MapNode):
            self._take_members(name, entry.node, holders)
        elif name in _WHOLE and isinstance(entry.node, MapNode):
            self._take_members(name, entry.node, holders, whole=True)
        elif name in _LISTS or not holders:
            for number in holders:
                self._edit(number, (name,)).goes = True
            self._more[name] = Entry(entry.place, self._merging.without_removals(entry.node))
        else:
            for number in holders:
                self._edit(number, ()).over = self._with(self._edit(number, ()).over, name, entry)

    def _take_members(self, name: str, over: MapNode, holders: Sequence[int], *, whole: bool = False) -> None:
        """The members of a map whose members may stand in several documents; lists of patterns are replaced whole."""
        new: dict[str, Entry] = {}
        for member, entry in over.entries.items():
            there = [number for number in holders if _has(self._documents[number].get(name), member)]
            is_removal = isinstance(entry.node, RemovalNode)
            if is_removal and not there:
                known = tuple(self._library) if name == LIBRARY else ()
                self._merging.nothing(entry.node, f"no `{member}` in `{name}`", did_you_mean(member, known))
            if is_removal or whole:
                for number in there:
                    self._edit(number, (name, member)).goes = True
            elif there:
                edit = self._edit(there[0], (name, member))
                if isinstance(entry.node, MapNode):
                    edit.over = entry.node
                else:
                    self._clash(entry.node, "a map")
            if name == LIBRARY and not there and not is_removal:
                self._report_unknown_card(member, entry.node)
            elif not is_removal and (whole or not there):
                new[member] = Entry(entry.place, self._merging.without_removals(entry.node))
        if new:
            self._more[name] = Entry(over.place, MapNode(new, over.place))

    def _take_collection(self, kind: Kind, node: Node) -> None:
        if not isinstance(node, ListNode):
            self._clash(node, "a list")
            return
        for item in node.items:
            named = item.member if isinstance(item, RemovalNode) else item
            self._take_item(kind, item, parent_of(kind, named) if isinstance(named, MapNode) else None)

    def _take_item(self, kind: Kind, item: Node, parent: str | None) -> None:
        """One member of a collection, or of the list under a parent."""
        if isinstance(item, MapNode):
            self._take_entity(kind, item, parent)
        elif isinstance(item, RemovalNode):
            self._remove(kind, item, parent, removed_key(item, kind.key) or kind.default_key)
        else:
            self._clash(item, "a map")

    def _take_entity(self, kind: Kind, item: MapNode, parent: str | None) -> None:
        """Change an entity, and those that nest in it."""
        key = own_key(item, kind.key) or kind.default_key
        own = item
        for child in self._children(kind):
            for name in (child.parent.one, child.parent.many) if child.parent else ():
                if name in item.entries:
                    self._take_nested(child, name, item.entries[name].node, key)
                    own = own.without(name)
        place = self._places.get((kind.name, parent, key or ""))
        if place is None:
            self._report_unknown(kind, item, parent, key)
            return
        edit = self._edit_once(place, item, kind)
        edit.over = own.without(kind.parent.kind) if kind.parent and is_nested(place) else own

    def _take_nested(self, kind: Kind, name: str, node: Node, parent: str | None) -> None:
        """The field of a parent under which entities of a kind nest: one of them, or a list."""
        assert kind.parent is not None
        if name == kind.parent.one:
            self._take_item(kind, node, parent)
        elif isinstance(node, ListNode):
            for item in node.items:
                self._take_item(kind, item, parent)
        else:
            self._clash(node, "a list")

    def _remove(self, kind: Kind, node: Node, parent: str | None, key: str | None) -> None:
        place = self._places.get((kind.name, parent, key or ""))
        if place is None:
            self._merging.nothing(node, f"no {_title(kind, parent, key)}", self._meant(kind, parent, key))
        else:
            self._edit_once(place, node, kind).goes = True

    def _edit_once(self, place: Place, node: Node, kind: Kind) -> _Edit:
        """The change of an entity, which one overlay makes once."""
        edit = self._edit(*place)
        if edit.goes or edit.over is not None:
            self._findings.add(
                "declared-twice", node.place, f"this overlay changes the {kind.title} already", "Join them."
            )
        return edit

    def _report_unknown(self, kind: Kind, item: MapNode, parent: str | None, key: str | None) -> None:
        if key is None:
            self._findings.add("overlay-for-nothing", item.place, f"a {kind.title} is named by `{kind.key}`")
            return
        hint = (
            self._meant(kind, parent, key)
            or "An overlay only changes what is declared: declare it in a file of its own."
        )
        self._findings.add(
            "overlay-for-nothing", item.place, f"the files below declare no {_title(kind, parent, key)}", hint
        )

    def _report_unknown_card(self, name: str, node: Node) -> None:
        hint = did_you_mean(name, tuple(self._library)) or "Add the card to the files below."
        self._findings.add(
            "overlay-for-nothing", node.place, f'the files below have no card "{name}" in `{LIBRARY}`', hint
        )

    def _meant(self, kind: Kind, parent: str | None, key: str | None) -> str:
        known = tuple(name for of, above, name in self._places if (of, above) == (kind.name, parent))
        return did_you_mean(key or "", known)

    def _clash(self, node: Node, wanted: str) -> None:
        self._findings.add("overlay-type", node.place, f"expected {wanted}, found {found_node(node)}")

    def _children(self, kind: Kind) -> Iterator[Kind]:
        yield from (child for child in self._registry.values() if child.parent and child.parent.kind == kind.name)

    def _edit(self, number: int, path: Path) -> _Edit:
        return self._edits.setdefault(number, _Edit()).at(path)

    def _with(self, over: MapNode | None, name: str, entry: Entry) -> MapNode:
        return MapNode({**(over.entries if over else {}), name: entry}, over.place if over else entry.place)

    def _edited(self, node: Node, edit: _Edit | None, shape: Kind | None = None) -> Node | None:
        """The node after its changes; None if it goes."""
        if edit is None:
            return node
        if edit.goes:
            return None
        if isinstance(node, ListNode):
            items = (self._edited(item, edit.inside.get(index), shape) for index, item in enumerate(node.items))
            return ListNode(tuple(item for item in items if item is not None), node.place)
        assert isinstance(node, MapNode)
        entries: dict[str, Entry] = {}
        for name, entry in node.entries.items():
            inner = self._edited(entry.node, edit.inside.get(name), self._kind_at(name, shape))
            if inner is not None:
                entries[name] = Entry(entry.place, inner)
        found = MapNode(entries, node.place)
        if edit.over is None:
            return found
        return self._merging.maps(found, edit.over, shape.record if shape else RATE_CARD)  # else a card of the library

    def _kind_at(self, name: str, parent: Kind | None) -> Kind | None:
        """The kind of the entities under a field of a document or of an entity."""
        if parent is None:
            return self._kinds.get(name)
        return next(
            (kind for kind in self._children(parent) if kind.parent and name in (kind.parent.one, kind.parent.many)),
            None,
        )

    def _key_of_member(self, node: MapNode, field: str) -> str | None:
        """The key of a member; a card without one has its feature's, or that of the library card that it uses."""
        if (key := own_key(node, field)) or field != "key":
            return key
        used = self._library.get(text_of(node.get("use")) or "")
        library = used if isinstance(used, MapNode) else MapNode({}, node.place)
        return (
            text_of(node.get("feature"))
            or own_key(library, "key")
            or text_of(library.get("feature"))
            or text_of(node.get("use"))
        )


def _has(node: Node | None, name: str) -> bool:
    return isinstance(node, MapNode) and name in node.entries


def _title(kind: Kind, parent: str | None, key: str | None) -> str:
    return f'{kind.title} "{key or ""}"' + (f' of {kind.parent.kind} "{parent}"' if kind.parent and parent else "")
