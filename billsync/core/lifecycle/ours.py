"""Whether a live entity that differs may be changed: only its owner changes it (design.md §4)."""

from __future__ import annotations

from billsync.core.hidden import hides_labels
from billsync.core.lifecycle.holder import Claim, Holder, holder_of
from billsync.core.planned import Context, Planned, names_of, refused
from billsync.model.change import FieldChange
from billsync.model.kind import Kind
from billsync.model.state import Entity, Row


def not_ours(context: Context, entity: Entity, row: Row, changes: tuple[FieldChange, ...]) -> Planned | None:
    """The refusal to change an entity of another owner, or of none that is known; None where it is ours.

    One that hides its labels and of which nothing tells whose it is isn't refused: a guard asks (`guards`).
    """
    kind = context.registry[entity.address.kind]
    held = holder_of(context, entity.address, row)
    match held.claim:
        case Claim.OURS:
            return None
        case Claim.OTHERS:
            return _others(kind, entity, held, changes)
        case Claim.UNREAD:
            return _unread(kind, entity, held, changes)
        case Claim.NOBODYS:
            return None if hides_labels(kind) else _nobodys(context, kind, entity, changes)


def adopting(kind: Kind, *keys: str) -> str:
    """The line for the files by which entities are taken over."""
    return f"`adopted: {{{kind.collection}: [{', '.join(keys)}]}}`"


def _difference(changes: tuple[FieldChange, ...]) -> str:
    return f"it is live, differs in {names_of(changes)}," if changes else "no version of it is active, it is there"


def _others(kind: Kind, entity: Entity, held: Holder, changes: tuple[FieldChange, ...]) -> Planned:
    way_out = "" if held.by_label else f"; if it is yours after all, list it under {adopting(kind, entity.address.key)}"
    return refused(
        entity,
        code="other-owner",
        reason=f"{_difference(changes)} and {held.reason}",
        hint=f"declare what is live, list it under `external`, or change it where its owner declares it{way_out}",
        fields=changes,
    )


def _unread(kind: Kind, entity: Entity, held: Holder, changes: tuple[FieldChange, ...]) -> Planned:
    return refused(
        entity,
        code="unread-owner",
        reason=f"{_difference(changes)} and {held.reason}, so that it may belong to somebody else",
        hint=f"run again when they can be read; if it is yours, list it under {adopting(kind, entity.address.key)}",
        fields=changes,
    )


def _nobodys(context: Context, kind: Kind, entity: Entity, changes: tuple[FieldChange, ...]) -> Planned:
    owner = context.desired.owner or "an owner"
    return refused(
        entity,
        code="not-owned",
        reason=f"{_difference(changes)} and is not ours (no label names {owner})",
        hint=f"list it under {adopting(kind, entity.address.key)} to take it over, "
        f"or under `external` to only refer to it",
        fields=changes,
    )
