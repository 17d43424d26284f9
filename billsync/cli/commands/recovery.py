"""The commands about recovery snapshots as click sees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from billsync.app.ending import Exit
from billsync.cli.options.options import ALLOW, PARALLELISM, YES, file_option
from billsync.cli.options.output import diff_output_options, output_options
from billsync.cli.options.run import EXIT_CODE, dry_run
from billsync.cli.options.server import ServerOptions, server_options
from billsync.cli.options.talk import talk_options
from billsync.cli.terminal.surroundings import Run

if TYPE_CHECKING:
    from billsync.model.address import Address
    from billsync.report.recovery.restore.choices import Choices

IN_ADVANCE = click.option(
    "--in-advance",
    type=click.Choice(["grant", "wait", "bill"]),
    default="grant",
    show_default=True,
    help="Fees in advance of running periods: give them as credit, begin at the next period, or bill them again.",
)
USAGE = click.option(
    "--usage",
    "usage_times",
    type=click.Choice(["at-start", "as-it-was", "none"]),
    default="at-start",
    show_default=True,
    help="Usage of running periods: dated at the new start, with its own times (never billed), or not sent.",
)


USE_LIVE = click.option(
    "--use-live",
    "uses",
    multiple=True,
    metavar="KIND/KEY",
    help="Use a live customer, meter, feature or tax code as it is, whoever owns it, with all that the snapshot has of "
    "it; a refusal names it.",
)


def _chosen(in_advance: str, usage_times: str, uses: Sequence[str] = ()) -> Choices:
    from billsync.report.recovery.restore.choices import Choices, InAdvance, Usage

    return Choices(InAdvance(in_advance), Usage(usage_times), frozenset(map(_record, uses)))


def _record(text: str) -> Address:
    """The address of a record. Raises BadParameter."""
    from billsync.kinds.registry import KINDS
    from billsync.model.address import parse_address
    from billsync.model.kind import Archetype

    kinds = [kind.name for kind in KINDS.values() if kind.archetype is Archetype.RECORD]
    try:
        found = parse_address(text)
    except ValueError:
        found = None
    if found is None or found.kind not in kinds or found.version is not None:
        raise click.BadParameter(
            f"{text!r} is no {', '.join(f'{kind}/KEY' for kind in kinds)}", param_hint="--use-live"
        )
    return found


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
    from billsync.cli.running.verifying import show_proof

    return show_proof(run, snapshot, ServerOptions(**server), losses)


@click.command()
@click.argument("snapshot", type=click.Path())
@server_options
@IN_ADVANCE
@USAGE
@USE_LIVE
@ALLOW
@dry_run("done")
@EXIT_CODE
@click.option("--verify", "verifies", is_flag=True, help="Then compare the server with the snapshot, as `verify` does.")
@file_option("--plan-file", help="Carry out the plan file that --dry-run --out plan=FILE made.")
@talk_options
@PARALLELISM
@YES
@diff_output_options
@click.pass_obj
def restore(
    run: Run,
    /,
    snapshot: str,
    in_advance: str,
    usage_times: str,
    uses: tuple[str, ...],
    allow: dict[str, str],
    is_dry: bool,
    exit_code: bool,
    plan_file: str | None,
    verifies: bool,
    yes: bool,
    **server: Any,
) -> Exit:
    """Bring a recovery snapshot back into an empty server, or a half-restored one, and say what couldn't be had."""
    from billsync.cli.running.restoring import RestoreOptions, restore

    if exit_code and not is_dry:
        raise click.UsageError("--exit-code goes with --dry-run")
    if verifies and is_dry:
        raise click.UsageError("--verify goes with a restore, not with --dry-run")
    if is_dry and plan_file:
        raise click.UsageError("--dry-run doesn't go with --plan-file; `diff --plan-file` shows a plan file")
    how = RestoreOptions(_chosen(in_advance, usage_times, uses), allow, is_dry, exit_code, yes, plan_file, verifies)
    return restore(run, snapshot, ServerOptions(**server), how)


@click.command()
@click.argument("snapshot", type=click.Path())
@IN_ADVANCE
@USAGE
@click.option(
    "--pace",
    type=click.IntRange(1, 600_000),
    metavar="MS",
    help="Milliseconds that a real server takes for a request; default: as the embedded one here.",
)
@talk_options
@output_options
@click.pass_obj
def drill(run: Run, /, snapshot: str, in_advance: str, usage_times: str, pace: int | None) -> Exit:
    """Restore a recovery snapshot here, into an embedded server, and prove it past the next renewal."""
    from billsync.cli.running.drilling import DrillOptions, show_drill

    return show_drill(run, snapshot, DrillOptions(_chosen(in_advance, usage_times), pace))


RECOVERY_COMMANDS = (restore, verify, drill)
