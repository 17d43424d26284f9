"""The declared end of a running chain, and the end of one that is no longer declared (design.md §5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from billsync.core.changes.chains import links_of, running_links
from billsync.core.changes.planned import Context, Planned, note, refused, time_shown
from billsync.core.lifecycle.chain_steps import (
    CANCEL,
    FROM,
    RENEWS,
    RESUME,
    TO,
    VERBS,
    WITHDRAW,
    Link,
    cancel_step,
    link_of,
    restore_step,
    resume_step,
    withdraw_step,
)
from billsync.core.lifecycle.record import in_sequence
from billsync.core.observed.chain_refusals import CANT_WITHDRAW, ENDS_LATER, ENDS_PASSED, NOT_A_BOUNDARY
from billsync.core.observed.index import state_of
from billsync.core.observed.ownership import is_begun_to_end, is_untouched, labels_of
from billsync.core.observed.refusals import UNSHOWN_END
from billsync.model.address import Address
from billsync.model.change import Action, Change, FieldChange, Guard, Step
from billsync.model.frozen import replace
from billsync.model.kind import State
from billsync.model.moment import moment_text, parse_moment
from billsync.model.state import Row
from billsync.model.transition import AT_RENEWAL, IMMEDIATE
from billsync.model.value import Plain

REVERT = "revert"
"""The flag that lets a run undo what somebody did outside of billsync, and the name of its guard."""

ENDS = "ends"
BEGUN_TO_END = "it was begun with this end, and the run that began it broke off before it set it"
OR_TAKEN_BACK = (
    "it was begun with this end, and something was done to it since: either somebody took the end back, or the run "
    "that began it broke off before it set the end, which then may be allowed"
)


def end(context: Context, address: Address, ends: str, head: Row) -> Planned | None:
    """The change that ends a running chain as declared; None if it ends so already."""
    kind = context.registry[address.kind]
    link = link_of(context, address, head)
    if state_of(kind, head.fields) is State.COMING:
        later = refused(address, ENDS_LATER, begins=time_shown(link.facts.get(FROM)))
        return _never_begin(context, address, IMMEDIATE, head) if ends == IMMEDIATE else later
    time = parse_moment(ends)
    if time and link.facts.get(FROM) is None:
        return refused(address, UNSHOWN_END, kind=kind.name)
    if refusal := cant_end_at(context, address, ends, head):
        return refusal
    if state_of(kind, head.fields) is State.ENDING:
        if _ends_so(link, ends):
            return None
        if _ends_sooner(link, time) and _may_not_resume(context, link):
            return _ending_note(link, f"it is declared to end at {ends}")
        if context.routes[kind.name].can(RESUME):
            return planned_end(context, link, ends, resume_step(context, link))
    return _of_its_beginning(planned_end(context, link, ends), ends, head)


def _of_its_beginning(planned: Planned, ends: str, head: Row) -> Planned:
    """The cancel of a link that was begun to have this end. The run that began it has broken off before it set it where
    nothing was done to the link since: then it is part of that beginning, which nobody has to allow again."""
    if not is_begun_to_end(head.fields, ends):
        return planned
    if is_untouched(head.fields):
        return replace(planned, change=replace(planned.change, reason=BEGUN_TO_END), guards=())
    guards = (replace(each, reason=f"{each.reason}; {OR_TAKEN_BACK}") for each in planned.guards)
    return replace(planned, guards=tuple(guards))


def cant_end_at(context: Context, address: Address, ends: str, row: Row) -> Planned | None:
    """A refusal, where a link can't end at a declared time."""
    kind, time = context.registry[row.kind], parse_moment(ends)
    if time and kind.may_end_at and not kind.may_end_at(row.fields, time):
        return refused(address, NOT_A_BOUNDARY, ends=ends, renews=link_of(context, address, row).facts.get(RENEWS))
    return refused(address, ENDS_PASSED, ends=ends) if time and time <= context.now else None


def planned_end(context: Context, link: Link, ends: str, *before: Step) -> Planned:
    """The cancel of a chain, guarded; steps before it take back what is in its way."""
    steps = in_sequence((*before, cancel_step(context, link, ends)))
    then = (link.facts.get(RENEWS) or ends) if ends == AT_RENEWAL else ends
    change = Change(
        link.address,
        Action.UPDATE,
        VERBS[CANCEL],
        fields=(FieldChange((ENDS,), link.facts.get(TO), then),),
        steps=tuple(step.id for step in steps),
        timing=ends,
    )
    reason = f"{link.address.text} would end {when(ends, then)}"
    return Planned(change, steps, guards=(cancel_guard(link.address, reason),))


def when(ends: str, moment: Plain) -> str:
    """The time of an end in words."""
    if moment in (AT_RENEWAL, None):
        return "at its renewal"
    return "at once" if ends == IMMEDIATE else f"at {moment}"


def cancel_guard(address: Address, reason: str) -> Guard:
    """The guard of a cancel: it ends what a customer pays for."""
    return Guard(CANCEL, reason, f"--allow {CANCEL}", (address,))


def ends_as_declared(context: Context, address: Address, ends: object, head: Row) -> bool:
    """Whether a running chain has the declared end already, or none is declared."""
    is_ending = state_of(context.registry[head.kind], head.fields) is State.ENDING
    return not ends or (is_ending and _ends_so(link_of(context, address, head), declared_end(ends)))


def _ends_so(link: Link, ends: str) -> bool:
    """Whether the end of an ending link is the declared one.

    `at_renewal` is the end of the running period, or an earlier one; where the server shows no time, it is what is set.
    """
    until, renewal = parse_moment(str(link.facts.get(TO))), parse_moment(str(link.facts.get(RENEWS)))
    if until is None:
        return ends == AT_RENEWAL
    if ends == AT_RENEWAL:
        return renewal is None or until <= renewal
    return until == parse_moment(ends)


def _ends_sooner(link: Link, declared: datetime | None) -> bool:
    """Whether a link ends before the declared time: a run that moves the end takes back what somebody decided."""
    until = parse_moment(str(link.facts.get(TO)))
    return declared is not None and until is not None and until < declared


def _may_not_resume(context: Context, link: Link) -> bool:
    """Whether an end stays, as undoing isn't allowed or the server can't. Nothing on it says who cancelled."""
    return REVERT not in context.allow or not context.routes[link.address.kind].can(RESUME)


def _ending_note(link: Link, declared: str) -> Planned:
    """A note about an end that was set here or elsewhere, and stays."""
    until = time_shown(link.facts.get(TO))
    return note(
        link.address,
        code="chain-ending",
        reason=f"{declared}, but ends at {until}: it was cancelled, here or elsewhere; left alone",
        hint=f"declare `ends: at_renewal`, remove it from the files, or resume it with `--allow {REVERT}`",
    )


def _never_begin(context: Context, address: Address, ends: str, head: Row) -> Planned:
    """The end of a chain whose head hasn't begun: the head is taken back, and the link before it ends."""
    kind = context.registry[address.kind]
    scheduled = link_of(context, address, head)
    if not context.routes[kind.name].can(WITHDRAW):
        return refused(address, CANT_WITHDRAW, kind=kind.name, begins=time_shown(scheduled.facts.get(FROM)))
    earlier = running_links(kind, links_of(context, address), address.key)[:-1]
    current = link_of(context, address, earlier[-1]) if earlier else None
    return planned_withdrawal(context, scheduled, current, ends)


def planned_withdrawal(context: Context, scheduled: Link, current: Link | None, ends: str) -> Planned:
    """A scheduled link taken back, so that the chain ends with the link before it, or never begins.

    The link before it keeps its end, which is at the renewal; for any other end it is restored and cancelled.
    """
    ends = ends if current is not None else IMMEDIATE  # what never begins has no renewal
    steps: tuple[Step, ...] = (withdraw_step(context, scheduled, current),)
    keeps_its_end = current is not None and _ends_so(current, ends)
    if current is not None and not keeps_its_end:
        steps = (restore_step(context, scheduled, current), cancel_step(context, current.ending(None), ends))
    steps = in_sequence(steps)
    until: Plain = current.facts.get(TO) if current is not None and keeps_its_end else ends
    change = Change(
        scheduled.address,
        Action.UPDATE,
        VERBS[WITHDRAW] if current is None else VERBS[CANCEL],
        fields=(FieldChange((ENDS,), None, until),),
        steps=tuple(step.id for step in steps),
        timing=ends,
    )
    reason = f"{scheduled.address.text} has not begun, and would never begin"
    if current is not None:
        reason = f"{scheduled.address.text} would end {when(ends, until)}; the change that is scheduled is taken back"
    return Planned(change, steps, guards=(cancel_guard(scheduled.address, reason),))


def ends_elsewhere(context: Context, address: Address, head: Row) -> Planned:
    """A chain that is declared without an end and has one: the end is taken back only if undoing is allowed.

    It may have been the customer who cancelled.
    """
    link = link_of(context, address, head)
    if _may_not_resume(context, link):
        return _ending_note(link, "it is declared")
    step = resume_step(context, link)
    change = Change(
        address,
        Action.UPDATE,
        VERBS[RESUME],
        fields=(FieldChange((ENDS,), time_shown(link.facts.get(TO)), None),),
        steps=(step.id,),
        timing=IMMEDIATE,
    )
    return Planned(change, (step,))


def end_of_undeclared(context: Context, address: Address, head: Row) -> Iterator[Planned]:
    """The end, at renewal, of a chain of ours that is no longer declared; a note where this run deletes nothing."""
    kind = context.registry[address.kind]
    if not context.deletes or kind.name not in context.desired.named:
        yield note(
            address,
            code="kept",
            reason=f"it is no longer declared: left alone; `sync` cancels it where the files name {kind.collection}",
        )
        return
    if not context.desired.selection.carried_by(labels_of(head.fields)):
        reason = "it is no longer declared: left alone, as it lacks labels of `_info.select`"
        yield note(address, code="kept", reason=reason)
        return
    if state_of(kind, head.fields) is State.ENDING:
        until = time_shown(head.fields.get(TO))
        yield note(address, code="ends", reason=f"it is no longer declared, and ends at {until}")
        return
    if (found := end_at_renewal(context, address, head)) is not None:
        yield found


def end_at_renewal(context: Context, address: Address, head: Row) -> Planned | None:
    """The end of a chain with its running period; a head that hasn't begun never does."""
    is_coming = state_of(context.registry[address.kind], head.fields) is State.COMING
    return (_never_begin if is_coming else end)(context, address, AT_RENEWAL, head)


def declared_end(text: object) -> str:
    """A declared end in canonical form: a word, or a time in UTC."""
    moment = parse_moment(str(text))
    return moment_text(moment) if moment else str(text)
