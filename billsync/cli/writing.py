"""`apply` and `sync`: compare, ask, carry out, and report the result. The only commands that write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Protocol

from billsync.app.connection import Connection
from billsync.app.difference import intended
from billsync.app.ending import Ended, Exit, error, usage
from billsync.app.outcomes import code_of_plan_file_run, code_of_run, owner_missing
from billsync.app.pipeline import carry_out
from billsync.app.plan_files import carry_out_plan_file, intended_by, misuses, other_server
from billsync.apply.execute import OnResult, stopped
from billsync.cli.account import Account
from billsync.cli.inputs import desired_state, read_plan_file
from billsync.cli.journaling import journaled, show_end
from billsync.cli.opening import connected
from billsync.cli.profiles import chosen_profile
from billsync.cli.selecting import check_patterns
from billsync.cli.server_options import ServerOptions
from billsync.cli.showing import check_files, show
from billsync.cli.surroundings import Run
from billsync.core.diff import Mode
from billsync.core.masking import masked
from billsync.core.step_masking import step_masking
from billsync.kinds.registry import KINDS
from billsync.model.change import PlanFile
from billsync.model.diagnostic import Diagnostic
from billsync.model.ports import Journal
from billsync.model.result import Report, StepResult
from billsync.render.formats.words import visible
from billsync.render.plan.outline import outline
from billsync.render.plan.text import as_text


class CodeOf(Protocol):
    """The exit code of a run."""

    def __call__(self, plan: PlanFile, results: Iterable[StepResult], *, wrote: bool) -> Exit:
        """The code for these results of a plan file's steps."""


class CarryOut(Protocol):
    """A run that only lacks its witnesses."""

    def __call__(self, *, journal: Journal, on_result: OnResult) -> Report:
        """Run it."""


def write(
    run: Run, paths: Sequence[str], options: ServerOptions, *, mode: str, allow: Mapping[str, str], yes: bool
) -> Exit:
    """Bring the server to the declared state; `mode` is `apply` or `sync`. Raises Ended, RemoteError."""
    _check_consent(run, yes=yes)
    check_files(run)
    desired, findings = desired_state(run, paths, allow=allow)
    with connected(run, options, desired.target) as connection:
        comparison = intended(connection, desired, Mode(mode, deletes=mode == "sync", allow=allow))
        check_patterns(run, desired, comparison.plan)
        account = Account(masked(comparison.plan, desired, KINDS), findings)
        masking = step_masking(account.plan, run.sourced, KINDS)
        go = partial(carry_out, connection, comparison.plan, known=comparison.snapshot, masking=masking)
        _carry_out(run, connection, account, go, code_of_run, yes=yes)
    return _end(run, account, code_of_run)


def write_plan_file(run: Run, path: str, options: ServerOptions, *, mode: str, owner: str | None, yes: bool) -> Exit:
    """Carry out exactly the steps of a plan file. Raises Ended, RemoteError."""
    _check_consent(run, yes=yes)
    check_files(run)
    plan = read_plan_file(run, path)
    _refuse(*misuses(plan, mode=mode, owner=owner or chosen_profile(run).owner, now=run.around.clock.now()))
    with connected(run, options, intended_by(plan)) as connection:
        _refuse(*other_server(plan, connection))
        account = Account(plan)
        go = partial(carry_out_plan_file, connection, plan)
        _carry_out(run, connection, account, go, code_of_plan_file_run, yes=yes)
    return _end(run, account, code_of_plan_file_run)


def _check_consent(run: Run, *, yes: bool) -> None:
    if not yes and not run.around.is_terminal:
        raise usage("no-consent", hint="Review the changes with `billsync diff` first.")


def _refuse(*findings: Diagnostic) -> None:
    if findings:
        raise Ended(Exit.ERROR, *findings)


def _carry_out(run: Run, connection: Connection, account: Account, go: CarryOut, code_of: CodeOf, *, yes: bool) -> None:
    """Ask, and carry the account's plan file out, unless a guard stops it; from the first call on, the account has the
    results. Raises Ended."""
    plan = account.plan
    if plan.guards:
        account.results = {result.step.id: result for result in stopped(plan).results}
    run.verdict = code_of(plan, account.results.values(), wrote=account.wrote)
    if missing := owner_missing(plan):
        raise Ended(Exit.ERROR, *missing)
    if plan.steps and not plan.guards:
        account.was_shown = _ask(run, plan, yes=yes)
        with journaled(run, connection, account) as journal:
            go(journal=journal, on_result=lambda result: show_end(run, account, result))


def _end(run: Run, account: Account, code_of: CodeOf) -> Exit:
    run.account = account
    run.verdict = code_of(account.plan, account.results.values(), wrote=account.wrote)
    show(run, account.result())
    return run.verdict


def _ask(run: Run, plan: PlanFile, *, yes: bool) -> bool:
    """Ask before anything is written. Whether the changes were shown where the result will be. Raises Ended."""
    if yes:
        return False
    run.talk(as_text(outline(plan), run.look))
    if not run.agrees(f"Make these changes on {visible(plan.target)}?"):
        raise error("declined")
    return run.around.width is not None and not run.wants_json
