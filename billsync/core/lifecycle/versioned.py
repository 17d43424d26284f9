"""Versioned: a published version never changes; another one is made, published, and takes its place."""

from __future__ import annotations

from billsync.core.changes.planned import Context, Planned, call_of, refused, step_id
from billsync.core.changes.versions import (
    NextVersions,
    in_state,
    last_in,
    offered,
    offered_or_last,
    pinned,
    published,
    unpublished,
)
from billsync.core.lifecycle.attaching import attach_steps, is_begun, without_parts
from billsync.core.lifecycle.drafts import cleared, is_left_over, named, unmarked
from billsync.core.lifecycle.holder import Claim, holder_of, not_ours
from billsync.core.lifecycle.record import in_sequence
from billsync.core.lifecycle.unshown import unshown_labels, visible
from billsync.core.observed.hidden import hides_labels, labels_are_known
from billsync.core.observed.index import version_of
from billsync.core.observed.ownership import OWNER, labels_of, labels_of_ours, with_ownership_labels
from billsync.core.observed.refusals import (
    FOREIGN_DRAFT,
    LEFT_DRAFT,
    NO_ACTIVE_VERSION,
    SCHEDULED,
    SCHEDULED_VERSION,
    UNLISTED_FIELD,
    UNOWNED_DRAFT,
)
from billsync.core.views.compare import field_changes
from billsync.core.views.unlisted import lost_if_replaced
from billsync.core.views.view import body, complete
from billsync.model.address import Address
from billsync.model.change import Action, Call, Change, Expectation, FieldChange, Step
from billsync.model.frozen import replace
from billsync.model.kind import Kind, State
from billsync.model.state import Entity, Row
from billsync.model.value import Fields, canonical


def versioned_changes(context: Context, entity: Entity, coming: NextVersions) -> tuple[Planned, ...]:
    """Return the change of a declared entity: none, a first or another version, the rest of one, a refusal; and the
    change of a draft that is in the way."""
    declared = context.want(entity)
    if missing := unpublished(context, declared, coming):
        return (_no_version(entity, missing),)
    kind = context.registry[entity.address.kind]
    rows = context.index.versions.get(entity.address, ())
    if coming_later := _scheduled(context, entity, rows, pinned(context, declared, coming)):
        return (coming_later,)
    active, draft = offered(kind, rows), last_in(kind, rows, State.DRAFT)
    have = context.view(active) if active else None
    if refusal := unshown_labels(context, entity, declared, active):
        return (refusal,)
    want = complete(kind, pinned(context, declared, coming), have, {})
    if active is not None and canonical(have) == canonical(want):
        return (named(context, entity, draft, active),) if draft else ()
    if not _is_ours_and_begun(context, entity, draft, want):
        want = _marked(context, kind, want)
    shown = active or (rows[-1] if rows else None)
    old = context.view(shown) if shown else None
    changes = field_changes(kind.record, old, want) if old is not None else ()
    if refusal := _foreign(context, entity, rows, changes) or _replaced(context, entity, active, changes):
        return (refusal,)
    return tuple(_with_old(planned, old) for planned in _next_version(context, entity, rows, want, changes=changes))


def _with_old(planned: Planned, old: Fields | None) -> Planned:
    """Return the change with the version that it replaces, for display."""
    takes_place = planned.change.is_pending and planned.change.action is Action.UPDATE
    return replace(planned, change=replace(planned.change, old=old)) if takes_place else planned


def _scheduled(context: Context, entity: Entity, rows: tuple[Row, ...], declared: Fields) -> Planned | None:
    """A version that takes effect later: waited for if it is the wanted one, else refused by name.

    API v3 makes none; the server shows one when its clock goes back (catalog-facts.md §7.1).
    """
    scheduled = last_in(context.registry[entity.address.kind], rows, State.COMING)
    if scheduled is None:
        return None
    address = entity.address.at(version_of(scheduled))
    have = context.view(scheduled)
    want = complete(context.registry[scheduled.kind], declared, have, {})
    since = scheduled.fields.get("effective_from")
    if canonical(have) == canonical(want):
        return refused(address, SCHEDULED, action=Action.NONE, verb="publishing", since=since)
    changes = field_changes(context.registry[scheduled.kind].record, have, want)
    return refused(entity.address, SCHEDULED_VERSION, fields=changes, version=address.text, since=since)


def _no_version(entity: Entity, missing: tuple[Address, ...]) -> Planned:
    names = ", ".join(address.text for address in missing)
    return refused(entity.address, NO_ACTIVE_VERSION, names=names, have="has" if len(missing) == 1 else "have")


def _marked(context: Context, kind: Kind, want: Fields) -> Fields:
    """The view with the label of its owner, where the kind shows labels: each new version carries it."""
    labels = {} if hides_labels(kind) else labels_of_ours(kind, context.desired)
    return complete(kind, with_ownership_labels(want, labels), None, {}) if labels else want


def _is_ours_and_begun(context: Context, entity: Entity, draft: Row | None, want: Fields) -> bool:
    """Whether a draft only has to be published. An adopted draft keeps its labels: existing entities are never
    labelled."""
    if draft is None or not context.owns(draft, entity.address):
        return False
    return is_begun(context, draft, want)


def _foreign(
    context: Context, entity: Entity, rows: tuple[Row, ...], changes: tuple[FieldChange, ...]
) -> Planned | None:
    """Return the refusal to replace a version that isn't ours, or to follow another owner's archived version.

    A draft is checked separately, when it is in the way.
    """
    speaking = speaking_version(context, rows)
    return not_ours(context, entity, speaking, changes) if speaking else None


def _replaced(context: Context, entity: Entity, active: Row | None, changes: tuple[FieldChange, ...]) -> Planned | None:
    """The refusal, where the active version has fields that billsync doesn't know: the next one wouldn't have them."""
    kind = context.registry[entity.address.kind]
    lost = lost_if_replaced(kind, active.fields, context.routes[kind.name]) if active else ()
    if not lost:
        return None
    return refused(entity.address, UNLISTED_FIELD, fields=changes, names=", ".join(lost), what="a new version")


def speaking_version(context: Context, rows: tuple[Row, ...]) -> Row | None:
    """Return the version whose owner owns the key: the active one, else the newest published one."""
    if not rows:
        return None
    kind = context.registry[rows[0].kind]
    return offered_or_last(kind, published(kind, rows))


def _next_version(
    context: Context, entity: Entity, rows: tuple[Row, ...], want: Fields, *, changes: tuple[FieldChange, ...]
) -> tuple[Planned, ...]:
    kind = context.registry[entity.address.kind]
    active, draft = offered(kind, rows), last_in(kind, rows, State.DRAFT)
    number = version_of(rows[-1]) + 1 if rows else 1
    if draft is None:
        return (_new_version(context, entity, want, number=number, changes=changes),)
    seen = want if labels_are_known(draft.fields) else visible(context, draft.kind, want)
    if is_begun(context, draft, seen) and _may_be_published(context, entity, draft):
        return (_rest(context, entity, draft, seen, changes=changes),)
    if active is None or not context.deletes or not is_left_over(context, entity, draft, active):
        return (_foreign_draft(context, entity, draft, seen, active=active),)
    clearing = cleared(context, entity, draft, active)
    return (clearing, _after(clearing, _new_version(context, entity, want, number=number, changes=changes)))


def _may_be_published(context: Context, entity: Entity, draft: Row) -> bool:
    """Whether a draft is ours, or of a kind whose labels are visible and so part of the comparison."""
    if not hides_labels(context.registry[draft.kind]):
        return True
    held = holder_of(context, entity.address, draft)
    return held.claim is Claim.OURS or (held.claim is Claim.NOBODYS and not labels_are_known(draft.fields))


def _after(earlier: Planned, later: Planned) -> Planned:
    """The later change, with its first step waiting for the earlier change's last."""
    first, *rest = later.steps
    return replace(later, steps=(replace(first, needs=(*first.needs, earlier.steps[-1].id)), *rest))


def _new_version(
    context: Context, entity: Entity, want: Fields, *, number: int, changes: tuple[FieldChange, ...]
) -> Planned:
    address = entity.address.at(number)
    seen = visible(context, address.kind, want)
    bare = without_parts(context, address.kind, seen)
    steps = (
        _create_step(context, address, want, seen=seen),
        *attach_steps(context, address, have=bare, want=seen),
        _publish_step(context, address, seen),
    )
    action, verb = (Action.UPDATE, "publishing a new version of") if number > 1 else (Action.CREATE, "publishing")
    planned = _planned(address, steps, action=action, verb=verb, changes=changes)
    again = number > 1 and not changes
    reason = f"no version of {entity.address.text} is active: the last one was archived" if again else ""
    return replace(planned, change=replace(planned.change, reason=reason))


def _rest(context: Context, entity: Entity, draft: Row, want: Fields, *, changes: tuple[FieldChange, ...]) -> Planned:
    """Return the steps that complete a draft left by an interrupted run."""
    address = entity.address.at(version_of(draft))
    have = context.view(draft)
    whole = complete(context.registry[draft.kind], want, have, {})
    steps = (*attach_steps(context, address, have=have, want=whole), _publish_step(context, address, whole))
    return _planned(address, steps, action=Action.UPDATE, verb="publishing", changes=changes)


def _planned(
    address: Address, steps: tuple[Step, ...], *, action: Action, verb: str, changes: tuple[FieldChange, ...]
) -> Planned:
    sequence = in_sequence(steps)
    return Planned(Change(address, action, verb, fields=changes, steps=tuple(step.id for step in sequence)), sequence)


def _create_step(context: Context, address: Address, want: Fields, *, seen: Fields) -> Step:
    """The step that creates a draft with its owner's label, even if the server hides it; `seen` is the view that will
    be shown."""
    kind = context.registry[address.kind]
    routes = context.routes[kind.name]
    later = tuple(part.field for part in routes.parts if part.field in want)
    marked = with_ownership_labels(want, labels_of_ours(kind, context.desired))
    return Step(
        id=step_id(address, "create"),
        address=address,
        verb="creating",
        call=Call("POST", context.collection(address), body(kind, marked, routes.create)),
        before=Expectation(None),
        after=in_state(kind, without_parts(context, kind.name, seen), State.DRAFT, State.CURRENT, at_least=later),
        repeatable=kind.unique,
    )


def _publish_step(context: Context, address: Address, want: Fields) -> Step:
    kind = context.registry[address.kind]
    return Step(
        id=step_id(address, "publish"),
        address=address,
        verb="publishing",
        call=call_of(context, address, "publish"),
        before=in_state(kind, want, State.DRAFT),
        after=in_state(kind, want, State.CURRENT),
    )


def archive_step(context: Context, address: Address, have: Fields) -> Step:
    """The step that takes an active version out of sale."""
    kind = context.registry[address.kind]
    return Step(
        id=step_id(address, "archive"),
        address=address,
        verb="archiving",
        call=call_of(context, address, "archive"),
        before=in_state(kind, have, State.CURRENT),
        after=in_state(kind, have, State.OVER),
    )


def _foreign_draft(context: Context, entity: Entity, draft: Row, want: Fields, *, active: Row | None) -> Planned:
    kind = context.registry[entity.address.kind]
    address = entity.address.at(version_of(draft))
    have = context.view(draft)
    fields = field_changes(kind.record, have, want)
    if is_begun(context, draft, unmarked(want)):
        return _unowned_draft(context, entity, draft, fields)
    if is_left_over(context, entity, draft, active):
        return refused(entity.address, LEFT_DRAFT, fields=fields, draft=address.text)
    attached = any(have.get(part.field) for part in context.routes[kind.name].parts)
    detach = " (detach what is attached to it first: it would stay behind)" if attached else ""
    return refused(entity.address, FOREIGN_DRAFT, fields=fields, draft=address.text, detach=detach)


def _unowned_draft(context: Context, entity: Entity, draft: Row, fields: tuple[FieldChange, ...]) -> Planned:
    """The refusal of a draft that lacks only its owner's label."""
    kind = context.registry[entity.address.kind]
    address = entity.address.at(version_of(draft))
    other = labels_of(draft.fields).get(OWNER) or holder_of(context, entity.address, draft).owner
    adopt = f"list it under `adopted: {{{kind.collection}: [{address.key}]}}` to publish it as it is"
    way_out = f"leave it to its owner {other!r}, or publish or delete it" if other else f"{adopt}; else delete it"
    return refused(entity.address, UNOWNED_DRAFT, fields=fields, draft=address.text, way_out=way_out)
