"""The command `migrate` as click sees it."""

from __future__ import annotations

from typing import Any

import click

from billsync.app.ending import Exit
from billsync.cli.options.impact import IMPACT_PERIODS
from billsync.cli.options.migrate import migrate_options
from billsync.cli.options.options import ALLOW, PATHS
from billsync.cli.options.output import output_options
from billsync.cli.options.run import RunOptions, run_options
from billsync.cli.options.server import ServerOptions, server_options
from billsync.cli.options.talk import talk_options
from billsync.cli.terminal.surroundings import Run


@click.command()
@PATHS
@server_options
@migrate_options
@ALLOW
@talk_options
@IMPACT_PERIODS
@click.option("--impact-sample", type=click.IntRange(min=1), metavar="N", help="Estimate the impact of N only.")
@run_options("done")
@output_options
@click.pass_obj
def migrate(
    run: Run,
    /,
    paths: tuple[str, ...],
    plan: str,
    target: str,
    version: int | None,
    selectors: tuple[Any, ...],
    timing: str | None,
    shares: tuple[Any, ...],
    stop_if: tuple[Any, ...],
    not_before: Any,
    notices: str | None,
    allow: dict[str, str],
    impact_periods: int,
    impact_sample: int | None,
    how: RunOptions,
    **server: Any,
) -> Exit:
    """Move live subscriptions to another version of their plan, or to another plan, wave by wave."""
    from billsync.app.impact.scope import ImpactScope
    from billsync.app.migration.migrate import MigrationScope
    from billsync.cli.running.migrating import MigrateOptions, migrate

    if not_before and timing == "immediate":
        raise click.UsageError("--not-before goes with --timing at_renewal: what moves at once moves before any date")
    if how.exit_code and not how.is_dry:
        raise click.UsageError("--exit-code goes with --dry-run")
    impact = ImpactScope("declared", impact_periods, impact_sample)
    scope = MigrationScope(plan, target, version, selectors, timing, not_before, shares, stop_if, allow, impact)
    options = MigrateOptions(how.is_dry, how.exit_code, how.yes, notices)
    return migrate(run, paths, ServerOptions(**server), scope, options)
