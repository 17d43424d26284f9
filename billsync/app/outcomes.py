"""The exit code of a comparison or a run, and the finding that stops a write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from billsync.app.ending import Exit, worst
from billsync.model.change import Outcome, PlanFile
from billsync.model.diagnostic import Diagnostic, Severity
from billsync.model.result import Status, StepResult
from billsync.model.state import Desired
from billsync.schema.codes import diagnostic


def owner_missing(plan: PlanFile) -> tuple[Diagnostic, ...]:
    """The finding that stops a write: there are changes to make, and the files name no owner."""
    if plan.owner is not None or not plan.steps:
        return ()
    hint = "Add `_info: {owner: NAME}` to one of the files; everything that billsync creates is marked with it."
    return (diagnostic("no-owner", hint=hint),)


def forbidden_flags(desired: Desired, allow: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """Warnings about flags that were given and that the policy of the files forbids."""
    place = desired.policy.places.get("forbid")
    names = sorted(desired.policy.forbid & allow.keys())
    details = (f"`--allow {name}` changes nothing: `_info.policy.forbid` names {name}." for name in names)
    return tuple(diagnostic("forbidden-flag", text, position=place, severity=Severity.WARNING) for text in details)


def refusal_of(plan: PlanFile) -> Exit:
    """The exit code for changes that a plan file won't make because of a guard, a policy, or a refusal."""
    stops = any(change.outcome in (Outcome.REFUSED, Outcome.BLOCKED) for change in plan.changes)
    return Exit.REFUSED if plan.guards or stops else Exit.DONE


def code_of_difference(plan: PlanFile, missing: tuple[Diagnostic, ...], *, exit_code: bool) -> Exit:
    """The exit code of a diff for everything that would stop `sync`; pending changes count only with `exit_code`."""
    pending = Exit.PENDING if plan.pending and exit_code else Exit.DONE
    return worst(refusal_of(plan), Exit.ERROR if missing else Exit.DONE, pending)


def code_of_run(plan: PlanFile, results: Iterable[StepResult], *, wrote: bool) -> Exit:
    """The exit code of a run (design.md §7). `wrote`: anything may have been written."""
    broken = any(result.status in (Status.FAILED, Status.STALE) for result in results)
    if broken and wrote:
        return Exit.PARTLY
    return worst(refusal_of(plan), Exit.ERROR if broken else Exit.DONE)


def code_of_plan_file_run(plan: PlanFile, results: Iterable[StepResult], *, wrote: bool) -> Exit:
    """The exit code of a run of a plan file: what has become stale since it was made counts by itself."""
    statuses = {result.status for result in results}
    failed = Exit.ERROR if Status.FAILED in statuses else Exit.DONE
    if failed and wrote:
        return Exit.PARTLY
    return worst(refusal_of(plan), Exit.STALE if Status.STALE in statuses else Exit.DONE, failed)
