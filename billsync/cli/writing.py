"""`apply` and `sync`: compare, ask, carry out, and report the result. The only commands that write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from billsync.app.connection import Connection
from billsync.app.difference import intended
from billsync.app.ending import Ended, Exit, error, usage
from billsync.app.outcomes import code_of_run, owner_missing
from billsync.app.pipeline import Comparison, carry_out
from billsync.apply.execute import stopped
from billsync.cli.account import Account
from billsync.cli.inputs import desired_state
from billsync.cli.journaling import journaled, show_end
from billsync.cli.opening import connected
from billsync.cli.selecting import check_patterns
from billsync.cli.server_options import ServerOptions
from billsync.cli.showing import check_files, show
from billsync.cli.surroundings import Run
from billsync.core.diff import Mode
from billsync.core.masking import masked
from billsync.core.step_masking import step_masking
from billsync.kinds.registry import KINDS
from billsync.model.change import PlanFile
from billsync.render.formats.words import visible
from billsync.render.plan.outline import outline
from billsync.render.plan.text import as_text


def write(
    run: Run, paths: Sequence[str], options: ServerOptions, *, mode: str, allow: Mapping[str, str], yes: bool
) -> Exit:
    """Bring the server to the declared state; `mode` is `apply` or `sync`. Raises Ended, RemoteError."""
    if not yes and not run.around.is_terminal:
        raise usage("no-consent", hint="Review the changes with `billsync diff` first.")
    check_files(run)
    desired, findings = desired_state(run, paths, allow=allow)
    with connected(run, options, desired.target) as connection:
        comparison = intended(connection, desired, Mode(mode, deletes=mode == "sync", allow=allow))
        check_patterns(run, desired, comparison.plan)
        account = Account(masked(comparison.plan, desired, KINDS), findings)
        if comparison.plan.guards:
            account.results = {result.step.id: result for result in stopped(account.plan).results}
        run.verdict = code_of_run(account.plan, account.results.values(), wrote=account.wrote)
        if missing := owner_missing(desired, comparison.plan):
            raise Ended(Exit.ERROR, *missing)
        if comparison.plan.steps and not comparison.plan.guards:
            account.was_shown = _ask(run, account.plan, yes=yes)
            _carry_out(run, connection, comparison, account)
    run.account = account
    run.verdict = code_of_run(account.plan, account.results.values(), wrote=account.wrote)
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


def _carry_out(run: Run, connection: Connection, comparison: Comparison, account: Account) -> None:
    """Carry the plan file out; from the first call on, the account has its results. Raises Ended."""
    with journaled(run, connection, account) as journal:
        carry_out(
            connection,
            comparison.plan,
            journal=journal,
            known=comparison.snapshot,
            on_result=lambda result: show_end(run, account, result),
            masking=step_masking(account.plan, run.sourced, KINDS),
        )
