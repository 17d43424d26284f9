"""Append-only: created once; any difference is refused, as a live entity can never be changed."""

from __future__ import annotations

from billsync.core.compare import field_changes
from billsync.core.index import state_of
from billsync.core.lifecycle.record import create, with_live_key
from billsync.core.ownership import owner_labels
from billsync.core.planned import Context, Planned, names_of, note, refused
from billsync.core.refusals import IMMUTABLE_ENTITY
from billsync.core.view import complete
from billsync.model.kind import Kind, State
from billsync.model.state import Entity, Row
from billsync.model.value import Fields, canonical


def append_only_change(context: Context, entity: Entity) -> Planned | None:
    """Return the change of a declared entity: None, a create, or a refusal that shows both sides."""
    kind = context.registry[entity.address.kind]
    row = context.index.records.get(entity.address)
    want = context.want(entity)
    if row is None:
        return _made(context, entity, complete(kind, want, None, owner_labels(kind, context.desired.owner)))
    have = context.view(row, compared_with=want)
    target = complete(kind, with_live_key(kind, want, have), have, {})
    if canonical(have) == canonical(target):
        return _taken_back(kind, entity, row)
    changes = field_changes(kind.record, have, target)
    return refused(
        entity.address,
        IMMUTABLE_ENTITY,
        fields=changes,
        kind=kind.name,
        names=names_of(changes),
        way_out=kind.immutable_hint,
    )


def _made(context: Context, entity: Entity, want: Fields) -> Planned:
    """The create, with the fields that depend on its moment; a note if its time is already over."""
    kind = context.registry[entity.address.kind]
    sent = kind.at_creation(want, context.now) if kind.at_creation else want
    if sent is not None:
        return create(context, entity, sent)
    return note(
        entity.address,
        code="over",
        reason=f"it doesn't exist, and its end has passed: no {kind.name} is made",
        hint="remove it from the files",
    )


def _taken_back(kind: Kind, entity: Entity, row: Row) -> Planned | None:
    """Return a note if the entity is as declared but was voided; its key can't be used again (customer-facts.md
    §7.4)."""
    if state_of(kind, row.fields) is not State.TAKEN_BACK:
        return None
    return note(
        entity.address,
        code="voided",
        reason=f"its credit was voided at {row.fields.get('voided_at')}; billsync won't issue it again",
        hint="declare another one under another key, or remove this one from the files",
    )
