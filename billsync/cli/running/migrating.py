"""`migrate`: decide, show, ask wave by wave, and carry out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from billsync.app.ending import Exit, error, usage
from billsync.app.migration.migrate import MigrationScope, carry_out_waves, plan_migration
from billsync.app.outcomes import code_of_difference, code_of_run
from billsync.app.server.connection import Connection
from billsync.apply.execute import GUARDED
from billsync.cli.files.inputs import desired_state
from billsync.cli.options.server import ServerOptions
from billsync.cli.servers.opening import connected
from billsync.cli.terminal.account import Account
from billsync.cli.terminal.consent import agrees
from billsync.cli.terminal.delivering import check_output, write_file
from billsync.cli.terminal.journaling import journaled, manner_of, show_end
from billsync.cli.terminal.outputs import Result
from billsync.cli.terminal.showing import check_files, show
from billsync.cli.terminal.surroundings import Run
from billsync.core.secrets.masking import masked
from billsync.core.secrets.step_masking import step_masking
from billsync.kinds.registry import KINDS
from billsync.model.change import PlanFile
from billsync.model.diagnostic import Diagnostic
from billsync.model.result import StepResult
from billsync.render.diagnostics import diagnostics_text
from billsync.render.formats.look import Look
from billsync.render.formats.words import visible
from billsync.render.migration import migration_object, migration_text, notices_csv
from billsync.render.plan.outline import outline
from billsync.render.plan.text import as_text
from billsync.report.migration.effect import Wave
from billsync.report.migration.migration import Migration

NOTHING_YET: Mapping[str, StepResult] = {}

MOVED = "subscription"
"""The kind whose entities a migration moves."""


@dataclass(frozen=True, slots=True)
class MigrateOptions:
    """Options of a migration: for show only, without questions, and with a file of notices."""

    is_dry: bool = False
    exit_code: bool = False
    yes: bool = False
    notices: str | None = None


@dataclass(slots=True)
class _About:
    """The migration above the changes of an account; `stopped` says why it ended early."""

    migration: Migration
    stopped: str = ""

    def text(self, results: Mapping[str, StepResult], look: Look) -> str:
        """The waves as text."""
        return migration_text(self.migration, results, self.stopped, look.width)

    def parts(self, results: Mapping[str, StepResult]) -> Mapping[str, Any]:
        """The migration as a part of the JSON object."""
        return {"migration": migration_object(self.migration, results, self.stopped)}


def migrate(run: Run, paths: Sequence[str], options: ServerOptions, scope: MigrationScope, how: MigrateOptions) -> Exit:
    """Move subscriptions to another plan version, wave by wave, or show what that would do. Raises Ended,
    RemoteError."""
    if not how.is_dry and not how.yes and not run.around.is_terminal:
        raise usage("no-consent", hint="Review the migration with `--dry-run` first.")
    check_files(run)
    if how.notices:
        check_output(how.notices, yes=how.yes)
    desired, findings = desired_state(run, paths, allow=scope.allow)
    if desired.owner is None:
        raise error(
            "no-owner", hint="Add `_info: {owner: NAME}` to one of the files; only its subscriptions are moved."
        )
    if desired.selection.kinds and MOVED not in desired.selection.kinds:
        hint = f"Add `{MOVED}` there, or use files that are about it."
        raise error("nothing-selected", f"`_info.select.kinds` leaves {KINDS[MOVED].titles} out", hint)
    with connected(run, options, desired.target) as connection:
        found = plan_migration(connection, desired, scope, run.progress)
        findings = (*findings, *_told(run, found.findings))
        if how.notices:
            write_file(how.notices, run.masked(notices_csv(found.notices)))
        if how.is_dry:
            return _show(run, found, masked(found.plan, desired, KINDS), findings, exit_code=how.exit_code)
        about = _About(found)
        account = Account(masked(found.plan, desired, KINDS), findings, addition=about)
        return _carry_out(run, connection, about, account, scope, yes=how.yes)


def _told(run: Run, findings: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """The findings, printed on stderr unless the JSON result holds them."""
    if findings and not run.wants_json:
        run.talk(diagnostics_text(findings))
    return findings


def _show(run: Run, found: Migration, shown: PlanFile, findings: Sequence[Diagnostic], *, exit_code: bool) -> Exit:
    about = _About(found)
    run.verdict = code_of_difference(found.plan, (), exit_code=exit_code)
    above = partial(about.text, NOTHING_YET)
    parts = about.parts(NOTHING_YET)
    show(run, Result(shown, outline(shown), tuple(findings), above=above, parts=parts))
    return run.verdict


def _carry_out(
    run: Run,
    connection: Connection,
    about: _About,
    account: Account,
    scope: MigrationScope,
    *,
    yes: bool,
) -> Exit:
    if account.plan.guards:
        account.not_tried = GUARDED
    elif account.plan.steps:
        _in_waves(run, connection, account, about, scope, yes=yes)
    run.account = account
    run.verdict = code_of_run(account.plan, account.results.values(), wrote=account.wrote)
    show(run, account.result())
    return run.verdict


def _in_waves(
    run: Run, connection: Connection, account: Account, about: _About, scope: MigrationScope, *, yes: bool
) -> None:
    """Carry the waves out; the account says why some were not begun. Raises Ended if nothing was begun."""

    first = next(wave for wave in about.migration.waves if wave.moving)

    def may_begin(wave: Wave) -> bool:
        return yes or wave == first or _agreed(run, account, wave)

    if not yes:
        run.talk(f"{about.text(NOTHING_YET, run.look)}\n{as_text(outline(account.plan), run.look)}")
        if not _agreed(run, account, first):
            raise error("declined")
        account.was_shown = run.around.width is not None and not run.wants_json
    with journaled(run, connection, account) as journal:
        about.stopped = carry_out_waves(
            connection,
            about.migration,
            scope.stop_if,
            journal=journal,
            may_begin=may_begin,
            on_result=lambda result: show_end(run, account, result),
            masking=step_masking(account.plan, run.sourced, KINDS),
            manner=manner_of(run),
        )
    account.not_tried = f"not begun: {about.stopped}"


def _agreed(run: Run, account: Account, wave: Wave) -> bool:
    """Whether the person at the terminal lets a wave begin."""
    count = len(wave.moving)
    whom = "1 subscription" if count == 1 else f"{count} subscriptions"
    return agrees(run, f"move {whom} (wave {wave.share.name}) on {visible(account.plan.target)}")
