"""`restore`: decide, show, ask, carry out, and send the usage events of running periods again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from billsync.app.carrying_out import carry_out
from billsync.app.connection import Connection
from billsync.app.ending import Ended, Exit, error, worst
from billsync.app.outcomes import code_of_difference, code_of_plan_file_run, code_of_run
from billsync.app.owing import owe
from billsync.app.pinning import Pinned, pin, until_customers, without
from billsync.app.plan_files import (
    IN_ADVANCE,
    SNAPSHOT,
    carry_out_plan_file,
    for_later,
    misuses,
    other_restore,
    other_server,
)
from billsync.app.recovery_store import digest_of, events, read
from billsync.app.resending import resend
from billsync.app.restoring import RESTORE, Restore, planned
from billsync.app.verifying import verify_patiently
from billsync.apply.execute import GOOD, GUARDED
from billsync.cli.account import Account
from billsync.cli.consent import agrees, check_consent
from billsync.cli.journaling import journaled, manner_of, show_end
from billsync.cli.opening import connected
from billsync.cli.outputs import PLAN, Result
from billsync.cli.plan_input import read_plan_file
from billsync.cli.server_options import ServerOptions
from billsync.cli.showing import check_files, show
from billsync.cli.surroundings import Run
from billsync.cli.verifying import about
from billsync.cli.verifying import code_of as code_of_proof
from billsync.cli.writing import CarryOut
from billsync.model.diagnostic import Diagnostic
from billsync.model.frozen import replace
from billsync.model.ports import Journal, RemoteError
from billsync.model.recovery import Recovery
from billsync.model.result import StepResult
from billsync.render.diagnostics import diagnostics_text
from billsync.render.formats.look import Look
from billsync.render.formats.words import visible
from billsync.render.page.page import Section
from billsync.render.plan.asking import before_asking
from billsync.render.plan.outline import outline
from billsync.render.recovery.object import losses_object, proof_object
from billsync.render.recovery.page import loss_sections, proof_sections
from billsync.render.recovery.report import PROOF, About, text_of_proof
from billsync.render.recovery.text import losses_text
from billsync.report.recovery.losses.accounting import LossReport, complete, loss_report
from billsync.report.recovery.losses.loss_lines import LOSSES
from billsync.report.recovery.proof.departures import Proof
from billsync.report.recovery.restore.choices import Choices, Usage
from billsync.schema.codes import diagnostic


@dataclass(frozen=True, slots=True)
class RestoreOptions:
    """The options of a restore: the choices, guards that may pass, whether it only shows what it would do, the plan
    file that is carried out in place of a fresh one, whether the server is compared afterwards, and how long a plan
    file that is written may be carried out."""

    choices: Choices
    allow: Mapping[str, str]
    is_dry: bool = False
    exit_code: bool = False
    yes: bool = False
    plan_file: str | None = None
    verifies: bool = False
    valid_for: timedelta = timedelta(hours=24)


@dataclass(slots=True)
class _Losses:
    """The loss report above the changes of an account, the ends of debts and usage events, and the proof, if there is
    one."""

    report: LossReport
    about: About
    debts: str = ""
    events: str = ""
    billing: str = ""
    proof: Proof | None = None

    def text(self, results: Mapping[str, StepResult], look: Look) -> str:
        """The loss report as text."""
        sent = "".join(f"{one}\n" for one in (self.billing, self.debts, self.events) if one)
        proof = f"\n{text_of_proof(self.proof, self.about, look.width)}" if self.proof else ""
        return f"{losses_text(self.report, look.width)}{sent}{proof}"

    def parts(self, results: Mapping[str, StepResult]) -> Mapping[str, Any]:
        """The loss report as a part of the JSON object."""
        said = {"billing": self.billing, "debts": self.debts, "events": self.events}
        sent = {name: text for name, text in said.items() if text}
        proof = {PROOF: proof_object(self.proof)} if self.proof else {}
        return {LOSSES: losses_object(self.report), **sent, **proof}

    def sections(self) -> tuple[Section, ...]:
        """The proof and the loss report as sections of a page."""
        return (*(proof_sections(self.proof) if self.proof else ()), *loss_sections(self.report))


def restore(run: Run, snapshot: str, options: ServerOptions, how: RestoreOptions) -> Exit:
    """Restore a recovery snapshot into a server, or show what that would do. Raises Ended, RemoteError."""
    if not how.is_dry and not how.yes:
        check_consent(run, (), review="billsync restore … --dry-run")
    check_files(run)
    path = Path(snapshot)
    recovery = read(path)
    used = events(path) if recovery.header.has_events else ()
    with connected(run, options) as connection:
        found = planned(connection, recovery, how.choices, how.allow, used)
        if faults := complete(recovery, found.accounts, events=found.events):
            raise Ended(Exit.ERROR, *(diagnostic("unaccounted", f"{fault}.") for fault in faults))
        if run.asks_for(PLAN):
            plan = replace(found.plan, intended={**found.plan.intended, **_facts(path, how)})
            found = replace(found, plan=for_later(plan, connection, how.valid_for))
        losses = _Losses(loss_report(found.accounts), about(recovery, connection.target))
        if how.is_dry:
            losses.billing = f"Billing of customers: {len(found.pins):,} to set." if found.pins else ""
            return _show(run, found, losses, exit_code=how.exit_code)
        return _run(run, connection, recovery, path, found, losses, how)


def _show(run: Run, found: Restore, losses: _Losses, *, exit_code: bool) -> Exit:
    run.verdict = code_of_difference(found.plan, (), exit_code=exit_code)
    above = partial(losses.text, {})
    sections = losses.sections()
    show(run, Result(found.plan, outline(found.plan), above=above, parts=losses.parts({}), sections=sections))
    return run.verdict


def _run(
    run: Run,
    connection: Connection,
    recovery: Recovery,
    path: Path,
    found: Restore,
    losses: _Losses,
    how: RestoreOptions,
) -> Exit:
    """Carry the steps out, make the debts and send the events again unless a step failed."""
    go: CarryOut
    if how.plan_file is None:
        account, code_of = Account(found.plan, addition=losses), code_of_run
        go = partial(carry_out, connection, known=found.known)
    else:
        plan = read_plan_file(run, how.plan_file)
        wrong = [*misuses(plan, mode=RESTORE, owner=None, now=connection.clock.now()), *other_server(plan, connection)]
        if wrong := wrong or [*other_restore(plan, _facts(path, how))]:
            raise Ended(Exit.ERROR, *wrong)
        account, code_of = Account(plan, addition=losses), code_of_plan_file_run
        go = partial(carry_out_plan_file, connection)
    sends = how.choices.usage is not Usage.NONE and recovery.header.has_events
    more: list[Diagnostic] = []
    if account.plan.guards:
        account.not_tried = GUARDED
    elif account.plan.steps or sends or found.debts or found.pins:
        if not how.yes:
            _ask(run, account)
        with journaled(run, connection, account) as journal:
            carried = partial(go, journal=journal, on_result=partial(show_end, run, account), manner=manner_of(run))
            if found.pins:
                carried(plan=until_customers(account.plan))
                more += _pin(run, connection, found, losses, journal)
            done = [one.step.id for one in account.results.values() if one.status in GOOD]
            carried(plan=without(account.plan, done) if done else account.plan)
            verdict = code_of(account.plan, account.results.values(), wrote=account.wrote)
            if found.debts and verdict in (Exit.DONE, Exit.REFUSED):
                more += _owe(run, connection, found, losses)
            if sends and verdict in (Exit.DONE, Exit.REFUSED):
                more += _send(run, connection, recovery, path, losses, how.choices, found)
    run.account = account
    run.verdict = code_of(account.plan, account.results.values(), wrote=account.wrote)
    if more:
        run.verdict = worst(run.verdict, Exit.PARTLY)
    elif how.verifies and not account.plan.guards:
        losses.proof = verify_patiently(connection, recovery, found.accounts)
        run.verdict = worst(run.verdict, code_of_proof(losses.proof))
    show(run, replace(account.result(more), sections=losses.sections()))
    return run.verdict


def _facts(path: Path, how: RestoreOptions) -> Mapping[str, str]:
    """The facts of a restore on which the steps of its plan file depend."""
    return {SNAPSHOT: digest_of(path), IN_ADVANCE: how.choices.in_advance.value}


def _pin(run: Run, connection: Connection, found: Restore, losses: _Losses, journal: Journal) -> list[Diagnostic]:
    """Set the billing of customers; a finding for each of whom it failed."""
    try:
        pinned = pin(connection, found.pins, journal)
    except RemoteError as problem:
        pinned = Pinned(failed={"all customers": str(problem)})
    losses.billing = pinned.text
    findings = [
        diagnostic("billing-not-set", f"customer {key}: {reason}.") for key, reason in (pinned.failed or {}).items()
    ]
    if findings and not run.wants_json:
        run.talk(diagnostics_text(findings))
    return findings


def _ask(run: Run, account: Account) -> None:
    """Ask before anything is written. Raises Ended."""
    changes = before_asking(outline(account.plan), replace(run.look, is_quiet=False))
    shown = f"{losses_text_of(account, run.look)}\n{changes}\n"
    if not agrees(run, f"restore into {visible(account.plan.target)}", shown=shown):
        raise error("declined")
    account.was_shown = run.around.width is not None and not run.wants_json


def losses_text_of(account: Account, look: Look) -> str:
    """The loss report of an account as text."""
    return account.addition.text({}, look) if account.addition else ""


def _owe(run: Run, connection: Connection, found: Restore, losses: _Losses) -> list[Diagnostic]:
    """Make the debts again; the finding if that failed."""
    try:
        losses.debts = owe(connection, found.debts).text
    except RemoteError as problem:
        hint = "Run it again: no debt is made twice. What the server refuses again, collect outside."
        return [_failed(run, diagnostic("debts-not-made", f"{problem}.", hint))]
    return []


def _failed(run: Run, finding: Diagnostic) -> Diagnostic:
    """A finding that is said at once where the result is a text."""
    if not run.wants_json:
        run.talk(diagnostics_text([finding]))
    return finding


def _send(
    run: Run,
    connection: Connection,
    recovery: Recovery,
    path: Path,
    losses: _Losses,
    chosen: Choices,
    found: Restore,
) -> list[Diagnostic]:
    """Send the events again; the finding if that failed."""
    try:
        sent = resend(connection, recovery, events(path), chosen, found, run.progress)
    except RemoteError as problem:
        hint = "Run it again: what the server has is not sent twice."
        return [_failed(run, diagnostic("events-not-sent", f"{problem}.", hint))]
    losses.events = sent.text
    return []
