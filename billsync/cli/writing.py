"""`apply` and `sync`: compare, ask, carry out, and say what became of it. The only commands that write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from billsync import __version__
from billsync.apply.execute import stopped
from billsync.apply.journal import FileJournal
from billsync.cli.ending import Ended, Exit, error, usage
from billsync.cli.inputs import owned_state
from billsync.cli.opening import ServerOptions, connected
from billsync.cli.pipeline import Comparison, Connection, carry_out, compare
from billsync.cli.policies import judged
from billsync.cli.surroundings import Run
from billsync.core.diff import Mode
from billsync.model.change import PlanFile
from billsync.model.diagnostic import Diagnostic
from billsync.model.result import Report, Status, StepResult
from billsync.render.outline import Outline, outline
from billsync.render.structured import as_json
from billsync.render.text import as_text
from billsync.render.words import title_of, visible

JOURNALS = Path(".billsync") / "journal"


def write(
    run: Run, paths: Sequence[str], options: ServerOptions, *, mode: str, allow: Mapping[str, str], yes: bool
) -> Exit:
    """Bring the server to what the files declare; `mode` is `apply` or `sync`. Raises Ended, RemoteError."""
    if not yes and not run.around.is_terminal:
        raise usage("no-consent", "there is nobody to ask", hint="Without a terminal, say --yes.")
    desired, findings = owned_state(run, paths)
    with connected(run, options, desired.target) as connection:
        compared = compare(connection, desired, Mode(mode, deletes=mode == "sync", allow=allow))
        comparison = judged(connection, desired, compared)
        report = stopped(comparison.plan) if comparison.plan.guards else None
        if comparison.plan.steps and not comparison.plan.guards:
            _ask(run, comparison.plan, yes=yes)
            report = _carried_out(run, connection, comparison)
    _show(run, outline(comparison.plan, report), findings)
    return exit_of(comparison.plan, report)


def exit_of(plan: PlanFile, report: Report | None) -> Exit:
    """The exit code of a run (design.md §7)."""
    broken = report is not None and bool(report.having(Status.FAILED, Status.STALE))
    if broken and report is not None and report.wrote:
        return Exit.PARTLY
    if plan.guards or outline(plan).summary.refused or outline(plan).summary.blocked:
        return Exit.REFUSED
    return Exit.ERROR if broken else Exit.DONE


def _ask(run: Run, plan: PlanFile, *, yes: bool) -> None:
    if yes:
        return
    run.talk(as_text(outline(plan)))
    if not run.agrees(f"Make these changes on {visible(plan.target)}?"):
        raise error("declined", "nothing was done")


def _carried_out(run: Run, connection: Connection, comparison: Comparison) -> Report:
    plan = comparison.plan
    facts = {"billsync": __version__, "target": plan.target, "owner": plan.owner, "mode": plan.mode}
    try:
        with FileJournal(JOURNALS, clock=connection.clock, facts=facts) as journal:
            journal.record("begin", {"steps": len(plan.steps)})
            run.is_writing = True
            report = carry_out(
                connection,
                plan,
                journal=journal,
                known=comparison.snapshot,
                on_result=lambda result: _progress(run, result),
            )
            run.is_writing = False
            return report
    except OSError as problem:
        code = Exit.PARTLY if run.is_writing else Exit.ERROR
        finding = Diagnostic("no-journal", "the journal can't be written", f"{JOURNALS}: {problem}")
        raise Ended(code, finding) from problem


def _progress(run: Run, result: StepResult) -> None:
    end = "" if result.status is Status.DONE else f": {result.status.value}: {visible(result.reason)}"
    run.progress(f"{result.step.verb} {title_of(result.step.address)}{end}")


def _show(run: Run, whole: Outline, findings: Sequence[Diagnostic]) -> None:
    run.result(as_json(whole, findings) if run.wants_json else as_text(whole))
