"""Raw entities -> entities with addresses, checked one by one. What they refer to is not looked at here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from billsync.config.checks.schema_errors import Later, diagnostics_of
from billsync.config.checks.soundness import SoundPart, sound_part
from billsync.config.checks.validators import Validator
from billsync.config.checks.words import found_node
from billsync.config.documents.document import RawEntity
from billsync.config.documents.library import Expansion
from billsync.config.documents.sourced import keys_from_outside, sources_in, typed_map
from billsync.config.text.finding import Findings, finding
from billsync.config.text.node import MapNode, Places, is_null, nearest, plain, text_of
from billsync.core.declared.check import problems, value_problems
from billsync.kinds.registry import LATER_FIELDS
from billsync.model.address import Address
from billsync.model.diagnostic import Diagnostic, Position
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Kind
from billsync.model.state import Entity
from billsync.model.value import Fields
from billsync.schema.codes import diagnostic_of


@dataclass(frozen=True, slots=True)
class Expanded:
    """One entity after the library and the defaults. `whole` also has the field that names its parent."""

    kind: Kind
    whole: MapNode
    node: MapNode
    parent: str | None


def expand(raw: RawEntity, expansion: Expansion) -> Expanded:
    """The entity with everything filled in that these files say elsewhere."""
    kind = raw.kind
    whole = expansion.entity(kind.name, raw.node)
    if kind.default_key is not None and kind.key not in whole.entries:
        whole = whole.with_text(kind.key, kind.default_key, whole.place)
    if kind.parent is None or raw.parent is not None:
        return Expanded(kind, whole, whole, raw.parent)
    parent = text_of(whole.get(kind.parent.kind))
    return Expanded(kind, whole, whole.without(kind.parent.kind), parent)


@dataclass(frozen=True, slots=True)
class Checked:
    """The entities that have an address, in the order of the files, and which of them are wrong in themselves."""

    entities: tuple[Entity, ...]
    unsound: frozenset[Address]


def check(
    expanded: Iterable[Expanded],
    validators: Mapping[str, Validator],
    findings: Findings,
    *,
    unfinished: Collection[Position],
    has_sources: bool = False,
) -> Checked:
    """The entities, each declared once; all mistakes are reported, also in entities without an address.

    In `unfinished` places, missing fields aren't reported. Unless the files have sources, none are looked for.
    """
    declared: dict[Address, Entity] = {}
    unsound: set[Address] = set()
    for written in expanded:
        sources = sources_in(written.node) if has_sources else {}
        item = _typed(written) if sources else written
        fields = plain(item.node)
        diagnostics = tuple(_diagnostics(item, fields, validators[item.kind.name]))
        if has_sources:
            diagnostics = (*diagnostics, *keys_from_outside(item.kind, item.whole))
        findings.extend(d for d in diagnostics if d.code != "missing-field" or d.position not in unfinished)
        if address := _address(item):
            entity = Entity(address, fields, item.node.place, Places(item.whole), sources)
            if diagnostics:
                unsound.add(address)
            if (earlier := declared.setdefault(address, entity)) is not entity:
                findings.add("declared-twice", entity.position, _twice(entity, earlier), "Remove one of them.")
    return Checked(tuple(declared.values()), frozenset(unsound))


def _typed(written: Expanded) -> Expanded:
    """The entity with the types of its fields in values that came from outside."""
    node = typed_map(written.kind.record, written.node)
    return replace(written, node=node, whole=node if written.whole is written.node else written.whole)


def _diagnostics(item: Expanded, fields: Fields, validator: Validator) -> Iterator[Diagnostic]:
    yield from _parent_problems(item)
    if not validator.is_valid(fields):
        yield from diagnostics_of(validator.iter_errors(fields), item.node, later=_later(item.kind))
        yield from _further(item.kind, sound_part(item.node, validator, item.kind.record))
        return
    for problem in problems(item.kind, fields):
        yield diagnostic_of(problem, nearest(item.node, problem.path))


def _further(kind: Kind, part: SoundPart) -> Iterator[Diagnostic]:
    """Return the problems in the rest of an entity that its schema refuses, so that all are reported at once."""
    for problem in value_problems(kind, plain(part.values)):
        yield diagnostic_of(problem, nearest(part.values, problem.path))
    if part.node is None:
        return
    for problem in problems(kind, plain(part.node)):
        if part.can_be_judged(problem.path):
            yield diagnostic_of(problem, nearest(part.node, problem.path))


def _later(kind: Kind) -> Later:
    return {(): LATER_FIELDS.get(kind.name, frozenset())}


def _parent_problems(item: Expanded) -> Iterator[Diagnostic]:
    """A top-level entity of a kind that belongs to another names that one."""
    parent = item.kind.parent
    if parent is None or item.node is item.whole:
        return
    node = item.whole.get(parent.kind)
    if node is None or is_null(node):
        hint = f"Write `{parent.kind}: KEY`, or put it under the {parent.kind}."
        yield finding("missing-field", item.whole.place, f'"{parent.kind}" is required', hint)
    elif item.parent is None:
        yield finding("wrong-type", node.place, f"{parent.kind}: expected a key, found {found_node(node)}", "Quote it.")


def _address(item: Expanded) -> Address | None:
    key = text_of(item.node.get(item.kind.key))
    if key is None:
        return None
    if item.kind.parent is None:
        return Address(item.kind.name, (key,))
    return Address(item.kind.name, (item.parent, key)) if item.parent else None


def _twice(entity: Entity, earlier: Entity) -> str:
    kind = entity.address.kind.replace("_", " ")
    owner = f' of "{entity.address.parents[-1]}"' if entity.address.parents else ""
    place = earlier.position
    return f'{kind} "{entity.address.key}"{owner} is already declared at {place.file}:{place.line}'
