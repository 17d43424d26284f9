"""`diff --plan-file`: show a plan file again, without a server."""

from __future__ import annotations

from billsync.app.ending import Exit
from billsync.app.outcomes import code_of_difference, owner_missing
from billsync.app.planning.plan_files import expired, is_expired
from billsync.cli.files.plan_input import read_plan_file
from billsync.cli.terminal.outputs import Result
from billsync.cli.terminal.showing import check_files, show
from billsync.cli.terminal.surroundings import Run
from billsync.model.diagnostic import Severity
from billsync.model.frozen import replace
from billsync.render.diagnostics import diagnostics_text
from billsync.render.plan.outline import outline


def show_plan_file(run: Run, path: str, *, exit_code: bool) -> Exit:
    """Show a plan file again, without a server. Raises Ended."""
    check_files(run)
    plan = read_plan_file(run, path)
    missing = owner_missing(plan)
    late = (replace(expired(plan), severity=Severity.NOTE),) if is_expired(plan, run.around.clock.now()) else ()
    run.verdict = code_of_difference(plan, missing, exit_code=exit_code)
    show(run, Result(plan, outline(plan), (*missing, *late)))
    if not run.wants_json:
        run.talk(diagnostics_text((*missing, *late)))
    return run.verdict
