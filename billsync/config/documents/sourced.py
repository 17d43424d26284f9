"""Values from outside of the files, by the shape of their field: their types, and the fields that can't have one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from billsync.config.documents.document import LIBRARY
from billsync.config.text.finding import finding
from billsync.config.text.node import Entry, ListNode, MapNode, Node, ScalarNode, plain, sourced
from billsync.config.text.scalars import Unfit, resolve
from billsync.core.secrets.hiding import Mask, source_mask
from billsync.model.diagnostic import Diagnostic
from billsync.model.frozen import replace
from billsync.model.kind import Kind, Path
from billsync.model.shape import (
    Boolean,
    FieldEffect,
    Integer,
    ListOf,
    MapOf,
    Number,
    Record,
    Reference,
    Shape,
    Variant,
)
from billsync.model.source import Source
from billsync.model.walk import case_of, resolved, visit

_KEY_HINT = "Write the value; where it differs between environments, use an overlay (--overlay)."


def sources_in(node: MapNode) -> Mapping[Path, Source]:
    """The source of each value that has one, by path."""
    return {path: value.source for path, value in sourced(node) if value.source is not None}


def typed_map(record: Record, node: MapNode) -> MapNode:
    """An entity with sourced texts as exact numbers or booleans where a field wants one; other texts stay texts."""
    known = record.fields
    entries = {
        name: Entry(entry.place, _typed(known[name].shape, entry.node) if name in known else entry.node)
        for name, entry in node.entries.items()
    }
    return MapNode(entries, node.place)


def _typed(shape: Shape, node: Node) -> Node:
    shape = resolved(shape)
    match shape, node:
        case Record(short=str(short)), ScalarNode():
            return _typed(shape.fields[short].shape, node)
        case Record(), MapNode():
            return typed_map(shape, node)
        case Variant(), MapNode() if case := case_of(shape, plain(node)):
            return typed_map(case, node)
        case ListOf(item=inner), ListNode():
            return ListNode(tuple(_typed(inner, item) for item in node.items), node.place)
        case MapOf(value=inner), MapNode():
            entries = {key: Entry(entry.place, _typed(inner, entry.node)) for key, entry in node.entries.items()}
            return MapNode(entries, node.place)
        case Number() | Integer() | Boolean(), ScalarNode(source=Source()):
            value = resolve(node.text)
            return node if isinstance(value, Unfit) or value is None else replace(node, value=value)
    return node


def keys_from_outside(kind: Kind, whole: MapNode) -> Iterator[Diagnostic]:
    """Yield findings on sourced values in an entity's key, in its references, and in the keys of its members.

    They are parts of addresses, which are shown everywhere.
    """
    values = dict(sourced(whole))
    for path, name in _names(kind, whole) if values else ():
        if path in values:
            detail = f"{name} can't come from {values[path].source.text}, as it is shown everywhere"  # type: ignore[union-attr]
            yield finding("sourced-key", values[path].place, detail, _KEY_HINT)


def _names(kind: Kind, whole: MapNode) -> Iterator[tuple[Path, str]]:
    """Return the paths of values that become parts of names."""
    fields = plain(whole)
    yield (kind.key,), "a key"
    if kind.parent is not None:
        yield (kind.parent.kind,), "a reference"
    if kind.pins is not None:
        yield ("version",), "a version"
    for path, _, _ in kind.mentions(fields) if kind.mentions else ():
        yield path, "a reference"
    for path, shape, value in visit(kind.record, fields):
        match shape:
            case Reference():
                yield path, "a reference"
            case Record(fields=known):
                yield from (
                    ((*path, name), "a key") for name, field in known.items() if field.effect is FieldEffect.IDENTITY
                )
            case Variant(tag=tag):
                yield (*path, tag), f"`{tag}`"
            case ListOf(key=str(key)) if isinstance(value, list):
                yield from (((*path, index, key), "a key") for index in range(len(value)))


def header_from_outside(part: MapNode) -> Iterator[Diagnostic]:
    """Yield findings on sourced values in the parts of a document that are about names and rules."""
    for path, value in sourced(part.without(LIBRARY)):
        text = value.source.text if value.source else ""
        yield finding("sourced-key", value.place, f"`{path[0]}` can't have a value from {text}", _KEY_HINT)


def without_sourced(
    found: Iterable[Diagnostic], documents: Iterable[MapNode], texts: Mapping[Source, str]
) -> tuple[Diagnostic, ...]:
    """The findings without values from outside, whichever of them a message repeats.

    Elsewhere than at the value itself, a short text isn't taken for it.
    """
    near = source_mask(texts, shortest=1)
    far = source_mask(texts)
    places = {value.place for document in documents for _, value in sourced(document)}
    return tuple(_masked(finding, near if finding.position in places else far) for finding in found)


def _masked(found: Diagnostic, mask: Mask) -> Diagnostic:
    return replace(found, detail=mask.whole(found.detail), hint=mask.whole(found.hint))
