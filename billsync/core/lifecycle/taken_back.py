"""Taking an entity back for good, where the files declare that: one call, guarded, and never undone."""

from __future__ import annotations

from billsync.core.changes.planned import Context, Planned, call_of, note, refused, step_id
from billsync.core.lifecycle.holder import not_ours
from billsync.core.observed.index import state_of, status_of
from billsync.core.observed.ownership import labels_of
from billsync.core.observed.refusals import NO_CALL, NOTHING_TO_TAKE_BACK
from billsync.model.address import Address
from billsync.model.change import Action, Change, Expectation, FieldChange, Step
from billsync.model.kind import Kind, State, TakingBack
from billsync.model.labels import SPENT
from billsync.model.state import Entity, Row
from billsync.model.value import Fields


def is_taken_back(kind: Kind, fields: Fields) -> bool:
    """Whether declared fields say that the entity is to be taken back."""
    return kind.taking_back is not None and fields.get(kind.taking_back.field) == kind.taking_back.value


def never_made(kind: Kind, entity: Entity) -> Planned:
    """The note about an entity that is declared as taken back and isn't there: none is made for that."""
    return note(
        entity.address,
        code="never-made",
        reason=f"it is declared as taken back and doesn't exist: no {kind.name} is made",
        hint="remove it from the files",
    )


def taking_back(context: Context, entity: Entity, row: Row, have: Fields) -> Planned | None:
    """Return the change that takes a live entity back, a refusal of it, or a note about one that was taken back
    although the files don't say so. None if nothing is to be done."""
    kind = context.registry[entity.address.kind]
    wanted = is_taken_back(kind, entity.fields)
    if SPENT in labels_of(row.fields):  # a restore made it used up, however it was before
        return None
    if state_of(kind, row.fields) is State.TAKEN_BACK:
        return None if wanted else _elsewhere(kind, entity, row)
    if not wanted or kind.taking_back is None:
        return None
    changes = (FieldChange((kind.taking_back.field,), status_of(kind, row.fields), kind.taking_back.value),)
    return (
        not_ours(context, entity, row, changes)
        or _hindered(context, kind.taking_back, entity, row, changes)
        or _taking_back(context, kind.taking_back, entity.address, have, changes)
    )


def _elsewhere(kind: Kind, entity: Entity, row: Row) -> Planned:
    """The note about an entity that somebody else took back; its key can't be used again (customer-facts.md §7.4)."""
    declare = f"declare `{kind.taking_back.field}: {kind.taking_back.value}`, or " if kind.taking_back else ""
    return note(
        entity.address,
        code="voided",
        reason=f"its credit was voided at {row.fields.get('voided_at')}; billsync won't issue it again",
        hint=f"{declare}declare another one under another key, or remove this one from the files",
    )


def _hindered(
    context: Context, form: TakingBack, entity: Entity, row: Row, changes: tuple[FieldChange, ...]
) -> Planned | None:
    """The refusal of a call that this server doesn't have, or that it would refuse."""
    kind = context.registry[entity.address.kind]
    if not context.routes[kind.name].can(form.call):
        return refused(entity.address, NO_CALL, fields=changes, verb=form.verb, call=form.call, kind=kind.name)
    hindrance = form.hindrance(row.fields, context.now)
    if hindrance is None:
        return None
    why, way_out = hindrance
    return refused(
        entity.address, NOTHING_TO_TAKE_BACK, fields=changes, verb=form.verb, call=form.call, why=why, way_out=way_out
    )


def _taking_back(
    context: Context, form: TakingBack, address: Address, have: Fields, changes: tuple[FieldChange, ...]
) -> Planned:
    kind = context.registry[address.kind]
    step = Step(
        id=step_id(address, form.call),
        address=address,
        verb=form.verb,
        call=call_of(context, address, form.call),
        before=Expectation(have, statuses=kind.words(State.CURRENT)),
        after=Expectation(have, statuses=kind.words(State.TAKEN_BACK)),
    )
    return Planned(Change(address, Action.UPDATE, form.verb, fields=changes, steps=(step.id,)), (step,))
