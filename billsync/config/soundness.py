"""The sound part of an entity: without what its schema refuses, so that the other mistakes in it are told, too."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator

from billsync.config.failure import failure_of
from billsync.config.node import Entry, ListNode, MapNode, Node, ScalarNode, at, plain
from billsync.config.schema_errors import leaves
from billsync.model.diagnostic import Position
from billsync.model.kind import Path

_ROUNDS = 20
"""Each round takes something out that the one before left incomplete: a card without its price, a phase without it."""
_PLACEHOLDER = "…"
_ABSENCES = ("required", "requiredOne", "minItems", "minProperties")


@dataclass(frozen=True, slots=True)
class SoundPart:
    """What of an entity can be checked further.

    `values` is the entity without wrong values; `node` is also without what lacks a field, None where the entity does
    itself. `around` are the places of all that something was taken out of: nothing can be said about these themselves.
    """

    values: MapNode
    node: MapNode | None
    around: frozenset[Position]


def sound_part(node: MapNode, validator: Validator) -> SoundPart:
    """The entity without its faults."""
    around: set[Position] = set()
    values = _pruned(node, (path for error in validator.iter_errors(plain(node)) for path in _faults(error, _ABSENCES)))
    for _ in range(_ROUNDS):
        errors = list(validator.iter_errors(plain(node)))
        if not errors:
            return SoundPart(values, node, frozenset(around))
        found = {path for error in errors for path in _faults(error)}
        around.update(position for path in found for position in _above(node, path))
        pruned = _completed(_pruned(node, found), errors)
        if pruned == node:
            break
        node = pruned
    return SoundPart(values, None, frozenset(around))


def _faults(error: ValidationError, without: Collection[str] = ()) -> Iterator[Path]:
    for failure in leaves(failure_of(error)):
        if failure.rule in without:
            continue
        if failure.rule in ("additionalProperties", "unevaluatedProperties") and isinstance(failure.value, Mapping):
            known = failure.schema.get("properties", {})
            yield from ((*failure.path, name) for name in failure.value if name not in known)
        else:
            yield failure.path


def _above(node: Node, path: Path) -> Iterator[Position]:
    for depth in range(len(path)):
        if (holder := at(node, path[:depth])) is not None:
            yield holder.place


def _completed(node: MapNode, errors: Iterable[ValidationError]) -> MapNode:
    """The entity with something in the place of a free text that it needs and lacks: no check is about that."""
    for failure in map(failure_of, errors):
        if failure.rule == "required" and not failure.path:
            for name in failure.limit:
                if name not in node.entries and _is_free_text(failure.schema["properties"].get(name, {})):
                    node = node.with_text(name, _PLACEHOLDER, node.place)
    return node


def _is_free_text(schema: Mapping[str, object]) -> bool:
    return schema.get("type") == "string" and not schema.keys() & {"enum", "pattern"}


def _pruned(node: MapNode, paths: Iterable[Path]) -> MapNode:
    """The map without what stands at the paths; the root itself stays."""
    steps: dict[str | int, set[Path]] = {}
    for path in paths:
        if path:
            steps.setdefault(path[0], set()).add(path[1:])
    return _map_without(node, steps)


def _without(node: Node, paths: set[Path]) -> Node | None:
    if () in paths or isinstance(node, ScalarNode):
        return None
    steps: dict[str | int, set[Path]] = {}
    for path in paths:
        steps.setdefault(path[0], set()).add(path[1:])
    if isinstance(node, MapNode):
        return _map_without(node, steps)
    kept = (_without(item, steps[index]) if index in steps else item for index, item in enumerate(node.items))
    return ListNode(tuple(item for item in kept if item is not None), node.place)


def _map_without(node: MapNode, steps: Mapping[str | int, set[Path]]) -> MapNode:
    entries: dict[str, Entry] = {}
    for name, entry in node.entries.items():
        kept = _without(entry.node, steps[name]) if name in steps else entry.node
        if kept is not None:
            entries[name] = Entry(entry.place, kept)
    return MapNode(entries, node.place)
