"""Versioned: a published version never changes; another one is made, published, and takes its place."""

from __future__ import annotations

from dataclasses import replace

from billsync.core.compare import field_changes
from billsync.core.index import status_of, version_of
from billsync.core.lifecycle.context import Context, Planned, refused, step_id
from billsync.core.lifecycle.record import in_sequence
from billsync.core.view import body, complete
from billsync.model.address import Address
from billsync.model.change import Action, Call, Change, Expectation, FieldChange, Step
from billsync.model.state import Entity, Row
from billsync.model.value import Fields, canonical

DRAFT, ACTIVE, ARCHIVED = "draft", "active", "archived"
HOLDING = ("active", "scheduled")


def plan_versioned(context: Context, entity: Entity) -> Planned | None:
    """What a declared entity needs: nothing (None), a first or another version, a publish, or a refusal."""
    kind = context.registry[entity.address.kind]
    rows = context.index.versions.get(entity.address, ())
    want = complete(kind, context.want(entity), None, {})
    active = latest(context, rows, ACTIVE)
    if active is not None and canonical(context.view(active)) == canonical(want):
        return None
    shown = active or (rows[-1] if rows else None)
    changes = field_changes(kind.record, context.view(shown), want) if shown else ()
    draft = latest(context, rows, DRAFT)
    if draft is None:
        return _new_version(context, entity, want, number=_next(rows), changes=changes)
    if canonical(context.view(draft)) == canonical(want):
        return _publish_only(context, entity, want, number=version_of(draft), changes=changes)
    return _foreign_draft(context, entity, draft, want)


def latest(context: Context, rows: tuple[Row, ...], *statuses: str) -> Row | None:
    """The highest version that is in one of these states."""
    found = [row for row in rows if status_of(context.registry[row.kind], row.fields) in statuses]
    return found[-1] if found else None


def _next(rows: tuple[Row, ...]) -> int:
    return version_of(rows[-1]) + 1 if rows else 1


def _new_version(
    context: Context, entity: Entity, want: Fields, *, number: int, changes: tuple[FieldChange, ...]
) -> Planned:
    address = entity.address.at(number)
    steps = in_sequence((_create_step(context, address, want), _publish_step(context, address, want)))
    action, verb = (Action.UPDATE, "publishing a new version of") if number > 1 else (Action.CREATE, "publishing")
    change = _change(address, steps, action=action, verb=verb, changes=changes)
    again = number > 1 and not changes
    reason = f"no version of {entity.address.text} is active: the last one was archived" if again else ""
    return Planned(replace(change, reason=reason), steps)


def _publish_only(
    context: Context, entity: Entity, want: Fields, *, number: int, changes: tuple[FieldChange, ...]
) -> Planned:
    address = entity.address.at(number)
    steps = (_publish_step(context, address, want),)
    return Planned(_change(address, steps, action=Action.UPDATE, verb="publishing", changes=changes), steps)


def _change(
    address: Address,
    steps: tuple[Step, ...],
    *,
    action: Action,
    verb: str,
    changes: tuple[FieldChange, ...],
) -> Change:
    return Change(address, action, verb, fields=changes, steps=tuple(step.id for step in steps))


def _create_step(context: Context, address: Address, want: Fields) -> Step:
    kind = context.registry[address.kind]
    return Step(
        id=step_id(address, "create"),
        address=address,
        verb="creating",
        call=Call("POST", context.collection(address), body(kind, want, context.routes[kind.name].create)),
        before=Expectation(None),
        after=Expectation(want, (DRAFT, ACTIVE)),
        repeatable=kind.unique,
    )


def _publish_step(context: Context, address: Address, want: Fields) -> Step:
    path = f"{context.routes[address.kind].item(address.symbol)}/publish"
    return Step(
        id=step_id(address, "publish"),
        address=address,
        verb="publishing",
        call=Call("POST", path),
        before=Expectation(want, (DRAFT,)),
        after=Expectation(want, (ACTIVE,)),
    )


def archive_step(context: Context, address: Address, have: Fields) -> Step:
    """The step that takes an active version out of sale."""
    path = f"{context.routes[address.kind].item(address.symbol)}/archive"
    return Step(
        id=step_id(address, "archive"),
        address=address,
        verb="archiving",
        call=Call("POST", path),
        before=Expectation(have, (ACTIVE,)),
        after=Expectation(have, (ARCHIVED,)),
    )


def _foreign_draft(context: Context, entity: Entity, draft: Row, want: Fields) -> Planned:
    kind = context.registry[entity.address.kind]
    address = entity.address.at(version_of(draft))
    return refused(
        entity,
        code="foreign-draft",
        reason=f"{address.text} is a draft with other content, and the server allows one draft at a time",
        hint="if a run that broke off left it, sync what the files said then; else publish or delete it",
        fields=field_changes(kind.record, context.view(draft), want),
    )
