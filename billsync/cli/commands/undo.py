"""The command `undo` as click sees it."""

from __future__ import annotations

from typing import Any

import click

from billsync.app.ending import Exit
from billsync.cli.options.completions import completed
from billsync.cli.options.options import ALLOW, OPTIONAL_PATHS
from billsync.cli.options.output import diff_output_options
from billsync.cli.options.plan_file import expiry_of
from billsync.cli.options.run import RunOptions, planned_run_options
from billsync.cli.options.server import ServerOptions, server_options
from billsync.cli.options.talk import talk_options
from billsync.cli.terminal.outputs import PLAN
from billsync.cli.terminal.surroundings import Run


@click.command()
@click.argument("journal", metavar="JOURNAL", shell_complete=completed("files"))
@OPTIONAL_PATHS
@server_options
@click.option("--owner", metavar="NAME", help="The owner whose part is taken back, of a restore for several.")
@ALLOW
@talk_options
@planned_run_options("taken back")
@diff_output_options
@click.pass_obj
def undo(
    run: Run,
    /,
    journal: str,
    paths: tuple[str, ...],
    owner: str | None,
    allow: dict[str, str],
    how: RunOptions,
    **server: Any,
) -> Exit:
    """Take back what a run did, by its journal, as far as it can be taken back.

    The policy of that run's files holds, and that of the files that PATH names, too.
    """
    from billsync.cli.running.undoing import UndoOptions, undo

    if not how.is_dry and (run.asks_for(PLAN) or how.exit_code):
        raise click.UsageError("--out plan=FILE and --exit-code go with --dry-run")
    if run.overlays and not paths:
        raise click.UsageError("--overlay goes with the PATHs of files")
    valid_for = expiry_of(run, how.expires)
    options = UndoOptions(allow, how.is_dry, how.exit_code, how.yes, valid_for, owner)
    return undo(run, journal, paths, ServerOptions(**server), options)
