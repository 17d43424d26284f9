"""A state of an entity that only moves forward: the call that moves it to the declared one, never back."""

from __future__ import annotations

from billsync.core.changes.planned import Context, Planned, call_of, refused, step_id
from billsync.core.lifecycle.holder import not_ours
from billsync.core.observed.ownership import labels_of
from billsync.core.observed.refusals import NEVER_BACK, NO_CALL, UNKNOWN_VALUE
from billsync.model.address import Address
from billsync.model.change import Action, Change, Expectation, FieldChange, Step
from billsync.model.frozen import replace
from billsync.model.kind import Kind, Progress
from billsync.model.labels import RESTORED
from billsync.model.state import Entity, Row
from billsync.model.value import Fields, Plain


def reached(kind: Kind, row: Fields) -> dict[str, Plain]:
    """The state that a live entity has moved to, as a file declares it; empty for the first state, and for kinds and
    entities without states."""
    form = kind.progress
    state = _live(kind, form, row) if form else None
    return {form.field: state} if form and state in form.states[1:] else {}


def _live(kind: Kind, form: Progress, row: Fields) -> Plain:
    return kind.facts(row).get(form.field) if kind.facts else None


def moving_forward(context: Context, entity: Entity, row: Row, have: Fields) -> Planned | None:
    """Return the change that moves a live entity to its declared state, or a refusal of it; None if it is there."""
    kind = context.registry[entity.address.kind]
    form, wanted = kind.progress, _wanted(kind, entity)
    if form is None or wanted is None or RESTORED in labels_of(row.fields):  # a restore makes it without its progress
        return None
    live = _live(kind, form, row.fields)
    changes = (FieldChange((form.field,), live, wanted),)
    if live not in form.states:
        return refused(entity.address, UNKNOWN_VALUE, fields=changes, values=f"{form.field}: {live!r}")
    if live == wanted:
        return None
    return (
        not_ours(context, entity, row, changes)
        or _backwards(form, entity, changes)
        or _impossible(context, kind, form, entity.address, changes)
        or _forward(context, form, entity.address, have, changes)
    )


def _wanted(kind: Kind, entity: Entity) -> str | None:
    wanted = entity.fields.get(kind.progress.field) if kind.progress else None
    return wanted if isinstance(wanted, str) else None


def _backwards(form: Progress, entity: Entity, changes: tuple[FieldChange, ...]) -> Planned | None:
    (change,) = changes
    if form.states.index(change.old) < form.states.index(change.new):
        return None
    return refused(
        entity.address,
        NEVER_BACK,
        fields=changes,
        verb=form.verb,
        name=form.field,
        live=change.old,
        wanted=change.new,
    )


def _impossible(
    context: Context, kind: Kind, form: Progress, address: Address, changes: tuple[FieldChange, ...]
) -> Planned | None:
    if context.routes[kind.name].can(form.call):
        return None
    return refused(address, NO_CALL, fields=changes, verb=form.verb, call=form.call, kind=kind.name)


def _forward(
    context: Context, form: Progress, address: Address, have: Fields, changes: tuple[FieldChange, ...]
) -> Planned:
    (change,) = changes
    step = _step(context, form, address, have, live=change.old, wanted=change.new)
    return Planned(Change(address, Action.UPDATE, form.verb, fields=changes, steps=(step.id,)), (step,))


def _step(context: Context, form: Progress, address: Address, view: Fields, *, live: Plain, wanted: Plain) -> Step:
    """The call, which isn't idempotent: the state before and after it is looked at (customer-facts.md §7.5)."""
    return Step(
        id=step_id(address, form.call),
        address=address,
        verb=form.verb,
        call=call_of(context, address, form.call, {form.sent: wanted}),
        before=Expectation(view, facts={form.field: live}),
        after=Expectation(view, facts={form.field: wanted}),
    )


def made_and_moved(context: Context, entity: Entity, made: Planned) -> Planned:
    """The create of an entity, followed by the call that moves it to its declared state."""
    kind = context.registry[entity.address.kind]
    form, wanted = kind.progress, _wanted(kind, entity)
    if form is None or wanted is None or not made.steps:
        return made
    if refusal := _impossible(context, kind, form, entity.address, ()):
        return refusal
    view = made.steps[-1].after.view
    assert view is not None
    step = _step(context, form, entity.address, view, live=form.states[0], wanted=wanted)
    steps = (*made.steps, replace(step, needs=(made.steps[-1].id,)))
    return replace(made, change=replace(made.change, steps=tuple(each.id for each in steps)), steps=steps)
