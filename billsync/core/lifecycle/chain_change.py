"""The change of a running chain, now or at renewal, in place of what is scheduled (design.md §5)."""

from __future__ import annotations

from billsync.core.changes.chains import links_of, running_links
from billsync.core.changes.planned import Context, Planned, names_of, refused, time_shown
from billsync.core.changes.timing import cadence_of, timing_of
from billsync.core.changes.versions import NextVersions
from billsync.core.lifecycle.chain_begin import START, begin, end_step, start_of_entity
from billsync.core.lifecycle.chain_end import (
    ENDS,
    REVERT,
    cancel_guard,
    cant_end_at,
    declared_end,
    planned_withdrawal,
    when,
)
from billsync.core.lifecycle.chain_steps import (
    CHANGE,
    FROM,
    MIGRATE,
    VERBS,
    WITHDRAW,
    Link,
    change_step,
    link_of,
    migrate_step,
    restore_step,
    resume_step,
    withdraw_step,
)
from billsync.core.lifecycle.chain_target import differences, live_pin, next_link, version_to_begin_on
from billsync.core.lifecycle.proof import unproven
from billsync.core.lifecycle.record import in_sequence
from billsync.core.observed.chain_refusals import CANT_WITHDRAW, ENDS_FIRST, OFF_ITS_PERIODS, WOULD_MOVE
from billsync.core.observed.index import state_of
from billsync.core.observed.refusals import NOT_SENT, UNSHOWN_END
from billsync.model.address import Address, Symbol
from billsync.model.change import Action, Change, FieldChange, Step
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import State
from billsync.model.moment import moment_text, parse_moment
from billsync.model.state import Entity, Row
from billsync.model.transition import IMMEDIATE
from billsync.model.value import Fields


@dataclass(frozen=True, slots=True)
class Move:
    """A wanted change of a chain: the declared entity, the running link, and the fields in which they differ."""

    entity: Entity
    link: Row
    found: tuple[FieldChange, ...]
    coming: NextVersions


def change(context: Context, move: Move) -> Planned:
    """The change of a running head into what is declared.

    A head with an end was cancelled; its end is taken back first, if undoing is allowed.
    """
    kind = context.registry[move.link.kind]
    if state_of(kind, move.link.fields) is not State.ENDING:
        return _change(context, move)
    if REVERT not in context.allow:
        return refused(move.entity.address, ENDS_FIRST, fields=move.found, names=names_of(move.found))
    link = link_of(context, move.entity.address, move.link)
    return _change(context, move, resume_step(context, link))


def may_change_and_end(context: Context, move: Move) -> bool:
    """Whether a running chain is changed at once and ends later in one run: only where that takes back what was done to
    a chain that was to end, as an undo does. Files say one after the other."""
    is_running = state_of(context.registry[move.link.kind], move.link.fields) is State.CURRENT
    fields = move.entity.fields
    return REVERT in context.allow and is_running and fields.get("change") == IMMEDIATE != fields.get(ENDS)


def change_and_end(context: Context, move: Move) -> Planned:
    """The change of a running chain at once, and the end of the link that it begins."""
    planned = _change(context, move)
    if not planned.steps:
        return planned
    begun = planned.steps[-1]
    want, ends = begun.after.view or {}, declared_end(move.entity.fields[ENDS])
    if not _may_end(context, move, want, ends):
        return refused(
            move.entity.address, OFF_ITS_PERIODS, fields=move.found, ends=ends, anchor=want.get("billing_anchor")
        )
    steps = in_sequence((*planned.steps, *end_step(context, move.entity, want, begun)))
    fields = (*planned.change.fields, FieldChange((ENDS,), None, ends))
    changed = replace(planned.change, fields=fields, steps=tuple(step.id for step in steps))
    guard = cancel_guard(move.entity.address, f"{move.entity.address.text} would end {when(ends, ends)}")
    return replace(planned, change=changed, steps=steps, guards=(*planned.guards, guard))


def _may_end(context: Context, move: Move, want: Fields, ends: str) -> bool:
    """Whether the server lets the link that a change begins end at a declared time."""
    kind, moment = context.registry[move.link.kind], parse_moment(ends)
    pinned = want.get(kind.pins or "")
    if moment is None or kind.may_end_at is None or not isinstance(pinned, Symbol):
        return True
    begun = {"billing_anchor": want.get("billing_anchor"), "billing_cadence": cadence_of(context, pinned.address)}
    return moment > context.now and kind.may_end_at(begun, moment)


def replace_scheduled(context: Context, move: Move) -> Planned:
    """The change of a chain whose head, other than declared, hasn't begun: the head is taken back first."""
    address, kind = move.entity.address, context.registry[move.link.kind]
    scheduled = link_of(context, address, move.link)
    if not context.routes[kind.name].can(WITHDRAW):
        begins = time_shown(scheduled.facts.get(FROM))
        return refused(address, CANT_WITHDRAW, fields=move.found, kind=kind.name, begins=begins)
    earlier = running_links(kind, links_of(context, address), address.key)[:-1]
    if not earlier:
        return _begin_otherwise(context, move, scheduled)
    back = replace(move, link=earlier[-1], found=differences(context, move.entity, earlier[-1], move.coming))
    current = link_of(context, address, earlier[-1])
    ends = move.entity.fields.get(ENDS)
    if ends and back.found:
        return refused(address, ENDS_FIRST, fields=back.found, names=names_of(back.found))
    if ends:
        end = declared_end(ends)
        refusal = cant_end_at(context, address, end, earlier[-1])
        return refusal or planned_withdrawal(context, scheduled, current, end)
    undone = restore_step(context, scheduled, current)
    return _change(context, back, undone) if back.found else _withdrawn(move, undone)


def _begin_otherwise(context: Context, move: Move, scheduled: Link) -> Planned:
    """A chain that hasn't begun, taken back and begun as it is declared now.

    Without a declared start it keeps the scheduled one: another plan is no wish to be billed earlier.
    """
    kept = {START: scheduled.facts.get(FROM), **move.entity.fields}
    begun = begin(context, replace(move.entity, fields=kept), move.coming)
    if not begun.steps:
        return begun
    move = replace(move, found=(*move.found, *_start_moved(move, scheduled)))
    steps = in_sequence((withdraw_step(context, scheduled, None), *begun.steps))
    return replace(begun, change=_changed(move, VERBS[CHANGE], steps, timing=begun.change.timing), steps=steps)


def _start_moved(move: Move, scheduled: Link) -> tuple[FieldChange, ...]:
    start, begins = start_of_entity(move.entity), scheduled.facts.get(FROM)
    if start is None or moment_text(start) == begins:
        return ()
    return (FieldChange((START,), begins, moment_text(start)),)


def _withdrawn(move: Move, undone: Step) -> Planned:
    return Planned(_changed(move, VERBS[WITHDRAW], (undone,), timing=IMMEDIATE), (undone,))


def _change(context: Context, move: Move, *before: Step) -> Planned:
    """The change of the link, or why it can't be made; `before` are steps that make it one without an end."""
    entity, kind = move.entity, context.registry[move.link.kind]
    pinned = _version_to_change_to(context, move)
    if isinstance(pinned, Planned):
        return pinned
    timing = timing_of(context, entity, live_pin(context, move.link) or pinned, pinned)
    if not isinstance(timing, str):
        refusal, values = timing
        return refused(entity.address, refusal, fields=move.found, kind=kind.name, names=names_of(move.found), **values)
    if lost := _lost_by_change(context, move, pinned):
        return refused(entity.address, NOT_SENT, fields=move.found, kind=kind.name, names=", ".join(lost))
    link = link_of(context, entity.address, move.link)
    if parse_moment(timing) and link.facts.get(FROM) is None:
        return refused(entity.address, UNSHOWN_END, fields=move.found, kind=kind.name)
    step, verb = _step(context, move, link.ending(None) if before else link, pinned, timing)
    steps = in_sequence((*before, step))
    return Planned(_changed(move, verb, steps, timing=timing), steps)


def _changed(move: Move, verb: str, steps: tuple[Step, ...], *, timing: str) -> Change:
    return Change(
        move.entity.address,
        Action.UPDATE,
        verb,
        fields=move.found,
        steps=tuple(step.id for step in steps),
        timing=timing,
    )


def _step(context: Context, move: Move, link: Link, pinned: Address, timing: str) -> tuple[Step, str]:
    """The call that makes the change, with its verb: a migration in place where the server has that."""
    kind = context.registry[move.link.kind]
    stays = timing == IMMEDIATE and not move.entity.fields.get(ENDS)
    is_migration = stays and _only_to_a_newer_version(context, move, pinned)
    if is_migration and context.routes[kind.name].can(MIGRATE):
        return migrate_step(context, link, pinned), VERBS[MIGRATE]
    want = next_link(context, move.entity, move.link, pinned)
    return change_step(context, link, want, timing), VERBS[CHANGE]


def _lost_by_change(context: Context, move: Move, pinned: Address) -> tuple[str, ...]:
    """The fields whose values this server's change can't be sent, and wouldn't be set to by it."""
    form = context.routes[move.link.kind].calls[CHANGE]
    want = next_link(context, move.entity, move.link, pinned)
    return tuple(name for name, value in form.implied.items() if want.get(name, value) != value)


def _only_to_a_newer_version(context: Context, move: Move, pinned: Address) -> bool:
    """Whether a link is on an older version of the declared entity, and as declared otherwise."""
    kind, live = context.registry[move.link.kind], live_pin(context, move.link)
    if live is None or live.unversioned() != pinned.unversioned() or [c.path for c in move.found] != [(kind.pins,)]:
        return False
    return (live.version or 0) < (pinned.version or 0)


def _version_to_change_to(context: Context, move: Move) -> Address | Planned:
    """The version that the next link is on. A link that isn't declared to move to a newer version is not moved by
    another change: the server only takes an active version."""
    entity, live = move.entity, live_pin(context, move.link)
    pinned = version_to_begin_on(context, entity, move.coming)
    if isinstance(pinned, Planned):
        return pinned
    stays = "version" not in entity.fields and live is not None and live.unversioned() == pinned.unversioned()
    if stays and live != pinned:
        return refused(
            entity.address,
            WOULD_MOVE,
            fields=move.found,
            names=names_of(move.found),
            live=live.text if live else "",
            pinned=pinned.text,
        )
    return unproven(context, entity, pinned) or pinned


def substitute(entity: Entity, key: str, pins: str, timing: str) -> Entity:
    """The declaration of a chain that changes to another entity instead of ending."""
    gone = (ENDS, "version", "version_digest")
    fields: Fields = {name: value for name, value in entity.fields.items() if name not in gone}
    return replace(entity, fields={**fields, pins: key, "change": timing})
