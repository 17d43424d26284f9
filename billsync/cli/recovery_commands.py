"""The commands about recovery snapshots as click sees them."""

from __future__ import annotations

from typing import Any

import click

from billsync.app.ending import Exit
from billsync.cli.output_options import output_options
from billsync.cli.server_options import ServerOptions, server_options
from billsync.cli.surroundings import Run
from billsync.cli.talk_options import talk_options


@click.command()
@click.argument("snapshot", type=click.Path())
@server_options
@click.option(
    "--losses",
    metavar="FILE",
    help="The loss report of the restore (its JSON): departures that it explains are no failure.",
)
@talk_options
@output_options
@click.pass_obj
def verify(run: Run, /, snapshot: str, losses: str | None, **server: Any) -> Exit:
    """Prove that a server has what a recovery snapshot has: balances, next charges, plans, periods, access."""
    from billsync.cli.verifying import show_proof

    return show_proof(run, snapshot, ServerOptions(**server), losses)


RECOVERY_COMMANDS = (verify,)
