"""Documents -> their parts: header, library, patterns and raw entities by collection. Nothing is expanded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from billsync.config.checks.shapes import right_shape
from billsync.config.checks.suggest import did_you_mean
from billsync.config.checks.words import found_node
from billsync.config.text.finding import Findings
from billsync.config.text.node import Entry, ListNode, MapNode, Node, ScalarNode, is_null, plain
from billsync.config.text.reader import MARK
from billsync.kinds.registry import LATER_COLLECTIONS
from billsync.model.frozen import dataclass
from billsync.model.globs import Patterns
from billsync.model.kind import Kind, Registry
from billsync.model.value import Fields, jsonable
from billsync.schema.schema import kind_schema

EDITOR_SCHEMA = "$schema"
"""The field in which a JSON file names its schema for editors; it is ignored here."""

FORMAT_VERSION = "_format_version"
LIBRARY = "rate_cards"
"""The part of a file that isn't a collection of entities: cards by name, whose values are those of entities."""

_SHELL = ("_info", LIBRARY, "external", "adopted", "moved", "forget")
_LATER = frozenset({*LATER_COLLECTIONS, "variants"})
_LISTS = ("moved", "forget")
"""The lists of statements about keys."""


@dataclass(frozen=True, slots=True)
class RawEntity:
    """One entity as written. `parent` is the key of the entity that it is nested in, if it is."""

    kind: Kind
    node: MapNode
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """The contents of the documents by type."""

    header: MapNode | None
    library: Mapping[str, Entry]
    external: Patterns
    adopted: Patterns
    entities: tuple[RawEntity, ...]
    named: frozenset[str]
    moved: tuple[MapNode, ...]
    forget: tuple[MapNode, ...]


class _Gathering:
    """The findings so far."""

    def __init__(self, registry: Registry, findings: Findings) -> None:
        self.findings = findings
        self.kinds = {kind.collection: kind for kind in registry.values()}
        self.singular = {**LATER_COLLECTIONS, **{name: kind.name for name, kind in self.kinds.items()}}
        self.header: MapNode | None = None
        self.library: dict[str, Entry] = {}
        self.patterns: dict[str, dict[str, list[ScalarNode]]] = {"external": {}, "adopted": {}}
        self.entities: list[RawEntity] = []
        self.named: set[str] = set()
        self.lists: dict[str, list[MapNode]] = {name: [] for name in _LISTS}


def gather(documents: Sequence[MapNode], registry: Registry, findings: Findings) -> Contents:
    """The contents of all documents together; misplaced parts are reported and left out."""
    gathering = _Gathering(registry, findings)
    for document in documents:
        for name, entry in document.entries.items():
            _take(name, entry, gathering)
    return Contents(
        gathering.header,
        gathering.library,
        _patterns(gathering.patterns["external"]),
        _patterns(gathering.patterns["adopted"]),
        tuple(gathering.entities),
        frozenset(gathering.named),
        tuple(gathering.lists["moved"]),
        tuple(gathering.lists["forget"]),
    )


def besides(contents: Contents, registry: Registry) -> Fields:
    """The parts that are no entities, without what has been filled in already: the library and the defaults."""
    header = plain(contents.header.without("defaults")) if contents.header else {}
    names = {name: collection for collection, name in LATER_COLLECTIONS.items()}
    names |= {kind.name: kind.collection for kind in registry.values()}
    parts = {
        "_info": header,
        "external": {names[name]: list(texts) for name, texts in contents.external.by_kind.items()},
        "adopted": {names[name]: list(texts) for name, texts in contents.adopted.by_kind.items()},
        "moved": [plain(node) for node in contents.moved],
        "forget": [plain(node) for node in contents.forget],
    }
    return {name: part for name, part in parts.items() if part}


def shell(document: MapNode) -> MapNode:
    """Return the part of a document without its collections, which the schema of the whole file checks."""
    return MapNode({name: entry for name, entry in document.entries.items() if name in _SHELL}, document.place)


def _take(name: str, entry: Entry, gathering: _Gathering) -> None:
    if name in gathering.kinds:
        _take_collection(gathering.kinds[name], entry, gathering)
    elif name == "_info":
        _take_header(entry, gathering)
    elif name == FORMAT_VERSION:
        check_version(entry.node, gathering.findings)
    elif name == LIBRARY:
        _take_library(entry.node, gathering)
    elif name in ("external", "adopted"):
        _take_patterns(name, entry.node, gathering)
    elif name in _LISTS:
        nodes = entry.node.items if isinstance(entry.node, ListNode) else ()
        gathering.lists[name] += [node for node in nodes if isinstance(node, MapNode)]
    elif name in (EDITOR_SCHEMA, MARK):
        pass
    elif name in _LATER:
        gathering.findings.add("not-supported-yet", entry.place, f"`{name}` is not supported by this version")
    else:
        hint = did_you_mean(name, (*gathering.kinds, *_SHELL, FORMAT_VERSION)) or _COLLECTIONS_HINT
        gathering.findings.add("unknown-field", entry.place, f'a file has no field "{name}"', hint)


_COLLECTIONS_HINT = "The collections are plural: `meters`, `plans`, `customers` …"


def _take_collection(kind: Kind, entry: Entry, gathering: _Gathering) -> None:
    gathering.named.add(kind.name)
    for item in list_items(kind.collection, kind, entry, gathering.findings):
        _take_entity(RawEntity(kind, item), gathering)


def list_items(name: str, kind: Kind, entry: Entry, findings: Findings) -> tuple[MapNode, ...]:
    """The maps in a collection of a kind; anything else in its place is reported."""
    if is_null(entry.node):
        detail = f"`{name}:` has no value"
        findings.add("null-collection", entry.place, detail, f"Write `{name}: []` for none, or remove the line.")
        return ()
    if not isinstance(entry.node, ListNode):
        detail = f"{name}: expected a list, found {found_node(entry.node)}"
        findings.add("wrong-type", entry.node.place, detail, _shape_of_list(name, kind, entry.node))
        return ()
    for item in entry.node.items:
        if not isinstance(item, MapNode):
            hint = right_shape("", plain(item), _entity_schema(kind))
            findings.add("wrong-type", item.place, f"{name}: expected a map, found {found_node(item)}", hint)
    return tuple(item for item in entry.node.items if isinstance(item, MapNode))


def _take_entity(raw: RawEntity, gathering: _Gathering) -> None:
    nested: list[RawEntity] = []
    names: list[str] = []
    key = raw.node.get(raw.kind.key)
    parent = key.text if isinstance(key, ScalarNode) else ""
    for kind in gathering.kinds.values():
        if kind.parent and kind.parent.kind == raw.kind.name:
            present = [name for name in (kind.parent.one, kind.parent.many) if name in raw.node.entries]
            names += present
            nested += [RawEntity(kind, node, parent) for node in _nested(kind, present, raw.node, gathering)]
    gathering.entities.append(RawEntity(raw.kind, raw.node.without(*names) if names else raw.node, raw.parent))
    gathering.entities.extend(nested)


def _nested(kind: Kind, present: Sequence[str], node: MapNode, gathering: _Gathering) -> tuple[MapNode, ...]:
    if not present:
        return ()
    gathering.named.add(kind.name)
    entry = node.entries[present[-1]]
    if len(present) > 1:
        detail = " and ".join(f"`{name}`" for name in present) + " are in one map"
        gathering.findings.add("conflicting-fields", entry.place, detail, "Keep one of them.")
    if kind.parent and present[-1] == kind.parent.one:
        return _nested_one(present[-1], kind, entry, gathering.findings)
    return list_items(present[-1], kind, entry, gathering.findings)


def _nested_one(name: str, kind: Kind, entry: Entry, findings: Findings) -> tuple[MapNode, ...]:
    if isinstance(entry.node, MapNode):
        return (entry.node,)
    hint = right_shape(name, plain(entry.node), _entity_schema(kind))
    findings.add("wrong-type", entry.node.place, f"{name}: expected a map, found {found_node(entry.node)}", hint)
    return ()


def _shape_of_list(name: str, kind: Kind, node: Node) -> str:
    return right_shape(name, plain(node), {"type": "array", "items": _entity_schema(kind)})


def _entity_schema(kind: Kind) -> Mapping[str, Any]:
    """The kind's schema, without a key where the kind has a default one, and with the kind's example, short."""
    schema = kind_schema(kind)
    needed = [name for name in schema.get("required", ()) if kind.default_key is None or name != kind.key]
    example = {name: value for name, value in kind.example.items() if name in (kind.key, *needed)}
    return {**schema, "required": needed, "examples": [jsonable(example)]}


def _take_header(entry: Entry, gathering: _Gathering) -> None:
    if not isinstance(entry.node, MapNode):
        return
    if gathering.header is None:
        gathering.header = entry.node
    elif plain(gathering.header) != plain(entry.node):
        place = gathering.header.place
        detail = f"another one is at {place.file}:{place.line}"
        gathering.findings.add("two-headers", entry.place, detail, "Keep `_info` in one file.")


def check_version(node: Node, findings: Findings) -> None:
    """Report a `_format_version` that this billsync can't read."""
    if not isinstance(node, ScalarNode) or node.text != "1.0":
        written = f'"{node.text}"' if isinstance(node, ScalarNode) else found_node(node)
        findings.add("format-version", node.place, f"{written} is not a version that can be read", "Write `1.0`.")


def _take_library(node: Node, gathering: _Gathering) -> None:
    for name, entry in node.entries.items() if isinstance(node, MapNode) else ():
        if name in gathering.library:
            first = gathering.library[name].place
            detail = f'library card "{name}" is already at {first.file}:{first.line}'
            gathering.findings.add("declared-twice", entry.place, detail, "Remove one of them, or rename it.")
        else:
            gathering.library[name] = entry


def _take_patterns(name: str, node: Node, gathering: _Gathering) -> None:
    for collection, entry in node.entries.items() if isinstance(node, MapNode) else ():
        kind = gathering.singular.get(collection)
        if kind and isinstance(entry.node, ListNode):
            found = gathering.patterns[name].setdefault(kind, [])
            found.extend(item for item in entry.node.items if isinstance(item, ScalarNode))


def _patterns(found: Mapping[str, Sequence[ScalarNode]]) -> Patterns:
    texts = {
        kind: {item.value: item.place for item in items if isinstance(item.value, str)} for kind, items in found.items()
    }
    return Patterns(
        {kind: tuple(sorted(known)) for kind, known in sorted(texts.items())},
        {(kind, text): place for kind, known in texts.items() for text, place in known.items()},
    )
