"""`diff`: show the changes that `sync` would make. It only reads."""

from __future__ import annotations

from collections.abc import Sequence

from billsync.app.comparing.difference import Difference, DiffScope, difference, sifted
from billsync.app.ending import Exit
from billsync.app.impact.anonymous import private_kinds
from billsync.app.outcomes import code_of_difference, owner_missing
from billsync.cli.files.inputs import as_it_is, desired_state
from billsync.cli.files.plan_keys import plan_key
from billsync.cli.options.selecting import check_selected
from billsync.cli.options.server import ServerOptions
from billsync.cli.servers.opening import connected
from billsync.cli.terminal.outputs import Result
from billsync.cli.terminal.showing import check_files, show
from billsync.cli.terminal.surroundings import Run
from billsync.core.secrets.plan_secrets import without_secrets
from billsync.kinds.registry import KINDS
from billsync.model.diagnostic import Diagnostic
from billsync.model.state import Desired
from billsync.render.diagnostics import diagnostics_text
from billsync.render.plan.nameless import finding_without_names, without_names
from billsync.render.plan.outline import outline


def show_difference(
    run: Run, paths: Sequence[str], options: ServerOptions, wanted: DiffScope, *, exit_code: bool
) -> Exit:
    """Print the changes that `sync` would make, and the impact of new prices; an anonymous impact names no customer."""
    telling = finding_without_names if wanted.is_anonymous else as_it_is
    check_files(run)
    sparing = wanted.impact is not None  # its own values take memory beside the declared ones
    desired, findings = desired_state(run, paths, allow=wanted.allow, telling=telling, crowd=True, sparing=sparing)
    with connected(run, options, desired.target) as connection:
        connection, desired = sifted(connection, desired, wanted)  # the rest needn't stay in memory
        found = difference(connection, desired, wanted, run.progress)
    return show_found(run, desired, found, findings, wanted, exit_code=exit_code)


def show_found(
    run: Run,
    desired: Desired,
    found: Difference,
    findings: tuple[Diagnostic, ...],
    wanted: DiffScope,
    *,
    exit_code: bool,
) -> Exit:
    """Show a comparison in the formats that were asked for, and return the exit code. Raises Ended, ResultLost."""
    check_selected(run, desired, found.plan, unnamed=private_kinds() if wanted.is_anonymous else ())
    missing = owner_missing(found.plan)
    run.verdict = code_of_difference(found.plan, missing, exit_code=exit_code)
    shown = without_secrets(found.plan, desired, KINDS, plan_key(run))
    whole = outline(shown)
    if wanted.is_anonymous:
        whole = without_names(whole, private_kinds())
    details = wanted.impact is not None and wanted.impact.has_details
    show(run, Result(shown, whole, (*findings, *missing), found.impact, is_detailed=details))
    if not run.wants_json:
        run.talk(diagnostics_text(missing))
    return run.verdict
