"""`restore`: decide, show, ask, carry out, and send the usage events of running periods again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from billsync.app.ending import Ended, Exit, error, worst
from billsync.app.outcomes import code_of_difference, code_of_plan_file_run, code_of_run
from billsync.app.planning.carrying_out import carry_out
from billsync.app.planning.plan_files import (
    IN_ADVANCE,
    RESTORE_ANEW,
    RUNS,
    SNAPSHOT,
    USES,
    carry_out_plan_file,
    for_later,
    misuses,
    other_restore,
    other_server,
)
from billsync.app.recovery.besides import besides_of, other_besides
from billsync.app.recovery.owing import NoFees, owe
from billsync.app.recovery.pinning import Pinned, pin, second_part, until_customers
from billsync.app.recovery.resending import resend
from billsync.app.recovery.restoring import RESTORE, Restore, planned
from billsync.app.recovery.setting_up import HasSetUp, make_set_up
from billsync.app.recovery.store import digest_of, events, read
from billsync.app.recovery.turning import Overdue, turns_of
from billsync.app.recovery.verifying import verify_patiently
from billsync.app.server.connection import Connection
from billsync.app.server.server_time import servers_now_by_anybody
from billsync.apply.execute import GUARDED, Manner, OnResult
from billsync.cli.files.plan_input import read_plan_file
from billsync.cli.options.server import ServerOptions
from billsync.cli.running.losses import Losses, losses_before
from billsync.cli.running.verifying import about
from billsync.cli.running.verifying import code_of as code_of_proof
from billsync.cli.running.writing import CodeOf
from billsync.cli.servers.opening import connected
from billsync.cli.terminal.account import Account
from billsync.cli.terminal.consent import agrees, check_consent
from billsync.cli.terminal.journaling import journaled, manner_of, show_end
from billsync.cli.terminal.outputs import PLAN, Result
from billsync.cli.terminal.showing import check_files, show
from billsync.cli.terminal.surroundings import Run
from billsync.core.taking_back.journal_lines import SENDING
from billsync.model.change import PlanFile
from billsync.model.diagnostic import Diagnostic
from billsync.model.frozen import replace
from billsync.model.ports import Journal, RemoteError
from billsync.model.recovery import Accounted, Recovery
from billsync.model.result import Report
from billsync.render.diagnostics import diagnostics_text
from billsync.render.formats.look import Look
from billsync.render.formats.words import visible
from billsync.render.plan.asking import before_asking
from billsync.render.plan.outline import outline
from billsync.report.moves.guards import DEFAULT_BILLING
from billsync.report.recovery.losses.accounting import complete, loss_report
from billsync.report.recovery.restore.choices import Choices, Usage
from billsync.report.recovery.restore.debts import without_fees
from billsync.report.recovery.restore.pins import Pin, with_profiles
from billsync.schema.codes import diagnostic


class CarryOutPart(Protocol):
    """A run of a plan file, or of a part of it."""

    def __call__(
        self, plan: PlanFile, *, journal: Journal, on_result: OnResult, manner: Manner, overdue: Mapping[str, str]
    ) -> Report:
        """Run it. Raises RemoteError."""


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


def restore(run: Run, snapshot: str, options: ServerOptions, how: RestoreOptions) -> Exit:
    """Restore a recovery snapshot into a server, or show what that would do. Raises Ended, RemoteError."""
    if not how.is_dry and not how.yes:
        check_consent(run, (), review="billsync restore … --dry-run")
    check_files(run)
    path = Path(snapshot)
    recovery = read(path)
    used = events(path) if recovery.header.has_events else ()
    with connected(run, options) as connection:
        plan_file = None if how.plan_file is None else read_plan_file(run, how.plan_file)
        found = planned(connection, recovery, how.choices, how.allow, used, plan_file)
        if faults := complete(recovery, found.accounts, events=found.events):
            raise Ended(Exit.ERROR, *(diagnostic("unaccounted", f"{fault}.") for fault in faults))
        sends = how.choices.usage is not Usage.NONE and recovery.header.has_events
        besides = besides_of(found, how.choices.usage, sends=sends)
        if run.asks_for(PLAN):
            facts = {**found.plan.intended, **_facts(path, how, found), **besides.facts}
            found = replace(found, plan=for_later(replace(found.plan, intended=facts), connection, how.valid_for))
        losses = losses_before(loss_report(found.accounts), about(recovery, connection.target), besides)
        if how.is_dry:
            return _show(run, found, losses, exit_code=how.exit_code)
        return _Restoring(run, connection, recovery, path, found, losses, how, plan_file).to_the_end()


def _show(run: Run, found: Restore, losses: Losses, *, exit_code: bool) -> Exit:
    run.verdict = _with_losses(code_of_difference(found.plan, (), exit_code=exit_code), found)
    above = partial(losses.text, {})
    sections = losses.sections()
    show(run, Result(found.plan, outline(found.plan), above=above, parts=losses.parts({}), sections=sections))
    return run.verdict


def _with_losses(verdict: Exit, found: Restore) -> Exit:
    """The exit code of a restore: what another's things on the server, or a missing billing profile, keep from coming
    back is a refusal."""
    return worst(verdict, Exit.REFUSED) if found.loses_to_others or found.held else verdict


@dataclass(frozen=True, slots=True)
class _Restoring:
    """A restore that was decided, and all that carries it out. `losses` learns the ends of what no step is."""

    run: Run
    connection: Connection
    recovery: Recovery
    path: Path
    found: Restore
    losses: Losses
    how: RestoreOptions
    plan_file: PlanFile | None = None

    def to_the_end(self) -> Exit:
        """Ask, write, verify if that was asked for, and show the account. Raises Ended, RemoteError."""
        run, (account, go, code_of) = self.run, self._account()
        more = self._asked_and_written(account, go, code_of)
        run.account = account
        run.verdict = _with_losses(code_of(account.plan, account.results.values(), wrote=account.wrote), self.found)
        if more:
            run.verdict = worst(run.verdict, Exit.PARTLY)
        elif self.how.verifies and not account.plan.guards:
            self.losses.proof = verify_patiently(self.connection, self.recovery, self._accounts)
            run.verdict = worst(run.verdict, code_of_proof(self.losses.proof))
        show(run, replace(account.result(more), sections=self.losses.sections()))
        return run.verdict

    def _account(self) -> tuple[Account, CarryOutPart, CodeOf]:
        """The account of the plan, or of the plan file, and what carries it out and judges its end. Raises Ended."""
        connection, how = self.connection, self.how
        if (plan := self.plan_file) is None:
            go: CarryOutPart = partial(carry_out, connection, known=self.found.known)
            return Account(self.found.plan, addition=self.losses), go, code_of_run
        wrong = [*misuses(plan, mode=RESTORE, owner=None, now=connection.clock.now()), *other_server(plan, connection)]
        wrong = wrong or [*other_restore(plan, _facts(self.path, how, self.found))]
        others = other_besides(plan.intended, self.losses.besides.facts)
        if wrong := wrong or [diagnostic("plan-file-snapshot", text, RESTORE_ANEW) for text in others]:
            raise Ended(Exit.ERROR, *wrong)
        guards = (guard for guard in self.found.plan.guards if guard.code == DEFAULT_BILLING)
        plan = replace(plan, guards=(*plan.guards, *guards))
        return Account(plan, addition=self.losses), partial(carry_out_plan_file, connection), code_of_plan_file_run

    @property
    def _accounts(self) -> tuple[Accounted, ...]:
        """The fates of all rows, debts included that this server turned out to take no fees for."""
        found = self.found
        return tuple(without_fees(found.accounts, found.debts)) if self.losses.no_fees else found.accounts

    @property
    def _sends(self) -> bool:
        """Whether usage events are sent again."""
        return self.losses.besides.sends

    def _asked_and_written(self, account: Account, go: CarryOutPart, code_of: CodeOf) -> list[Diagnostic]:
        """Ask, unless nothing is to be written; then write. What failed besides the steps. Raises Ended."""
        if account.plan.guards:
            account.not_tried = GUARDED
            return []
        found = self.found
        if not (account.plan.steps or self._sends or found.debts or found.pins or not found.set_up.is_done):
            return []
        if not self.how.yes:
            _ask(self.run, account)
            now = servers_now_by_anybody(self.connection, self.found.known)
            if turns_of(self.recovery, now).come != self.found.while_runs.come:
                raise error("restore-late")
        with journaled(self.run, self.connection, account) as journal:
            made, failed = self._set_up(journal)
            if made.lacks_default and not made.made:
                raise Ended(Exit.ERROR, *failed)
            if made.lacks_default:  # another profile would bill everybody without one of their own
                return failed
            return [*failed, *self._carried(account, go, journal, made), *self._added(account, code_of, journal)]

    def _set_up(self, journal: Journal) -> tuple[HasSetUp, list[Diagnostic]]:
        """Make the set-up; a finding for each part of it that failed."""
        wanted = self.found.set_up
        made = make_set_up(self.connection, wanted, journal)
        if not wanted.is_done:
            self.losses.set_up = made.text
        failed = [diagnostic("not-set-up", f"{name}: {reason}.") for name, reason in made.failed.items()]
        return made, failed if made.lacks_default and not made.made else self._failed(*failed)

    def _carried(self, account: Account, go: CarryOutPart, journal: Journal, made: HasSetUp) -> list[Diagnostic]:
        """Carry the steps out; once the customers are there, set their billing, before anything is invoiced. Whoever
        couldn't be given it gets nothing that would be invoiced by another profile."""
        run, found = self.run, self.found
        show_it = partial(show_end, run, account)
        overdue = Overdue(account.plan, found.while_runs, self.connection.clock)
        carried = partial(go, journal=journal, on_result=show_it, manner=manner_of(run), overdue=overdue)
        pins = with_profiles(found.pins, made.profiles)
        self.losses.unpinned = found.held | (found.pins.keys() - pins.keys())
        if not (found.pins or found.held):
            carried(account.plan)
            return []
        carried(until_customers(account.plan))
        more = self._pin(pins, journal)
        rest, held = second_part(account.plan, account.results, self.losses.unpinned, self.connection.kinds)
        for result in held:
            show_it(result)
            journal.record("result", {"step": result.step.id, "status": result.status.value, "reason": result.reason})
        carried(rest)
        return more

    def _added(self, account: Account, code_of: CodeOf, journal: Journal) -> list[Diagnostic]:
        """Make the debts and send the events again, unless a step failed."""
        if code_of(account.plan, account.results.values(), wrote=account.wrote) not in (Exit.DONE, Exit.REFUSED):
            return []
        owed = self._owe(journal) if self.found.debts else []
        return [*owed, *(self._send(journal) if self._sends else ())]

    def _pin(self, pins: Mapping[str, Pin], journal: Journal) -> list[Diagnostic]:
        """Set the billing of customers; a finding for each of whom it failed."""
        if not pins:
            return []
        try:
            pinned = pin(self.connection, pins, journal)
        except RemoteError as problem:
            pinned = Pinned(failed={"all customers": str(problem)})
            self.losses.unpinned |= pins.keys()
        self.losses.billing = pinned.text
        failed = pinned.failed or {}
        self.losses.unpinned |= failed.keys()
        found = (diagnostic("billing-not-set", f"customer {key}: {reason}.") for key, reason in failed.items())
        return self._failed(*found)

    def _owe(self, journal: Journal) -> list[Diagnostic]:
        """Make the debts again, or learn that the server takes none; the finding if that failed."""
        try:
            debts = [one for one in self.found.debts if one.customer not in self.losses.unpinned]  # after their grants
            self.losses.debts = owe(self.connection, debts, journal).text
        except NoFees:
            self.losses.no_fees = True
            self.losses.debts = ""
            self.losses.report = loss_report(self._accounts)
        except RemoteError as problem:
            hint = "Run it again: no debt is made twice. What the server refuses again, collect outside."
            return self._failed(diagnostic("debts-not-made", f"{problem}.", hint))
        return []

    def _send(self, journal: Journal) -> list[Diagnostic]:
        """Send the events again; the finding if that failed."""
        journal.record(SENDING, {})
        try:
            sent = resend(
                self.connection,
                self.recovery,
                events(self.path),
                self.how.choices,
                self.found,
                self.run.progress,
            )
        except RemoteError as problem:
            hint = "Run it again: what the server has is not sent twice."
            return self._failed(diagnostic("events-not-sent", f"{problem}.", hint))
        self.losses.events = sent.text
        return []

    def _failed(self, *findings: Diagnostic) -> list[Diagnostic]:
        """Findings that are said at once where the result is a text."""
        if findings and not self.run.wants_json:
            self.run.talk(diagnostics_text(findings))
        return [*findings]


def _facts(path: Path, how: RestoreOptions, found: Restore) -> Mapping[str, str]:
    """The facts of a restore on which the steps of its plan file depend."""
    uses = ", ".join(sorted(one.text for one in how.choices.uses))
    return {
        SNAPSHOT: digest_of(path),
        IN_ADVANCE: how.choices.in_advance.value,
        USES: uses,
        RUNS: found.while_runs.come,
    }


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
