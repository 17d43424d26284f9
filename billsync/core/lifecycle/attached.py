"""Attachments of a declared chain: attached, changed in quantity, or detached, member by member.

A link's rows end with it: a change of the chain drops them all, and what is declared is attached to the next link
again (customer-facts.md §5.8, §6).
"""

from __future__ import annotations

from billsync.core.changes.chains import has_ended, last_of, links_of, running_links
from billsync.core.changes.planned import Context, Planned, refused
from billsync.core.changes.versions import NextVersions
from billsync.core.lifecycle.attached_anew import begins_link, on_new_link
from billsync.core.lifecycle.attached_members import Link, decided
from billsync.core.lifecycle.attached_steps import Move, quantity_change, steps_of
from billsync.core.lifecycle.chain_steps import CANCEL, MIGRATE, RESUME, VERBS, WITHDRAW
from billsync.core.lifecycle.record import in_sequence
from billsync.core.observed.index import state_of
from billsync.core.observed.refusals import UNKNOWN_VALUE
from billsync.model.change import Action, Change, Expectation, FieldChange, Outcome, Step
from billsync.model.frozen import replace
from billsync.model.kind import State
from billsync.model.malformed import Malformed
from billsync.model.routes import Attachments
from billsync.model.state import Entity, Row
from billsync.model.transition import IMMEDIATE

STOPPED = (Outcome.REFUSED, Outcome.BLOCKED, Outcome.UNMANAGEABLE)
LEFT_ALONE = ("made-elsewhere", "changed-elsewhere")
"""Codes of notes on a chain that is in others' hands, and so is what is attached to it."""

STAYS = tuple(VERBS[name] for name in (RESUME, WITHDRAW, MIGRATE))
"""Verbs of changes after which a link runs that ran before, with what is attached to it."""


def with_attached(
    context: Context, entity: Entity, planned: Planned | None, coming: NextVersions
) -> tuple[Planned, ...]:
    """The change of a declared chain together with those of what is attached to it, each outcome by itself."""
    own = (planned,) if planned else ()
    attachments = context.routes[entity.address.kind].attachments
    if attachments is None or (planned and stops(planned.change)):
        return own
    if planned and begins_link(context, planned):
        return on_new_link(context, entity, attachments, planned, coming)
    row = _row(context, entity, planned)
    if row is None or attachments.part.field not in entity.fields:
        return own
    return _on_link(_link(context, entity, attachments, row, planned, coming), planned)


def stops(change: Change) -> bool:
    """Whether a change isn't made, nor what builds on it."""
    return change.outcome in STOPPED or change.code in LEFT_ALONE


def _row(context: Context, entity: Entity, planned: Planned | None) -> Row | None:
    """The running link that the chain has after its own change: its head, or the one before a withdrawn head."""
    kind = context.registry[entity.address.kind]
    if planned and planned.steps and planned.change.verb == VERBS[WITHDRAW]:
        return next(iter(running_links(kind, links_of(context, entity.address), entity.address.key)[:-1]), None)
    head = last_of(context, entity.address)
    return None if head is None or has_ended(kind, head) else head


def _link(
    context: Context,
    entity: Entity,
    attachments: Attachments,
    row: Row,
    planned: Planned | None,
    coming: NextVersions,
) -> Link:
    """The link, as the chain's own change leaves it."""
    verb = planned.change.verb if planned and planned.steps else ""
    left = planned.steps[-1].after.view if planned and planned.steps and verb in STAYS else None
    attaches_first = planned is not None and verb == VERBS[CANCEL] and planned.change.timing != IMMEDIATE
    is_running = state_of(context.registry[row.kind], row.fields) is State.CURRENT
    view = left or context.view(row)
    return Link(context, entity, attachments, row, coming, verb, view, attaches_first=attaches_first and is_running)


def _on_link(link: Link, planned: Planned | None) -> tuple[Planned, ...]:
    """The changes of a running link that stays: one with all steps, and an outcome for each member that has none."""
    own = (planned,) if planned else ()
    members = link.members
    if members is None:
        return own
    if isinstance(members, Malformed):
        values = f"{link.attachments.part.field}: {members.text}"
        return (*own, refused(link.entity.address, UNKNOWN_VALUE, values=values))
    found = [decided(link, key, members.get(key)) for key in sorted({*link.declared, *members})]
    moves = [one for one in found if isinstance(one, Move)]
    others = [one for one in found if isinstance(one, Planned)]
    return (*_joined(link, planned, moves), *others)


def _joined(link: Link, planned: Planned | None, moves: list[Move]) -> tuple[Planned, ...]:
    """The chain's own change with the members' moves after it."""
    if not moves:
        return (planned,) if planned else ()
    steps = tuple(step for move in moves for step in _steps(link, move))
    fields = tuple(quantity_change(link.attachments, move.member.key, move.old, move.number) for move in moves)
    if planned is not None and planned.steps:
        both = (steps, planned.steps) if link.attaches_first else (planned.steps, steps)
        steps = in_sequence(tuple(step for part in both for step in part))
        ids = tuple(step.id for step in steps)
        change = replace(planned.change, fields=(*planned.change.fields, *fields), steps=ids)
        return (replace(planned, change=change, steps=steps),)
    return (*((planned,) if planned else ()), _planned(link, in_sequence(steps), fields, moves))


def _planned(link: Link, steps: tuple[Step, ...], fields: tuple[FieldChange, ...], moves: list[Move]) -> Planned:
    verbs, timings = {step.verb for step in steps}, {move.timing for move in moves}
    change = Change(
        link.entity.address,
        Action.UPDATE,
        verbs.pop() if len(verbs) == 1 else "updating",
        fields=fields,
        steps=tuple(step.id for step in steps),
        timing=timings.pop() if len(timings) == 1 else "",
    )
    return Planned(change, steps)


def _steps(link: Link, move: Move) -> tuple[Step, ...]:
    """The steps of a move; the link must be in force without an end, and for a move at renewal in the same period."""
    before = Expectation(
        link.view,
        link.kind.words(State.CURRENT),
        facts=link.moments(at_renewal=move.timing == "at_renewal"),
        partial=link.verb in STAYS,
    )
    return steps_of(link.context, link.entity.address, move, before=before)
