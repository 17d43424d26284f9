"""The entities besides their own on which steps were decided: those that they refer and belong to, as they were read.

Entities that the run itself writes are not among it: their own steps look at them, and what refers to them needs those
steps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from billsync.core.changes.order import symbols_of
from billsync.core.changes.planned import Context
from billsync.core.lifecycle.offered import row_of
from billsync.core.observed.index import state_of
from billsync.core.secrets.unmasking import recognized
from billsync.core.views.compare import field_changes, said
from billsync.model.address import Address, Symbol, chain_of, symbols_in, whole_of
from billsync.model.change import Expectation, PlanFile, Reading, Step
from billsync.model.kind import Archetype, Kind, Registry, State
from billsync.model.shape import Reference
from billsync.model.state import Row
from billsync.model.value import Fields, Plain, canonical
from billsync.model.walk import shapes_in


def decided_on(kind: Kind) -> Mapping[str, frozenset[str]]:
    """By kind, the fields of the entities on which one of this kind is decided: of those that it refers to, and of
    its parent."""
    found: dict[str, frozenset[str]] = defaultdict(frozenset)
    for shape in shapes_in(kind.record):
        if isinstance(shape, Reference):
            found[shape.kind] |= frozenset(shape.decides)
    if kind.parent is not None:
        found[kind.parent.kind] |= frozenset(kind.parent.decides)
    return dict(found)


def readings(context: Context, steps: Sequence[Step]) -> tuple[Reading, ...]:
    """The readings of a run's steps, sorted; each with the steps that were decided on it."""
    written = {_entity(step.address) for step in steps}
    tables = {name: decided_on(context.registry[name]) for name in {address.kind for address in written}}
    found: dict[tuple[Address, frozenset[str]], list[str]] = defaultdict(list)
    for step in steps:
        table = tables[_entity(step.address).kind]
        for address in _named(step):
            if address.kind in table and address not in written:
                found[address, table[address.kind]].append(step.id)
    replaced = {address.unversioned() for address in written if address.version is not None}
    ordered = sorted(found.items(), key=lambda item: (item[0][0].order, sorted(item[0][1])))
    made = (_reading(context, address, fields, ids, replaced) for (address, fields), ids in ordered)
    return tuple(reading for reading in made if reading is not None)


def _entity(address: Address) -> Address:
    """The entity that a step's address belongs to: of a member of a list, the whole; of a link, the chain."""
    part = whole_of(chain_of(address))
    return part[0] if part else chain_of(address)


def _named(step: Step) -> frozenset[Address]:
    """The entities that a step's call names, and those that its entity refers to only afterwards."""
    before, after = (frozenset(symbols_in(side.view)) for side in (step.before, step.after))
    return frozenset(symbols_of(step)) | (after - before)


def _reading(
    context: Context,
    address: Address,
    fields: Iterable[str],
    ids: Iterable[str],
    replaced: Container[Address],
) -> Reading | None:
    """The reading of an entity; None of one that wasn't read, as this run makes it.

    A version that this run replaces may be archived by then: that is its own doing.
    """
    row = _row(context, address)
    if row is None:
        return None
    kind = context.registry[address.kind]
    seen = context.view(row)
    unread = {part.field for part in context.routes[kind.name].parts} - row.fields.keys()
    counted = tuple(sorted(set(fields) - unread))
    states = [state for state in (state_of(kind, row.fields),) if state is not None]
    allowed = [*states, State.OVER] if address.unversioned() in replaced else states
    view = {name: seen[name] for name in counted if name in seen}
    return Reading(address, Expectation(view, kind.words(*allowed)), tuple(ids), counted)


def _row(context: Context, address: Address) -> Row | None:
    if context.registry[address.kind].archetype is Archetype.VERSIONED:
        return row_of(context, address)
    return context.index.records.get(address)


Filled: TypeAlias = Mapping[Address, tuple[tuple[str, Plain], ...]]
"""By entity, the fields that the server may have filled in, each with a value that it may have then."""


def filled_in(plan_file: PlanFile, registry: Registry) -> Filled:
    """The fields of parents that the server fills in when the plan file's own steps make children."""
    views = {
        **{reading.address: reading.expected.view for reading in plan_file.readings},
        **{step.address: step.after.view for step in plan_file.steps if step.after.view is not None},
    }
    found: dict[Address, tuple[tuple[str, Plain], ...]] = defaultdict(tuple)
    for address in (_entity(step.address) for step in plan_file.steps):
        parent = registry[address.kind].parent
        for name, path in parent.fills.items() if parent else ():
            value = _value_at(views, views.get(address), path)
            if parent and value is not None:
                found[Address(parent.kind, address.parents)] += ((name, value),)
    return dict(found)


def _value_at(views: Mapping[Address, Fields | None], view: Fields | None, path: Sequence[str]) -> Plain:
    """The value at a path of a view, which may lead through references into other views."""
    value: Plain = view
    for name in path:
        value = views.get(value.address) if isinstance(value, Symbol) else value
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def departure(kind: Kind, reading: Reading, *, view: Fields | None, status: str, filled: Filled) -> str:
    """The departure of an entity from what was read of it, with old and new; empty if there is none.

    A field that was absent may have been filled in by the server since.
    """
    return "; ".join(_differences(kind, reading, view, status, filled.get(reading.address, ())))


def _differences(
    kind: Kind, reading: Reading, view: Fields | None, status: str, filled: Collection[tuple[str, Plain]]
) -> Iterator[str]:
    expected = reading.expected
    if view is None:
        yield "it is no longer there"
        return
    want = expected.view or {}
    seen = {
        name: value
        for name, value in view.items()
        if (reading.fields is None or name in reading.fields) and (name in want or (name, value) not in filled)
    }
    have = recognized(seen, want)
    if canonical(have) != canonical(want):
        for change in field_changes(kind.record, have, want):
            yield f"{change.name} is {said(change.old)}, was {said(change.new)}"
    if expected.statuses and status not in expected.statuses:
        yield f"its status is {status!r}, was {expected.statuses[0]!r}"
