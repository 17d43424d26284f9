"""The calls on a running chain: change, cancel, resume, withdraw. Each begins from one link in one state."""

from __future__ import annotations

from billsync.core.changes.chains import parent_of
from billsync.core.changes.planned import Context, call_of, step_id
from billsync.core.changes.timing import sent_as
from billsync.core.views.view import body
from billsync.model.address import Address, Symbol
from billsync.model.change import Expectation, Step
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Kind, State
from billsync.model.state import Row
from billsync.model.transition import AT_RENEWAL, IMMEDIATE
from billsync.model.value import Fields, Plain

CANCEL, CHANGE, RESUME, MIGRATE = "cancel", "change", "resume", "migrate"
WITHDRAW, RESTORE = "withdraw", "restore"
FROM, TO, RENEWS = "active_from", "active_to", "renews_at"
"""The moments of a link (`Kind.facts`): its start, its end, and the end of its running period."""

VERBS = {CANCEL: "cancelling", CHANGE: "changing", RESUME: "resuming", WITHDRAW: "withdrawing", MIGRATE: "migrating"}
VERBS |= {RESTORE: VERBS[WITHDRAW]}


@dataclass(frozen=True, slots=True)
class Link:
    """A running link of a chain as a step finds it: its view and its moments."""

    address: Address
    view: Fields
    facts: Fields

    def ending(self, end: Plain) -> Link:
        """The link with this end, None for no end."""
        return replace(self, facts={**self.facts, TO: end})


def link_of(context: Context, address: Address, row: Row) -> Link:
    """The link that a row shows."""
    kind = context.registry[row.kind]
    return Link(address, context.view(row), kind.facts(row.fields) if kind.facts else {})


def cancel_step(context: Context, link: Link, timing: str) -> Step:
    """The cancel of a link without an end; afterwards there is no running link, or it ends at that time."""
    kind = context.registry[link.address.kind]
    if timing == IMMEDIATE:
        after = Expectation(None)
    else:
        end = link.facts.get(RENEWS) if timing == AT_RENEWAL else timing
        after = Expectation(link.view, kind.words(State.ENDING), facts={FROM: link.facts.get(FROM), TO: end})
    return _step(context, link, CANCEL, {"timing": sent_as(timing)}, _running(kind, link, timing), after)


def resume_step(context: Context, link: Link) -> Step:
    """The end of a link taken back."""
    kind = context.registry[link.address.kind]
    began = {FROM: link.facts.get(FROM)}
    before = Expectation(link.view, kind.words(State.ENDING), facts={**began, TO: link.facts.get(TO)})
    after = Expectation(link.view, kind.words(State.CURRENT), facts={**began, TO: None})
    return _step(context, link, RESUME, None, before, after)


def withdraw_step(context: Context, scheduled: Link, current: Link | None) -> Step:
    """A link that hasn't begun taken back; the link that runs until then, if there is one, keeps its end."""
    kind = context.registry[scheduled.address.kind]
    before = Expectation(scheduled.view, kind.words(State.COMING), facts={FROM: scheduled.facts.get(FROM)})
    after = Expectation(None)
    if current is not None:
        kept = {FROM: current.facts.get(FROM), TO: current.facts.get(TO)}
        after = Expectation(current.view, kind.words(State.ENDING), facts=kept)
    return _step(context, scheduled, WITHDRAW, None, before, after)


def restore_step(context: Context, scheduled: Link, current: Link) -> Step:
    """A link that hasn't begun taken back, and the end of the link before it, in one call.

    If a run broke between two calls, it would leave a link with an end, and nothing would say that nobody cancelled it.
    """
    kind = context.registry[scheduled.address.kind]
    before = Expectation(scheduled.view, kind.words(State.COMING), facts={FROM: scheduled.facts.get(FROM)})
    after = Expectation(current.view, kind.words(State.CURRENT), facts={FROM: current.facts.get(FROM), TO: None})
    return _step(context, scheduled, RESTORE, None, before, after)


def change_step(context: Context, link: Link, want: Fields, timing: str) -> Step:
    """The change of a link without an end into the next one, which has `want` as its view."""
    kind = context.registry[link.address.kind]
    routes = context.routes[kind.name]
    names = tuple(name for name in routes.create if name not in routes.calls[CHANGE].implied)
    sent = body(kind, want, names, parent_of(kind, link.address))
    if timing == IMMEDIATE:
        after = Expectation(want, kind.words(State.CURRENT))
    else:
        begins = link.facts.get(RENEWS) if timing == AT_RENEWAL else timing
        after = Expectation(want, kind.words(State.COMING, State.CURRENT), facts={FROM: begins})
    return _step(context, link, CHANGE, {**sent, "timing": sent_as(timing)}, _running(kind, link, timing), after)


def migrate_step(context: Context, link: Link, pinned: Address) -> Step:
    """The link moved to another version of its plan in place: it keeps its start, add-ons and labels."""
    kind = context.registry[link.address.kind]
    assert kind.pins is not None
    after = Expectation(
        {**link.view, kind.pins: Symbol(pinned)},
        kind.words(State.CURRENT),
        facts={FROM: link.facts.get(FROM), TO: None},
    )
    is_live = pinned in context.index.names.values()
    number = {"target_version": pinned.version} if is_live else {}  # without it, the newest: this run publishes that
    step = _step(context, link, MIGRATE, {"timing": IMMEDIATE, **number}, _running(kind, link, IMMEDIATE), after)
    return step if is_live else replace(step, needs=(step_id(pinned, "publish"),))


def _running(kind: Kind, link: Link, timing: str) -> Expectation:
    """A link without an end. A change at renewal depends on when that is, too."""
    renewal = {RENEWS: link.facts.get(RENEWS)} if timing == AT_RENEWAL else {}
    return Expectation(link.view, kind.words(State.CURRENT), facts={FROM: link.facts.get(FROM), TO: None, **renewal})


def _step(context: Context, link: Link, name: str, sent: Plain, before: Expectation, after: Expectation) -> Step:
    return Step(
        id=step_id(link.address, name),
        address=link.address,
        verb=VERBS[name],
        call=call_of(context, link.address, name, sent),
        before=before,
        after=after,
    )
