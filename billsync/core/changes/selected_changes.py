"""The changes of a selection: those of chosen entities, and those that they need. Nothing else is written or shown.

The whole difference is worked out first, so that a change is the same whether others are selected or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from billsync.core.changes.conflicts import block_dependents, refuse_held_names
from billsync.core.changes.planned import Context, Planned
from billsync.core.observed.refusals import UNSELECTED
from billsync.model.address import Address


def within_selection(changes: Iterable[Planned], context: Context) -> tuple[Planned, ...]:
    """The changes of chosen entities, and every change of which they need a step.

    A change that needs the end of something which is no longer declared and not chosen is blocked: a run deletes
    within its selection only.
    """
    found = tuple(changes)
    if context.desired.selection.is_whole:
        return found
    while True:
        kept = _needed(found, context)
        if not (needs := _outside(kept, found, context)):
            return kept
        blocked = tuple(_blocked(planned, needs, context) for planned in found)
        found = block_dependents(refuse_held_names(blocked, context))


def _needed(changes: tuple[Planned, ...], context: Context) -> tuple[Planned, ...]:
    """The chosen changes and those with a step that one of them needs, in their order."""
    by_step = {step.id: number for number, planned in enumerate(changes) for step in planned.steps}
    kept = {number for number, planned in enumerate(changes) if _is_included(planned.change.address, context)}
    waiting = list(kept)
    while waiting:
        for step in changes[waiting.pop()].steps:
            more = {by_step[need] for need in step.needs if need in by_step} - kept
            more = {number for number in more if _may_be_needed(changes[number], context)}
            kept |= more
            waiting.extend(more)
    return tuple(changes[number] for number in sorted(kept))


def _is_included(address: Address, context: Context) -> bool:
    """Whether a change is of the selection: its entity is, or belongs to a chosen one that is no longer declared."""
    selection = context.desired.selection
    kind = context.registry.get(address.kind)
    parent = Address(kind.parent.kind, address.parents) if kind and kind.parent else None
    is_leaving = parent is not None and parent not in context.entities and selection.chooses(parent)
    return selection.includes(address) or is_leaving


def _may_be_needed(planned: Planned, context: Context) -> bool:
    """Whether a change may be made because another one needs it: its entity is declared."""
    return planned.change.address.unversioned() in context.entities


def _outside(
    kept: tuple[Planned, ...], changes: tuple[Planned, ...], context: Context
) -> Mapping[str, tuple[Planned, ...]]:
    """By the first step of a kept change, the changes outside that it needs."""
    own = {step.id for planned in kept for step in planned.steps}
    others = {step.id: planned for planned in changes for step in planned.steps if step.id not in own}
    found: dict[str, tuple[Planned, ...]] = {}
    for planned in kept:
        needs = dict.fromkeys(need for step in planned.steps for need in step.needs if need in others)
        if needs:
            found[planned.steps[0].id] = tuple(others[need] for need in needs)
    return found


def _blocked(planned: Planned, needs: Mapping[str, tuple[Planned, ...]], context: Context) -> Planned:
    others = needs.get(planned.steps[0].id, ()) if planned.steps else ()
    if not others:
        return planned
    change = others[0].change
    names = f"{change.address.kind}/{'/'.join(change.address.names)}"
    is_since = context.desired.selection.chosen is not None
    way_out = "compare everything: leave --since out" if is_since else f"select it, too: --select {names}"
    return planned.refused(UNSELECTED, steps=f"{change.verb} {change.address.text}", names=names, way_out=way_out)
