"""Append-only: created once, moved forward, and taken back for good; any other difference is refused, as a live entity
never changes."""

from __future__ import annotations

from billsync.core.changes.planned import Context, Planned, names_of, note, refused
from billsync.core.lifecycle.progress import made_and_moved, moving_forward
from billsync.core.lifecycle.record import create, in_sequence, with_live_key
from billsync.core.lifecycle.taken_back import is_taken_back, never_made, taking_back
from billsync.core.observed.ownership import labels_of_ours
from billsync.core.observed.refusals import IMMUTABLE_ENTITY
from billsync.core.views.compare import field_changes
from billsync.core.views.view import complete
from billsync.model.change import Outcome
from billsync.model.frozen import replace
from billsync.model.state import Entity
from billsync.model.value import Fields, canonical


def append_only_change(context: Context, entity: Entity) -> Planned | None:
    """Return the change of a declared entity: None, a create, calls on it, or a refusal that shows both sides."""
    kind = context.registry[entity.address.kind]
    row = context.index.records.get(entity.address)
    want = context.want(entity)
    if row is None:
        return _made(context, entity, complete(kind, want, None, labels_of_ours(kind, context.desired)))
    have = context.view(row, compared_with=want)
    target = complete(kind, with_live_key(kind, want, have), have, {})
    if canonical(have) == canonical(target):
        return _together(moving_forward(context, entity, row, have), taking_back(context, entity, row, have))
    changes = field_changes(kind.record, have, target)
    return refused(
        entity.address,
        IMMUTABLE_ENTITY,
        fields=changes,
        kind=kind.name,
        names=names_of(changes),
        way_out=kind.immutable_hint,
    )


def _together(*found: Planned | None) -> Planned | None:
    """The changes of one entity as one; a refusal of any of them stands for all, so that nothing is half done."""
    planned = [each for each in found if each is not None]
    refusals = [each for each in planned if each.change.outcome in (Outcome.REFUSED, Outcome.UNMANAGEABLE)]
    changes = refusals[:1] or [each for each in planned if each.steps]
    if len(changes) < 2:
        return next(iter(changes or planned), None)
    steps = in_sequence(tuple(step for each in changes for step in each.steps))
    fields = tuple(field for each in changes for field in each.change.fields)
    last = changes[-1].change
    return Planned(replace(last, fields=fields, steps=tuple(step.id for step in steps)), steps)


def _made(context: Context, entity: Entity, want: Fields) -> Planned:
    """The create, with the fields that depend on its moment; a note if its time is already over, or if it is declared
    as taken back."""
    kind = context.registry[entity.address.kind]
    if is_taken_back(kind, entity.fields):
        return never_made(kind, entity)
    sent = kind.at_creation(want, context.now) if kind.at_creation else want
    if sent is not None:
        return made_and_moved(context, entity, create(context, entity, sent))
    return note(
        entity.address,
        code="over",
        reason=f"it doesn't exist, and its end has passed: no {kind.name} is made",
        hint="remove it from the files",
    )
