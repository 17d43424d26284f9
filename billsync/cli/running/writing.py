"""`apply` and `sync`: compare, ask, carry out, and report the result. The only commands that write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

from billsync.app.comparing.difference import intended
from billsync.app.ending import Ended, Exit, error
from billsync.app.outcomes import code_of_plan_file_run, code_of_run, owner_missing
from billsync.app.planning.carrying_out import carry_out
from billsync.app.planning.plan_files import carry_out_plan_file, intended_by, misuses, other_server
from billsync.app.server.connection import Connection
from billsync.apply.execute import Manner, OnResult, stopped
from billsync.cli.files.inputs import desired_state
from billsync.cli.files.plan_input import read_plan_file, revealed
from billsync.cli.options.profiles import chosen_profile
from billsync.cli.options.selecting import check_selected
from billsync.cli.options.server import ServerOptions
from billsync.cli.servers.opening import connected
from billsync.cli.terminal.account import Account
from billsync.cli.terminal.consent import agrees, check_consent
from billsync.cli.terminal.journaling import journaled, manner_of, show_end
from billsync.cli.terminal.showing import check_files, show
from billsync.cli.terminal.surroundings import Run
from billsync.core.diffing.diff import Mode
from billsync.core.secrets.masking import masked
from billsync.core.secrets.step_masking import step_masking
from billsync.kinds.registry import KINDS
from billsync.model.change import PlanFile
from billsync.model.diagnostic import Diagnostic
from billsync.model.ports import Journal
from billsync.model.result import Report, StepResult
from billsync.model.state import Desired
from billsync.render.formats.words import visible
from billsync.render.plan.asking import before_asking
from billsync.render.plan.outline import outline


class CodeOf(Protocol):
    """The exit code of a run."""

    def __call__(self, plan: PlanFile, results: Iterable[StepResult], *, wrote: bool) -> Exit:
        """The code for these results of a plan file's steps."""


class CarryOut(Protocol):
    """A run that only lacks its witnesses and its manner."""

    def __call__(self, *, journal: Journal, on_result: OnResult, manner: Manner) -> Report:
        """Run it."""


def write(
    run: Run, paths: Sequence[str], options: ServerOptions, *, mode: str, allow: Mapping[str, str], yes: bool
) -> Exit:
    """Bring the server to the declared state; `mode` is `apply` or `sync`. Raises Ended, RemoteError."""
    if not yes:
        check_consent(run, paths)
    check_files(run)
    desired, findings = desired_state(run, paths, allow=allow, crowd=True)
    with connected(run, options, desired.target) as connection:
        mode_of_run = Mode(mode, deletes=mode == "sync", allow=allow)
        account = write_desired(run, connection, desired, findings, mode_of_run, asking=None if yes else paths)
    return end(run, account, code_of_run)


def write_desired(
    run: Run,
    connection: Connection,
    desired: Desired,
    findings: tuple[Diagnostic, ...],
    mode: Mode,
    *,
    asking: Sequence[str] | None,
) -> Account:
    """Compare and carry out, and return the account, which isn't shown yet. Raises Ended, RemoteError.

    `asking` are the paths to ask about; None asks nothing.
    """
    comparison = intended(connection, desired, mode)
    check_selected(run, desired, comparison.plan)
    account = Account(masked(comparison.plan, desired, KINDS), findings)
    masking = step_masking(account.plan, run.sourced, KINDS)
    go = partial(
        carry_out,
        connection,
        comparison.plan,
        known=comparison.snapshot,
        is_one_chain_per_parent=comparison.is_one_chain_per_parent,
        masking=masking,
    )
    _carry_out(run, connection, account, go, code_of_run, asking=asking)
    return account


def write_plan_file(run: Run, path: str, options: ServerOptions, *, mode: str, owner: str | None, yes: bool) -> Exit:
    """Carry out exactly the steps of a plan file. Raises Ended, RemoteError."""
    if not yes:
        check_consent(run, (path,))
    check_files(run)
    plan = read_plan_file(run, path)
    _refuse(*misuses(plan, mode=mode, owner=owner or chosen_profile(run).owner, now=run.around.clock.now()))
    whole = revealed(run, plan)
    with connected(run, options, intended_by(plan)) as connection:
        _refuse(*other_server(plan, connection))
        account = Account(plan)
        masking = step_masking(plan, run.sourced, KINDS)
        go = partial(carry_out_plan_file, connection, whole, masking=masking)
        _carry_out(run, connection, account, go, code_of_plan_file_run, asking=None if yes else (path,))
    return end(run, account, code_of_plan_file_run)


def _refuse(*findings: Diagnostic) -> None:
    if findings:
        raise Ended(Exit.ERROR, *findings)


def _carry_out(
    run: Run,
    connection: Connection,
    account: Account,
    go: CarryOut,
    code_of: CodeOf,
    *,
    asking: Sequence[str] | None,
) -> None:
    """Ask, unless there are no paths to ask about, and carry the account's plan file out, unless a guard stops it; from
    the first call on, the account has the results. Raises Ended."""
    plan = account.plan
    if plan.guards:
        account.results = {result.step.id: result for result in stopped(plan).results}
    run.verdict = code_of(plan, account.results.values(), wrote=account.wrote)
    if missing := owner_missing(plan):
        raise Ended(Exit.ERROR, *missing)
    if plan.steps and not plan.guards:
        account.was_shown = asking is not None and _ask(run, plan, asking)
        with journaled(run, connection, account) as journal:
            go(journal=journal, on_result=lambda result: show_end(run, account, result), manner=manner_of(run))


def end(run: Run, account: Account, code_of: CodeOf) -> Exit:
    """Show the result of a run, and return its exit code. Raises Ended, ResultLost."""
    run.account = account
    run.verdict = code_of(account.plan, account.results.values(), wrote=account.wrote)
    show(run, account.result())
    return run.verdict


def _ask(run: Run, plan: PlanFile, paths: Sequence[str]) -> bool:
    """Ask before anything is written. Whether the changes were shown where the result will be. Raises Ended."""
    shown = before_asking(outline(plan), replace(run.look, is_quiet=False))
    if not agrees(run, f"make these changes on {visible(plan.target)}", shown=f"{shown}\n", paths=paths):
        raise error("declined")
    return run.around.width is not None and not run.wants_json
