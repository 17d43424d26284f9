"""The sound part of an entity: without the fields that its schema refuses, so that other mistakes are reported, too."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from billsync.config.checks.failure import Failure, failure_of
from billsync.config.checks.schema_errors import leaves
from billsync.config.checks.validators import Validator
from billsync.config.text.node import Entry, ListNode, MapNode, Node, ScalarNode, at, plain
from billsync.model.diagnostic import Position
from billsync.model.frozen import dataclass
from billsync.model.kind import Path
from billsync.model.shape import ListOf, Record, Shape

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_ROUNDS = 20
"""Each round takes something out that the one before left incomplete: a card without its price, a phase without it."""
_PLACEHOLDER = "…"
_ABSENCES = ("required", "requiredOne", "minItems", "minProperties")
_UNKNOWN = ("additionalProperties", "unevaluatedProperties")


@dataclass(frozen=True, slots=True)
class SoundPart:
    """The part of an entity that can be checked further.

    `values` is the entity without wrong values; `node` is also without what lacks a field, None where the entity does
    itself. `incomplete` are the places of the maps that something was taken out of: of what stands in them, only
    single values can be judged. `thinned` are lists without some members, and the maps that hold them: nothing can be
    said about these themselves.
    """

    values: MapNode
    node: MapNode | None
    incomplete: frozenset[Position]
    thinned: frozenset[Position]

    def can_be_judged(self, path: Path) -> bool:
        """Whether nothing was taken out of any map around a place, so that a finding there is no mere consequence."""
        nodes = [at(self.node, path[:depth]) for depth in range(len(path) + 1)] if self.node else []
        places = [node.place for node in nodes if node is not None]
        return self.incomplete.isdisjoint(places) and self.thinned.isdisjoint(places[-1:])


def sound_part(node: MapNode, validator: Validator, record: Record) -> SoundPart:
    """The entity without its faults."""
    faults = [fault for error in validator.iter_errors(plain(node)) for fault in _faults(error, _ABSENCES)]
    values = _pruned(node, (path for path, _ in faults))
    incomplete: set[Position] = set()
    thinned: set[Position] = set()
    for _ in range(_ROUNDS):
        errors = list(validator.iter_errors(plain(node)))
        if not errors:
            return SoundPart(values, node, frozenset(incomplete), frozenset(thinned))
        faults = [fault for error in errors for fault in _faults(error)]
        for path in (path for path, matters in faults if matters and path):
            (thinned if _is_member(record, path) else incomplete).update(_holders(node, path))
        pruned = _completed(_pruned(node, (path for path, _ in faults)), errors)
        if pruned == node:
            break
        node = pruned
    return SoundPart(values, None, frozenset(incomplete), frozenset(thinned))


def _faults(error: ValidationError, without: Collection[str] = ()) -> Iterator[tuple[Path, bool]]:
    """Return the paths to take out, and whether a check could miss them: none needs a free text or an unknown field."""
    for failure in leaves(failure_of(error)):
        if failure.rule in _UNKNOWN and isinstance(failure.value, Mapping):
            known = failure.schema.get("properties", {})
            yield from (((*failure.path, name), False) for name in failure.value if name not in known)
        elif failure.rule not in without:
            yield failure.path, not _is_free_text(failure.schema)


def _holders(node: Node, path: Path) -> Iterator[Position]:
    """The innermost map that a place is in, and the lists between the two."""
    for depth in range(len(path) - 1, -1, -1):
        holder = at(node, path[:depth])
        if holder is not None:
            yield holder.place
        if isinstance(holder, MapNode):
            return


def _is_member(shape: Shape, path: Path) -> bool:
    """Whether a place is a member of a list whose order means nothing: the others are no worse without it."""
    for part in path[:-1]:
        if isinstance(shape, ListOf):
            shape = shape.item
        elif isinstance(shape, Record) and part in shape.fields:
            shape = shape.fields[str(part)].shape
        else:
            return False
    return isinstance(shape, ListOf) and shape.as_set


def _completed(node: MapNode, errors: Iterable[ValidationError]) -> MapNode:
    """The entity with something in the place of a free text that it needs and lacks: no check is about that."""
    for failure in map(failure_of, errors):
        for name in _missing(failure, node):
            if _is_free_text(failure.schema["properties"].get(name, {})):
                node = node.with_text(name, _PLACEHOLDER, node.place)
    return node


def _missing(failure: Failure, node: MapNode) -> Iterator[str]:
    if failure.rule == "required" and not failure.path:
        yield from (name for name in failure.limit if name not in node.entries)


def _is_free_text(schema: Mapping[str, object]) -> bool:
    return schema.get("type") == "string" and not schema.keys() & {"enum", "pattern"}


def _pruned(node: MapNode, paths: Iterable[Path]) -> MapNode:
    """The map without the values at the paths; the root itself stays."""
    return _map_without(node, _by_step(path for path in paths if path))


def _by_step(paths: Iterable[Path]) -> Mapping[str | int, set[Path]]:
    steps: dict[str | int, set[Path]] = {}
    for path in paths:
        steps.setdefault(path[0], set()).add(path[1:])
    return steps


def _without(node: Node, paths: set[Path]) -> Node | None:
    if () in paths or isinstance(node, ScalarNode):
        return None
    steps = _by_step(paths)
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
