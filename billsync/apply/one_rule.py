"""The one rule for every step: observe; after holds -> done; before holds -> call; otherwise stale.

A step whose before holds is stale, too, if what it was decided on besides its entity is no longer so. One that is
stale is done if its entity is as a later step of the same plan file leaves it: an earlier run went on from there.

An unclear outcome applies the same rule again, so a retry, a second runner and a resumed plan file are one case. So
does each wait: whatever came into being meanwhile is seen before the call.
"""

from __future__ import annotations

from collections.abc import Iterable

from billsync.apply.bindings import Observed, Unbound
from billsync.apply.calling import UNTRIED, Stopped, Tried, call
from billsync.apply.first_call import called_first, learn, may_end_by_answer, may_end_by_no_content
from billsync.apply.obstacles import at_this_moment, in_the_way
from billsync.apply.overtaken import gave_way
from billsync.apply.unchanged import is_as_decided
from billsync.apply.world import World
from billsync.core.observed.expectation import (
    differences_after,
    differences_before,
    facts_apart,
    holds_after,
    holds_before,
)
from billsync.core.secrets.step_masking import StepMasking
from billsync.core.views.compare import said
from billsync.model.address import symbols_in
from billsync.model.change import FieldChange, Step
from billsync.model.frozen import replace
from billsync.model.kind import Kind
from billsync.model.ports import RemoteError, Unreachable
from billsync.model.result import Status, StepResult

ATTEMPTS = 3
"""Number of calls of a step before its outcome is given up as unclear."""

LOOKS = 3
"""Number of looks at an entity after a successful answer before the answer is disbelieved."""

PAUSE = 1.0
"""Seconds before looking again; doubled each time."""

GONE = "unreachable"
"""The cause of a failure after which nothing more is tried."""


def run_step(step: Step, world: World, following: Iterable[Step]) -> StepResult | None:
    """The end of a step; None if the run stopped before its first call. `following` are later steps on its entity.

    Errors of the server or the network are in the result, not raised.
    """
    tried = UNTRIED
    try:
        tried = called_first(step, world)
        if _is_shown(step, tried, world):
            return StepResult(step, Status.DONE, wrote=True)
        while (result := _settled_by_look(step, seen := _as_seen(step, world, tried), tried, following)) is None:
            if tried.calls and not tried.is_rested:
                world.clock.sleep(PAUSE * 2 ** (tried.calls - 1))
                tried = replace(tried, is_rested=True)
                continue
            if not tried.calls and (reason := world.unfit(step)):
                return StepResult(step, Status.STALE, reason)
            if (blocking := _in_the_way(step, seen, tried)) is not None:
                return blocking
            tried = call(step, world, tried)
            if _ends_by_answer(step, tried, world):
                return StepResult(step, Status.DONE, wrote=True)
        return result
    except Unbound as error:
        return StepResult(step, Status.STALE, str(error), tried.wrote)
    except Unreachable as error:
        return StepResult(step, Status.FAILED, _told(error, tried), tried.wrote, GONE)
    except Stopped:
        return StepResult(step, Status.FAILED, _unclear(tried), tried.wrote) if tried.calls else None


def _as_seen(step: Step, world: World, tried: Tried) -> World:
    """The world for the looks right before a first call, which are at one moment; later ones are apart."""
    return world if tried.calls else at_this_moment(step, world)


def _settled_by_look(step: Step, world: World, tried: Tried, following: Iterable[Step]) -> StepResult | None:
    """The step's result if the entity as it is now decides it; None if the step may be called (again).

    Raises Unreachable.
    """
    kind = world.kind(step)
    try:
        if not tried.calls and is_as_decided(step, world):
            return None
        observed = _look(step, kind, world, patient=tried.ok)
        if not tried.calls:
            learn(step, world, observed.view)
        result = _settled(step, kind, observed, tried, world)
        if result is not None and _has_departed(step, kind, observed) and _went_on(following, world):
            return StepResult(step, Status.DONE if tried.wrote else Status.ALREADY, wrote=tried.wrote)
        return result
    except Unreachable:
        raise
    except RemoteError as error:
        return StepResult(step, Status.FAILED, _told(error, tried), tried.wrote)


def _went_on(following: Iterable[Step], world: World) -> bool:
    """Whether an entity is as one of the later steps on it leaves it. Raises RemoteError."""
    return any(
        _is_done(step, world.kind(step), _look(step, world.kind(step), world, patient=False)) for step in following
    )


def _has_departed(step: Step, kind: Kind, observed: Observed) -> bool:
    """Whether an entity is neither as a step expects it nor as the step leaves it."""
    is_before = holds_before(kind, step.before, view=observed.view, status=observed.status, facts=observed.facts)
    return not is_before and not _is_done(step, kind, observed)


def _in_the_way(step: Step, world: World, tried: Tried) -> StepResult | None:
    """Return the result of a step that an obstacle stops now, or None."""
    try:
        found = in_the_way(step, world)
    except Unbound as error:
        return StepResult(step, Status.STALE, str(error), tried.wrote)
    except RemoteError as error:
        return StepResult(step, Status.FAILED, _told(error, tried), tried.wrote)
    if not found:
        return None
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    reason = f"since this was planned, there is {', '.join(found[:3])}{more}"
    return StepResult(step, Status.STALE, reason, tried.wrote)


def _told(error: Exception, tried: Tried) -> str:
    return f"{error} (before that: {tried.trouble})" if tried.trouble else str(error)


def _look(step: Step, kind: Kind, world: World, *, patient: bool) -> Observed:
    """The entity as it is; after a successful answer, a few looks until it is as promised."""
    for address in symbols_in((step.before.view, step.after.view)):
        world.bindings.id_of(address)
    facts = step.before.facts.keys() | step.after.facts.keys()
    observed = world.bindings.observe(step.address, step.after.view, facts)
    for look in range(LOOKS - 1 if patient else 0):
        if _is_done(step, kind, observed):
            break
        world.clock.sleep(PAUSE * 2**look)
        observed = world.bindings.observe(step.address, step.after.view, facts)
    return observed


def _settled(step: Step, kind: Kind, observed: Observed, tried: Tried, world: World) -> StepResult | None:
    """The step's result if the observed state decides it; None if the step may be called (again)."""
    if _is_done(step, kind, observed):
        if tried.made not in ("", observed.id):
            return _made_twice(step, tried, world)
        return StepResult(step, Status.DONE if tried.wrote else Status.ALREADY, wrote=tried.wrote)
    if not holds_before(kind, step.before, view=observed.view, status=observed.status, facts=observed.facts):
        did_nothing = tried.is_first and not tried.wrote
        return _departed(step, kind, observed, UNTRIED if did_nothing else tried, world.masking)
    if tried.refusal:
        return StepResult(step, Status.FAILED, tried.refusal, tried.wrote)
    if tried.ok:
        return StepResult(step, Status.FAILED, "the server accepted the call, but the entity is unchanged", wrote=True)
    if tried.calls >= ATTEMPTS or (tried.calls and not step.repeatable):
        return StepResult(step, Status.FAILED, _unclear(tried), tried.wrote)
    return None


def _unclear(tried: Tried) -> str:
    return f"unclear whether it was carried out: {tried.trouble}"


def _ends_by_answer(step: Step, tried: Tried, world: World) -> bool:
    """Whether the answer to a call makes certain that the entity is as the step promises."""
    if tried.is_gone and may_end_by_no_content(step, world):
        world.bindings.forget(step.address)
        return True
    return may_end_by_answer(step, world) and _is_shown(step, tried, world)


def _is_shown(step: Step, tried: Tried, world: World) -> bool:
    """Whether the answer to a create shows an entity that certainly is what the step promises; its id is then known."""
    if not tried.ok:
        return False
    observed = world.bindings.answered(step.address, tried.shown, step.after.view)
    if observed is None or not _is_done(step, world.kind(step), observed):
        return False
    world.bindings.bind(step.address, observed.id)
    return True


def _is_done(step: Step, kind: Kind, observed: Observed) -> bool:
    """Whether the entity is in the state that the step promises."""
    return holds_after(
        kind,
        step.after,
        view=observed.view,
        status=observed.status,
        marked=observed.marked,
        facts=observed.facts,
    )


def _made_twice(step: Step, tried: Tried, world: World) -> StepResult:
    """The end of a step whose entity another run made at the same moment: what this run made is taken back."""
    if gave_way(step, tried.made, world):
        return StepResult(step, Status.ALREADY, wrote=True)
    reason = (
        f"another run created {step.address.text} at the same moment; what this run created is left over as "
        f"{tried.made}, and the next `sync` deletes it"
    )
    return StepResult(step, Status.FAILED, reason, wrote=True)


def _departed(step: Step, kind: Kind, observed: Observed, tried: Tried, masking: StepMasking) -> StepResult:
    """The result of a step for which neither before nor after holds: the differing fields, and the server's answer if
    it was called."""
    if tried.calls or step.before.view is None:
        changes = differences_after(kind, step.after, observed.view)
    else:
        changes = differences_before(kind, step.before, observed.view)
    if observed.view is not None:
        changes += facts_apart(step.after if tried.calls else step.before, observed.facts)
    fields = "; ".join(_difference(masking.difference(step, change)) for change in changes)
    reason = f"{step.address.text} is not as expected: {fields or _presence(step, observed)}"
    if tried.calls:
        said = tried.refusal or tried.trouble or "the server accepted the call"
        return StepResult(step, Status.FAILED, f"{said}; {reason}", tried.wrote)
    return StepResult(step, Status.STALE, reason)


def _difference(change: FieldChange) -> str:
    return f"{change.name} is {said(change.old)}, expected {said(change.new)}"


def _presence(step: Step, observed: Observed) -> str:
    if observed.view is None:
        return "it is not there"
    return f"its status is {observed.status!r}" if observed.status else "it is there already"
