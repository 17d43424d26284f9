"""The command `adopt` as click sees it."""

from __future__ import annotations

from typing import Any

import click

from billsync.app.ending import Exit
from billsync.cli.options.options import PATHS, YES, file_option
from billsync.cli.options.output import output_options
from billsync.cli.options.run import dry_run
from billsync.cli.options.selecting import select_option
from billsync.cli.options.server import ServerOptions, server_options
from billsync.cli.options.talk import talk_options
from billsync.cli.terminal.surroundings import Run


@click.command()
@PATHS
@select_option
@server_options
@talk_options
@file_option("--into", help="The file that `adopted` is written to; else the one that has it, or `_info`.")
@click.option("--prune", "prunes", is_flag=True, help="Take out what an owner's label says by now.")
@dry_run("recorded", to="")
@YES
@output_options
@click.pass_obj
def adopt(
    run: Run, /, paths: tuple[str, ...], into: str | None, prunes: bool, is_dry: bool, yes: bool, **server: Any
) -> Exit:
    """Record in the files which live entities of nobody they take over; writes nothing to the server."""
    from billsync.cli.running.adopting import AdoptOptions, adopt, prune

    if prunes and run.patterns:
        raise click.UsageError("--select and --prune don't go together")
    return (prune if prunes else adopt)(run, paths, ServerOptions(**server), AdoptOptions(into, is_dry, yes))
