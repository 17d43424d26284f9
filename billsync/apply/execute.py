"""The one rule for every step: observe; after holds -> done; before holds -> call; otherwise stale.

A step whose before holds is stale, too, if what it was decided on besides its entity is no longer so. One that is
stale is done if its entity is as a later step of the same plan file leaves it: an earlier run went on from there.

An unclear outcome applies the same rule again, so a retry, a second runner and a resumed plan file are one case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from billsync.apply.bindings import Bindings, Observed, Unbound
from billsync.apply.evidence import body_kept, text_kept
from billsync.apply.obstacles import in_the_way
from billsync.core.compare import said
from billsync.core.expectation import differences_after, differences_before, facts_apart, holds_after, holds_before
from billsync.core.step_masking import UNMASKED, StepMasking
from billsync.model.address import Address, symbols_in
from billsync.model.change import FieldChange, PlanFile, Step
from billsync.model.kind import Kind
from billsync.model.ports import Answer, Clock, Journal, Remote, RemoteError, Unclear, Unreachable
from billsync.model.result import Report, Status, StepResult
from billsync.model.value import Plain

ATTEMPTS = 3
"""Number of calls of a step before its outcome is given up as unclear."""

LOOKS = 3
"""Number of looks at an entity after a successful answer before the answer is disbelieved."""

PAUSE = 1.0
"""Seconds before looking again; doubled each time."""

GOOD = frozenset({Status.DONE, Status.ALREADY})

OnResult = Callable[[StepResult], None]


@dataclass(frozen=True, slots=True)
class World:
    """Everything that a run may touch. `unmet` says, by a step's id, what it was decided on that is no longer so."""

    remote: Remote
    bindings: Bindings
    journal: Journal
    clock: Clock
    masking: StepMasking = UNMASKED
    unmet: Mapping[str, str] = field(default_factory=dict)

    def record(self, event: str, facts: Mapping[str, Plain]) -> None:
        """Keep an event in the journal, without sourced values."""
        self.journal.record(event, self.masking.facts(facts))

    def kind(self, step: Step) -> Kind:
        """The table of a step's kind."""
        return self.bindings.registry[step.address.kind]


@dataclass(frozen=True, slots=True)
class _Tried:
    """The state of a step after the calls made so far. `made` is the id that the answer to a create names."""

    calls: int = 0
    wrote: bool = False
    ok: bool = False
    made: str = ""
    refusal: str = ""
    trouble: str = ""


def execute(plan: PlanFile, world: World, *, on_result: OnResult = lambda result: None) -> Report:
    """Run the plan file's steps in their order. A failed step blocks the steps that need it; the others continue.

    Errors of the server or the network are in the report, not raised.
    """
    results: dict[str, StepResult] = {}
    gone = ""
    following = _following(plan)
    for step in plan.steps:
        result = world.masking.result(_blocked(step, results, gone) or _run(step, world, following[step.id]))
        if result.status is Status.FAILED and result.cause == _GONE:
            gone = result.reason
        results[step.id] = result
        on_result(result)
        reason = text_kept(world.kind(step), result.reason)
        world.record("result", {"step": step.id, "status": result.status.value, "reason": reason})
    return Report(tuple(results.values()))


_GONE = "unreachable"


GUARDED = "a guard stopped the run"


def stopped(plan: PlanFile) -> Report:
    """The report of a run that a guard stopped before its first step."""
    return Report(tuple(StepResult(step, Status.BLOCKED, GUARDED) for step in plan.steps))


def _following(plan: PlanFile) -> Mapping[str, tuple[Step, ...]]:
    """The later steps on the same entity, by the id of a step."""
    found: dict[str, tuple[Step, ...]] = {}
    by_address: dict[Address, tuple[Step, ...]] = {}
    for step in reversed(plan.steps):
        found[step.id] = by_address.get(step.address, ())
        by_address[step.address] = (step, *found[step.id])
    return found


def _went_on(following: Iterable[Step], world: World) -> bool:
    """Whether an entity is as one of the later steps on it leaves it. Raises RemoteError."""
    return any(
        _is_done(step, world.kind(step), _look(step, world.kind(step), world, patient=False)) for step in following
    )


def _has_departed(step: Step, kind: Kind, observed: Observed) -> bool:
    """Whether an entity is neither as a step expects it nor as the step leaves it."""
    is_before = holds_before(kind, step.before, view=observed.view, status=observed.status, facts=observed.facts)
    return not is_before and not _is_done(step, kind, observed)


def _blocked(step: Step, results: Mapping[str, StepResult], gone: str) -> StepResult | None:
    for need in step.needs:
        if need in results and results[need].status not in GOOD:
            return StepResult(step, Status.BLOCKED, f"{need} was not done", cause=need)
    if gone:
        return StepResult(step, Status.BLOCKED, f"not tried: {gone}", cause=_GONE)
    return None


def _run(step: Step, world: World, following: Iterable[Step]) -> StepResult:
    tried = _Tried()
    kind = world.kind(step)
    while True:
        try:
            observed = _look(step, kind, world, patient=tried.ok)
            result = _settled(step, kind, observed, tried, world.masking)
            if result is not None and _has_departed(step, kind, observed) and _went_on(following, world):
                return StepResult(step, Status.DONE if tried.wrote else Status.ALREADY, wrote=tried.wrote)
        except Unreachable as error:
            return StepResult(step, Status.FAILED, _told(error, tried), tried.wrote, _GONE)
        except RemoteError as error:
            return StepResult(step, Status.FAILED, _told(error, tried), tried.wrote)
        if result is not None:
            return result
        if step.id in world.unmet and not tried.calls:
            return StepResult(step, Status.STALE, world.unmet[step.id])
        if (blocking := _in_the_way(step, world, tried)) is not None:
            return blocking
        if tried.calls:
            world.clock.sleep(PAUSE * 2 ** (tried.calls - 1))
        try:
            tried = _call(step, world, tried)
        except Unbound as error:
            return StepResult(step, Status.STALE, str(error), tried.wrote)
        except Unreachable as error:
            return StepResult(step, Status.FAILED, _told(error, tried), tried.wrote, _GONE)


def _in_the_way(step: Step, world: World, tried: _Tried) -> StepResult | None:
    """Return the result of a step that an obstacle stops now, or None."""
    try:
        found = in_the_way(step, world.remote, world.bindings)
    except Unbound as error:
        return StepResult(step, Status.STALE, str(error), tried.wrote)
    except RemoteError as error:
        return StepResult(step, Status.FAILED, _told(error, tried), tried.wrote)
    if not found:
        return None
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    reason = f"since this was planned, there is {', '.join(found[:3])}{more}"
    return StepResult(step, Status.STALE, reason, tried.wrote)


def _told(error: Exception, tried: _Tried) -> str:
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


def _settled(step: Step, kind: Kind, observed: Observed, tried: _Tried, masking: StepMasking) -> StepResult | None:
    """The step's result if the observed state decides it; None if the step may be called (again)."""
    if _is_done(step, kind, observed):
        if tried.made not in ("", observed.id):
            return StepResult(step, Status.FAILED, _made_twice(step, tried), wrote=True)
        return StepResult(step, Status.DONE if tried.wrote else Status.ALREADY, wrote=tried.wrote)
    if not holds_before(kind, step.before, view=observed.view, status=observed.status, facts=observed.facts):
        return _departed(step, kind, observed, tried, masking)
    if tried.refusal:
        return StepResult(step, Status.FAILED, tried.refusal, tried.wrote)
    if tried.ok:
        return StepResult(step, Status.FAILED, "the server accepted the call, but the entity is unchanged", wrote=True)
    if tried.calls >= ATTEMPTS or (tried.calls and not step.repeatable):
        return StepResult(step, Status.FAILED, f"unclear whether it was carried out: {tried.trouble}", tried.wrote)
    return None


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


def _id_in(answer: Answer) -> str:
    """The id in an answer, or an empty text."""
    return str(answer.body.get("id") or "") if isinstance(answer.body, Mapping) else ""


def _made_twice(step: Step, tried: _Tried) -> str:
    """The server keeps plan versions by no key, so two runs at once can both make one (catalog-facts.md §7.1)."""
    return (
        f"another run created {step.address.text} at the same moment; what this run created is left over as "
        f"{tried.made}, and the next `sync` deletes it"
    )


def _departed(step: Step, kind: Kind, observed: Observed, tried: _Tried, masking: StepMasking) -> StepResult:
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


def _call(step: Step, world: World, tried: _Tried) -> _Tried:
    """One call. Raises Unbound, or Unreachable when nothing can have been written."""
    path, body = world.bindings.path(step.call.path), world.bindings.body(step.call.body)
    kind = world.kind(step)
    facts = {"step": step.id, "method": step.call.method, "path": path, "body": body_kept(kind, body)}
    world.record("call", facts)
    try:
        answer = world.remote.call(step.call.method, path, body)
    except Unclear as error:
        world.record("unclear", {"step": step.id, "reason": text_kept(kind, str(error))})
        return _Tried(tried.calls + 1, wrote=True, trouble=str(error))
    message = text_kept(kind, answer.message)
    world.record("answer", {"step": step.id, "status": answer.status, "message": message})
    return _after_answer(tried, answer, kind, creates=step.before.view is None)


def _after_answer(tried: _Tried, answer: Answer, kind: Kind, *, creates: bool) -> _Tried:
    if answer.ok:
        return _Tried(tried.calls + 1, wrote=True, ok=True, made=_id_in(answer) if creates else "")
    if answer.unclear:
        return _Tried(tried.calls + 1, wrote=True, trouble=answer.message)
    return _Tried(tried.calls + 1, wrote=tried.wrote, refusal=_in_our_words(kind, answer), trouble=tried.trouble)


def _in_our_words(kind: Kind, answer: Answer) -> str:
    """The meaning of a refused call, where the kind's table knows the server's code; else the server's own words."""
    meaning = next((text for code, text in kind.answers.items() if code in answer.message), None)
    return f"{meaning} (the server's answer: {answer.message.partition(':')[0]})" if meaning else answer.message
