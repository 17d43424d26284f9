"""Whether a live entity that differs may be changed: only its owner changes it (design.md §4)."""

from __future__ import annotations

from billsync.core.lifecycle.context import Context, Planned, names_of, refused
from billsync.core.marks import OWNER, labels_of
from billsync.model.change import FieldChange
from billsync.model.state import Entity, Row


def not_ours(context: Context, entity: Entity, row: Row, changes: tuple[FieldChange, ...]) -> Planned | None:
    """The refusal to change an entity of another owner, or of none that is known; None where it is ours."""
    kind = context.registry[entity.address.kind]
    if context.owns(kind, row, entity.address.key):
        return None
    other = labels_of(row.fields).get(OWNER)
    if other is not None:
        return refused(
            entity,
            code="other-owner",
            reason=f"it is live, differs in {names_of(changes)}, and belongs to the owner {other!r}",
            hint="declare what is live, list it under `external`, or change it where its owner declares it",
            fields=changes,
        )
    owner = context.desired.owner or "an owner"
    return refused(
        entity,
        code="not-owned",
        reason=f"it is live, differs in {names_of(changes)}, and is not ours (no label names {owner})",
        hint=f"list it under `adopted: {{{kind.collection}: [{entity.address.key}]}}` to take it over, "
        f"or under `external` to only refer to it",
        fields=changes,
    )
