"""The first link of a chain: now, or at a declared start where the server can begin one later (design.md §5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from billsync.core.changes.chains import has_ended, last_of, links_of, parent_of, restarts
from billsync.core.changes.obstacles import ENDS, ends_among
from billsync.core.changes.planned import Context, Planned, call_of, note, refused, step_id
from billsync.core.changes.timing import cadence_of, instead_of_end, sent_as
from billsync.core.changes.versions import NextVersions
from billsync.core.lifecycle.chain_steps import CANCEL, FROM, RENEWS, TO, VERBS
from billsync.core.lifecycle.chain_target import first_link, pin_of, restart_of, version_to_begin_on
from billsync.core.lifecycle.proof import unproven
from billsync.core.observed.chain_refusals import (
    BEGINS_AFTER,
    ENDS_BEFORE_IT_BEGINS,
    NOT_LATER,
    OFF_ITS_PERIODS,
    ONE_AT_A_TIME,
    START_PASSED,
    STARTS_LATER,
)
from billsync.core.observed.index import state_of
from billsync.core.observed.ownership import KEY, labels_of
from billsync.core.observed.refusals import UNSHOWN_END, UNSUPPORTED
from billsync.core.views.view import body
from billsync.model.address import Address, Symbol
from billsync.model.change import Action, Call, Change, Expectation, Obstacle, Step
from billsync.model.kind import State
from billsync.model.moment import moment_text, parse_moment
from billsync.model.routes import CallForm
from billsync.model.state import Entity, Row
from billsync.model.transition import AT_RENEWAL, IMMEDIATE
from billsync.model.value import Fields, Plain

BEGIN_LATER, BEGIN_IN_PHASE = "begin_later", "begin_in_phase"
START, PHASE = "start", "starting_phase"
LATE_AT_MOST = timedelta(days=1)
"""Longest time after its declared start that a chain still begins: a nightly run finds it a day late at most."""


def start_of_entity(entity: Entity) -> datetime | None:
    """The declared start of a chain."""
    return parse_moment(str(entity.fields.get(START)))


def starts_later(context: Context, entity: Entity) -> bool:
    """Whether a chain is declared to start after the moment of this decision."""
    start = start_of_entity(entity)
    return start is not None and start > context.now


def begin(context: Context, entity: Entity, coming: NextVersions) -> Planned:
    """The change that begins a chain, or why it can't begin now."""
    if refusal := _beside_another(context, entity):
        return refusal
    pinned = version_to_begin_on(context, entity, coming)
    if isinstance(pinned, Planned):
        return pinned
    refusal = unproven(context, entity, pinned) or _by_its_phase(context, entity)
    if refusal := refusal or _by_its_start(context, entity) or _by_its_end(context, entity):
        return refusal
    want = first_link(context, entity, pinned)
    step = _later_step(context, entity, want) if starts_later(context, entity) else _step(context, entity, want)
    steps = (step, *end_step(context, entity, want, step))
    kind = context.registry[entity.address.kind]
    start = moment_text(begins) if (begins := start_of_entity(entity)) and starts_later(context, entity) else ""
    change = Change(entity.address, Action.CREATE, kind.created_verb, steps=tuple(s.id for s in steps), timing=start)
    return Planned(change, steps)


def _beside_another(context: Context, entity: Entity) -> Planned | None:
    """A refusal, where the parent has a chain under another key and the server allows one (customer-facts.md §5.5)."""
    kind = context.registry[entity.address.kind]
    if not context.one_chain_per_parent:
        return None
    rows = [
        row
        for row in links_of(context, entity.address)
        if not _ends_before(context, entity, row) and labels_of(row.fields).get(KEY) != entity.address.key
    ]
    running = sorted(str(labels_of(row.fields).get(KEY)) for row in rows)
    earlier = sorted(key for key in context.siblings(entity.address) if key < entity.address.key)
    parents = entity.address.parents
    siblings = (context.entities[Address(kind.name, (*parents, key))] for key in earlier)
    others = running or [each.address.key for each in siblings if _comes_first(context, each)]
    if not others:
        return None
    ends = [_declared_to_end(context, entity, row) for row in rows]
    if running and None not in ends:
        return refused(
            entity.address, BEGINS_AFTER, action=Action.CREATE, kind=kind.name, other=running[0], end=ends[0]
        )
    return refused(entity.address, ONE_AT_A_TIME, kind=kind.name, other=others[0])


def _declared_to_end(context: Context, entity: Entity, row: Row) -> str | None:
    """The time at which the files have another chain's running link end, in words; None if they don't.

    An end that nobody declared keeps the place, as it may be taken back.
    """
    kind = context.registry[row.kind]
    key = str(labels_of(row.fields).get(KEY))
    other = context.entities.get(Address(kind.name, (*entity.address.parents, key)))
    ends = str(other.fields.get("ends") or "") if other else ""
    declared = parse_moment(ends)
    is_over = declared is not None and declared <= context.now
    if other is None or not ends or is_over or state_of(kind, row.fields) is State.COMING:
        return None
    if instead_of_end(context, pin_of(context, other)):
        return None
    if ends == IMMEDIATE:
        return "at once"
    facts = kind.facts(row.fields) if kind.facts else {}
    until = moment_text(declared) if declared else facts.get(TO) or facts.get(RENEWS)
    return f"at {until}" if until else "at its renewal"


def _ends_before(context: Context, entity: Entity, row: Row) -> bool:
    """Whether a link is over when a chain begins: now, or at its declared start that lies ahead."""
    until, start = parse_moment(str(row.fields.get(TO))), start_of_entity(entity)
    goes_first = until is not None and start is not None and context.now < until <= start
    return goes_first or has_ended(context.registry[row.kind], row)


def _comes_first(context: Context, entity: Entity) -> bool:
    """Whether a declared chain that isn't running keeps its place: not if it ended, or never begins, as declared."""
    head = last_of(context, entity.address)
    if head is None:
        return not _never_begins(context, entity)
    if not has_ended(context.registry[head.kind], head):
        return False
    return begins_again(context, entity) or not may_have_ended(context, entity, head)


def may_have_ended(context: Context, entity: Entity, head: Row) -> bool:
    """Whether an ended chain is declared to end, and at no later time that still lies ahead."""
    ends = entity.fields.get("ends")
    declared, ended = parse_moment(str(ends)), parse_moment(str(head.fields.get(TO)))
    return bool(ends) and (declared is None or declared <= context.now or (ended is not None and declared <= ended))


def begins_again(context: Context, entity: Entity) -> bool:
    """Whether the file allows one more beginning than there was: each number is used up by the link that it begins."""
    return restart_of(entity) > restarts(links_of(context, entity.address), entity.address.key)


def _by_its_start(context: Context, entity: Entity) -> Planned | None:
    """The reason why a chain can't begin at its declared start: it is long over, or no call begins anything later."""
    start, kind = start_of_entity(entity), context.registry[entity.address.kind]
    if start is None:
        return None
    if start < context.now - LATE_AT_MOST:
        return refused(entity.address, START_PASSED, start=moment_text(start), kind=kind.name)
    if start <= context.now:
        return None
    form = context.routes[kind.name].calls.get(BEGIN_LATER)
    if form is None:
        return refused(entity.address, STARTS_LATER, action=Action.CREATE, start=moment_text(start), kind=kind.name)
    lacking = _lacking(context, entity, form)
    if lacking:
        return refused(entity.address, NOT_LATER, lacking=", ".join(lacking), kind=kind.name)
    return None


def _by_its_phase(context: Context, entity: Entity) -> Planned | None:
    """The reason why a chain can't begin in its declared phase: no call of this server skips phases, or that call
    doesn't take everything that is declared."""
    kind = context.registry[entity.address.kind]
    if PHASE not in entity.fields:
        return None
    form = context.routes[kind.name].calls.get(BEGIN_IN_PHASE)
    if form is None:
        return refused(entity.address, UNSUPPORTED, action=Action.NONE, verb="unmanageable", lacking=PHASE)
    lacking = _lacking(context, entity, form)
    if lacking:
        return refused(entity.address, NOT_LATER, lacking=", ".join(lacking), kind=kind.name)
    return None


def _lacking(context: Context, entity: Entity, form: CallForm) -> tuple[str, ...]:
    """The declared fields that the call for a later start doesn't take."""
    if not form.names:
        return ()
    declared = context.want(entity)
    unsent = (
        name for name in context.routes[entity.address.kind].create if name in declared and name not in form.names
    )
    return tuple(name for name in unsent if declared[name] != form.implied.get(name))


def _by_its_end(context: Context, entity: Entity) -> Planned | None:
    """A note where a chain would have to end before it begins."""
    ends, kind = entity.fields.get("ends"), context.registry[entity.address.kind]
    end = parse_moment(str(ends))
    if _never_begins(context, entity):
        return note(
            entity.address,
            code="never-begun",
            reason=f"it doesn't exist and is declared to have ended: no {kind.name} is begun",
            hint="remove it from the files",
        )
    if ends and starts_later(context, entity):
        return refused(entity.address, ENDS_BEFORE_IT_BEGINS, kind=kind.name)
    if end and not context.routes[kind.name].can(BEGIN_LATER):  # Konnect, whose rows show no times either
        return refused(entity.address, UNSHOWN_END, action=Action.CREATE, kind=kind.name)
    return _off_its_periods(context, entity, end) if end else None


def _off_its_periods(context: Context, entity: Entity, end: datetime) -> Planned | None:
    """A refusal, where a chain that begins now can't have the declared end: no cancel would follow its beginning."""
    kind, pinned = context.registry[entity.address.kind], pin_of(context, entity)
    declared, cadence = context.want(entity).get("billing_anchor"), cadence_of(context, pinned)
    anchor = str(declared or moment_text(context.now))
    begun = {"billing_anchor": anchor, "billing_cadence": cadence}
    if not kind.may_end_at or kind.may_end_at(begun, end):
        return None
    counted_from = anchor if declared else "its beginning"
    return refused(entity.address, OFF_ITS_PERIODS, action=Action.CREATE, ends=moment_text(end), anchor=counted_from)


def _never_begins(context: Context, entity: Entity) -> bool:
    """Whether a chain is declared to have ended."""
    ends = entity.fields.get("ends")
    end = parse_moment(str(ends))
    return ends == IMMEDIATE or (end is not None and end <= context.now)


def _step(context: Context, entity: Entity, want: Fields) -> Step:
    kind = context.registry[entity.address.kind]
    routes = context.routes[kind.name]
    sent = body(kind, want, routes.create, parent_of(kind, entity.address))
    if PHASE in entity.fields:
        whole = {**sent, "timing": IMMEDIATE, PHASE: entity.fields[PHASE]}
        call = call_of(context, entity.address, BEGIN_IN_PHASE, spelled(whole, routes.calls[BEGIN_IN_PHASE]))
        return _begun(context, entity, call, Expectation(want))
    return _begun(context, entity, Call("POST", context.collection(entity.address), sent), Expectation(want))


def _later_step(context: Context, entity: Entity, want: Fields) -> Step:
    """The create with a start that lies ahead. Where it came out differently, the next run takes it back."""
    kind = context.registry[entity.address.kind]
    start = start_of_entity(entity)
    assert start is not None
    routes = context.routes[kind.name]
    name = BEGIN_IN_PHASE if PHASE in entity.fields else BEGIN_LATER
    phase = {PHASE: entity.fields[PHASE]} if PHASE in entity.fields else {}
    sent = body(kind, want, routes.create, parent_of(kind, entity.address))
    sent = spelled({**sent, "timing": moment_text(start), **phase}, routes.calls[name])
    after = Expectation(want, kind.words(State.COMING, State.CURRENT), facts={FROM: moment_text(start)})
    return _begun(context, entity, call_of(context, entity.address, name, sent), after)


def spelled(sent: Fields, form: CallForm) -> Fields:
    """A request body in the spelling of a form of the older API; as it is for others."""
    if not form.names:
        return sent
    return {form.names[name]: _spelled(name, value, form) for name, value in sent.items() if name in form.names}


def _spelled(name: str, value: Plain, form: CallForm) -> Plain:
    if not isinstance(value, Mapping):
        return value
    symbol = value.get("id")
    if name in form.bare:
        return symbol
    if name in form.keyed and isinstance(symbol, Symbol):
        return {"key": symbol.address.key, "version": symbol.address.version}
    return value


def _begun(context: Context, entity: Entity, call: Call, after: Expectation) -> Step:
    kind = context.registry[entity.address.kind]
    return Step(
        id=step_id(entity.address, "create"),
        address=entity.address,
        verb=kind.created_verb,
        call=call,
        before=Expectation(None, without=(Obstacle(ENDS, kind.name, known=len(_ends(context, entity.address))),)),
        after=after,
        repeatable=kind.unique,
    )


def _ends(context: Context, address: Address) -> tuple[str, ...]:
    """Return the obstacle of a chain's ended links: if there is one more when the step runs, the chain was cancelled
    meanwhile, and would be sold again."""
    rows = (row.fields for row in links_of(context, address))
    return ends_among(context.registry[address.kind], rows, (address.key,))


def end_step(context: Context, entity: Entity, want: Fields, begun: Step) -> tuple[Step, ...]:
    """The cancel that follows a beginning for one period, or until a declared time."""
    ends = entity.fields.get("ends")
    if not ends:
        return ()
    kind = context.registry[entity.address.kind]
    facts: dict[str, Plain] = {} if ends == AT_RENEWAL else {TO: _time(str(ends))}
    return (
        Step(
            id=step_id(entity.address, CANCEL),
            address=entity.address,
            verb=VERBS[CANCEL],
            call=call_of(context, entity.address, CANCEL, {"timing": sent_as(_time(str(ends)))}),
            before=Expectation(want, kind.words(State.CURRENT), facts={TO: None}, partial=True),
            after=Expectation(want, kind.words(State.ENDING), facts=facts),
            needs=(begun.id,),
        ),
    )


def _time(text: str) -> str:
    moment = parse_moment(text)
    return moment_text(moment) if moment else text
