"""Labels that a server keeps and doesn't show, or not of this entity: never expected, and refused where declared."""

from __future__ import annotations

from billsync.core.changes.planned import Context, Planned, refused
from billsync.core.observed.hidden import hides_labels, is_shown, labels_are_known
from billsync.core.observed.refusals import HIDDEN_LABELS
from billsync.core.views.hidden_fields import labels_inside, without_hidden
from billsync.model.state import Entity, Row
from billsync.model.value import Fields


def visible(context: Context, kind: str, want: Fields) -> Fields:
    """The part of a wanted view that the server will show."""
    table = context.registry[kind]
    where = context.routes[kind].hidden
    if not hides_labels(table) or (where and is_shown(want, where) and kind not in context.snapshot.unread):
        return want
    seen: Fields = without_hidden(table.record, want)
    return seen


def unshown_labels(context: Context, entity: Entity, want: Fields, active: Row | None) -> Planned | None:
    """The refusal of declared labels that can't be compared, or None."""
    kind = context.registry[entity.address.kind]
    if not hides_labels(kind) or not labels_inside(kind.record, want):
        return None
    reason = _why(context, entity.address.kind, want, active)
    if reason is None:
        return None
    return refused(entity.address, HIDDEN_LABELS, why=reason)


def _why(context: Context, kind: str, want: Fields, active: Row | None) -> str | None:
    where = context.routes[kind].hidden
    if where is None:
        return f"this server keeps the labels of a {kind} and never shows them"
    if kind in context.snapshot.unread:
        return f"the live labels could not be read ({context.snapshot.unread[kind]})"
    if not is_shown(want, where) or (active is not None and not labels_are_known(active.fields)):
        return f"the server doesn't show those of this {kind} (API v1, which shows labels, can't represent it)"
    return None
