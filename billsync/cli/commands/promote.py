"""The command `promote` as click sees it."""

from __future__ import annotations

from typing import Any

import click

from billsync.app.ending import Exit
from billsync.cli.options.impact import ImpactOptions, impact_options
from billsync.cli.options.options import ALLOW, file_option
from billsync.cli.options.output import diff_output_options
from billsync.cli.options.plan_file import expiry_of
from billsync.cli.options.run import RunOptions, planned_run_options
from billsync.cli.options.selecting import select_option
from billsync.cli.options.server import ServerOptions, server_options
from billsync.cli.options.talk import talk_options
from billsync.cli.terminal.outputs import PLAN
from billsync.cli.terminal.surroundings import Run


@click.command()
@click.option("--from", "place", metavar="URL|PATH", help="The source: a server, or files, such as a dump.")
@click.option("--from-profile", metavar="NAME", help="The source is the server of this profile of .billsync.yaml.")
@file_option("--from-token-file", help="File with the source's token; default: BILLSYNC_FROM_TOKEN.")
@click.option("--to", metavar="URL", help="The server that gets the catalog; the same as --server.")
@server_options
@select_option
@click.option("--owner", metavar="NAME", help="The owner on the target; default: the source's.")
@ALLOW
@talk_options
@impact_options
@planned_run_options("done")
@diff_output_options
@click.pass_obj
def promote(
    run: Run,
    /,
    place: str | None,
    from_profile: str | None,
    from_token_file: str | None,
    to: str | None,
    server: str | None,
    owner: str | None,
    allow: dict[str, str],
    impact: ImpactOptions,
    how: RunOptions,
    **others: Any,
) -> Exit:
    """Bring the catalog of one environment to another, and prove that both have the same."""
    from billsync.cli.running.promoting import PromoteOptions, Source, promote

    if (place is None) == (from_profile is None):
        raise click.UsageError("name the source with --from or with --from-profile")
    if to is not None and server is not None:
        raise click.UsageError("--to and --server name the same thing: give one of them")
    if not how.is_dry and (run.asks_for(PLAN) or impact.impact or how.exit_code):
        raise click.UsageError("--out plan=FILE, --impact and --exit-code go with --dry-run")

    valid_for = expiry_of(run, how.expires)
    options = PromoteOptions(
        owner, how.is_dry, how.exit_code, how.yes, allow, impact.scope(), impact.impact_anonymous, valid_for
    )
    source = Source(place, from_profile, from_token_file)
    return promote(run, source, ServerOptions(server=to or server, **others), options)
