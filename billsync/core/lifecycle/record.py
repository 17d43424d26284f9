"""Records: created, updated in place, or refused; one live entity a key."""

from __future__ import annotations

from itertools import pairwise

from billsync.core.changes.planned import Context, Planned, names_of, refused, step_id
from billsync.core.lifecycle.holder import not_ours
from billsync.core.lifecycle.renaming import may_rename, rename_step
from billsync.core.observed.index import is_over
from billsync.core.observed.ownership import adoption_labels, labels_of_ours, selection_labels, with_ownership_labels
from billsync.core.observed.refusals import FROZEN_FIELD, IMMUTABLE_FIELD, UNCLEARABLE_FIELD, UNLISTED_FIELD
from billsync.core.views.compare import field_changes
from billsync.core.views.unlisted import lost_if_replaced
from billsync.core.views.view import body, complete
from billsync.model.address import Address
from billsync.model.change import Action, Call, Change, Expectation, FieldChange, Step
from billsync.model.frozen import replace
from billsync.model.kind import Absent, Kind
from billsync.model.routes import Routes
from billsync.model.shape import FieldEffect
from billsync.model.state import Entity, Row
from billsync.model.value import Fields, canonical


def record_change(context: Context, entity: Entity) -> Planned | None:
    """Return the change of a declared record: None, a create, an update, or a refusal."""
    kind = context.registry[entity.address.kind]
    declared = context.want(entity)
    row = context.index.records.get(entity.address)
    if row is None:
        return create(context, entity, complete(kind, declared, None, labels_of_ours(kind, context.desired)))
    have = context.view(row, compared_with=declared)
    adopted = context.desired.adopted.covers(entity.address)
    labels = adoption_labels(kind, row.fields, owner=context.desired.owner) if adopted else {}
    if context.owns(row, entity.address):
        labels |= selection_labels(kind, row.fields, context.desired)
    keyed = declared if may_rename(context, entity, row) else with_live_key(kind, declared, have)
    want = complete(kind, with_ownership_labels(keyed, labels), have, {})
    if canonical(have) == canonical(want):
        return None
    changes = field_changes(kind.record, have, want)
    return _refusal(context, entity, row, changes) or _update(context, entity, have=have, want=want, changes=changes)


def with_live_key(kind: Kind, want: Fields, have: Fields) -> Fields:
    """The wanted fields with the live key: on the server, a moved entity keeps its old key."""
    return {**want, kind.key: have[kind.key]} if kind.key in have else want


def create(context: Context, entity: Entity, want: Fields) -> Planned:
    """The one step that makes a new entity of a kind whose key the server keeps unique."""
    kind = context.registry[entity.address.kind]
    routes = context.routes[kind.name]
    verb = kind.created_verb
    step = Step(
        id=step_id(entity.address, "create"),
        address=entity.address,
        verb=verb,
        call=Call("POST", context.collection(entity.address), body(kind, want, routes.create)),
        before=Expectation(None),
        after=Expectation(want),
        repeatable=kind.unique,
    )
    change = Change(entity.address, Action.CREATE, verb, fields=(), steps=(step.id,))
    return Planned(change, (step,), claims=claims_of(kind, want))


def claims_of(kind: Kind, fields: Fields) -> frozenset[str]:
    """The names that an entity with these fields holds alone."""
    return frozenset(kind.claims(fields)) if kind.claims else frozenset()


def _refusal(context: Context, entity: Entity, row: Row, changes: tuple[FieldChange, ...]) -> Planned | None:
    kind = context.registry[entity.address.kind]
    for refusal in (
        not_ours(context, entity, row, changes),
        _immutable(kind, entity, changes),
        _uncleared(kind, entity, changes),
        _frozen(context, entity, changes),
        _replaced(context, entity, row, changes),
    ):
        if refusal is not None:
            return refusal
    return None


def _immutable(kind: Kind, entity: Entity, changes: tuple[FieldChange, ...]) -> Planned | None:
    fixed = tuple(c for c in changes if kind.record.fields[str(c.path[0])].effect is FieldEffect.IMMUTABLE)
    if not fixed:
        return None
    return refused(
        entity.address,
        IMMUTABLE_FIELD,
        fields=changes,
        kind=kind.name,
        names=names_of(fixed),
        way_out=kind.immutable_hint,
    )


def _uncleared(kind: Kind, entity: Entity, changes: tuple[FieldChange, ...]) -> Planned | None:
    for change in changes:
        reason = kind.record.fields[str(change.path[0])].clear
        if reason and change.new is None and len(change.path) == 1:
            return refused(entity.address, UNCLEARABLE_FIELD, fields=changes, name=change.name, why=reason)
    return None


def _frozen(context: Context, entity: Entity, changes: tuple[FieldChange, ...]) -> Planned | None:
    kind = context.registry[entity.address.kind]
    for change in changes:
        child = kind.frozen.get(str(change.path[0]))
        if child is not None and has_running(context, entity.address, child):
            return refused(entity.address, FROZEN_FIELD, fields=changes, name=change.path[0], child=child)
    return None


def has_running(context: Context, parent: Address, child: str) -> bool:
    """Whether an entity has a child of a chained kind that is in force or will be."""
    kind = context.registry[child]
    return any(row.kind == child and not is_over(kind, row.fields) for row in context.index.chains.get(parent, ()))


def _update(
    context: Context, entity: Entity, *, have: Fields, want: Fields, changes: tuple[FieldChange, ...]
) -> Planned:
    kind = context.registry[entity.address.kind]
    same = with_live_key(kind, want, have)
    views = (have, *(kind.stages(have, same) if kind.stages else (same,))) if same != have else (have,)
    steps = tuple(
        _update_step(context, entity.address, before=before, after=after, number=number)
        for number, (before, after) in enumerate(pairwise(views), 1)
    )
    if same != want:
        steps += (rename_step(context, entity.address, before=same, after=want),)
    change = Change(
        entity.address,
        Action.UPDATE,
        "updating",
        fields=changes,
        steps=tuple(step.id for step in steps),
    )
    taken, held = claims_of(kind, want), claims_of(kind, have)
    return Planned(change, in_sequence(steps), claims=taken - held, frees=held - taken)


def _replaced(context: Context, entity: Entity, row: Row, changes: tuple[FieldChange, ...]) -> Planned | None:
    """The refusal, where the update replaces the whole entity, with fields that billsync doesn't know."""
    kind = context.registry[entity.address.kind]
    routes = context.routes[kind.name]
    lost = lost_if_replaced(kind, row.fields, routes) if routes.update_verb == "PUT" else ()
    if not lost:
        return None
    return refused(entity.address, UNLISTED_FIELD, fields=changes, names=", ".join(lost), what="the update")


def _update_step(context: Context, address: Address, *, before: Fields, after: Fields, number: int) -> Step:
    kind = context.registry[address.kind]
    routes = context.routes[kind.name]
    return Step(
        id=step_id(address, "update" if number == 1 else f"update-{number}"),
        address=address,
        verb="updating",
        call=Call(routes.update_verb, routes.item(address.symbol), _update_body(kind, routes, after)),
        before=Expectation(before),
        after=Expectation(_with_cleared(kind, before, after)),
    )


def _update_body(kind: Kind, routes: Routes, after: Fields) -> Fields:
    """Return the body of the update. A PATCH sends null for fields that it clears; a PUT leaves them out."""
    fields: dict[str, object] = dict(body(kind, after, routes.update))
    if routes.update_verb == "PATCH":
        fields = {name: fields.get(name) for name in routes.update}
    return fields


def _with_cleared(kind: Kind, before: Fields, after: Fields) -> Fields:
    """The promised view; where an undeclared field is *not managed*, cleared fields are promised to be absent."""
    if kind.absent is Absent.DEFAULT:
        return after
    return {**after, **{name: None for name in before if name not in after}}


def in_sequence(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps, each needing the one before it."""
    return steps[:1] + tuple(
        replace(step, needs=tuple(dict.fromkeys((*step.needs, previous.id)))) for previous, step in pairwise(steps)
    )
