"""The commands as click sees them: options and help. Each imports what it needs only when it runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from billsync.app.ending import Exit
from billsync.cli.completions import completed
from billsync.cli.customer_commands import CUSTOMER_COMMANDS
from billsync.cli.dump_options import check_adopting, check_dump_options, dump_options
from billsync.cli.migrate_options import migrate_options
from billsync.cli.options import (
    ALLOW,
    FORMAT,
    IMPACT_PERIODS,
    OUTPUT,
    PARALLELISM,
    PATHS,
    PATHS_OR_PLAN_FILE,
    YES,
    file_option,
    impact_options,
)
from billsync.cli.output_options import diff_output_options, output_options
from billsync.cli.outputs import PLAN
from billsync.cli.plan_file_options import (
    EXPIRES,
    RUNNING,
    SHOWING,
    check_expires,
    check_owner,
    check_plan_file,
    diff_plan_file_options,
    run_plan_file_options,
)
from billsync.cli.recovery_commands import RECOVERY_COMMANDS
from billsync.cli.selecting import select_option, since_option
from billsync.cli.server_options import ServerOptions, server_options
from billsync.cli.snapshot_options import snapshot_options
from billsync.cli.surroundings import Run
from billsync.cli.talk_options import talk_options
from billsync.cli.version_options import version_options

if TYPE_CHECKING:  # `billsync --help` loads no model
    from billsync.app.impact_scope import ImpactScope


@click.group(no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@version_options
@click.option("--debug", is_flag=True, help="Show where an internal error came from.")
@click.pass_obj
def billsync(run: Run, /, debug: bool) -> None:
    """Declare billing in YAML; see the difference with an OpenMeter or Konnect server; apply it."""
    run.debug = debug


@billsync.command()
@PATHS
@select_option
@server_options
@click.option("--online", is_flag=True, help="Also check `external` and capabilities on the server; writes nothing.")
@FORMAT
@click.pass_obj
def validate(run: Run, /, paths: tuple[str, ...], online: bool, **server: Any) -> Exit:
    """Check files; offline, unless --online names a server."""
    from billsync.cli.validating import validate

    options = ServerOptions(**server)
    if not online and options != ServerOptions():
        raise click.UsageError("the options that name a server go with --online")
    return validate(run, paths, options if online else None)


@billsync.command()
@PATHS
@click.option(
    "--format", "form", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True, help="Output format."
)
@OUTPUT
@YES
@click.pass_obj
def render(run: Run, /, paths: tuple[str, ...], form: str, output: str | None, yes: bool) -> Exit:
    """Print what the files declare together as one file: after the library, the defaults and the overlays."""
    from billsync.cli.rendering import render

    return render(run, paths, form=form, output=output, yes=yes)


@billsync.command()
@PATHS_OR_PLAN_FILE
@select_option
@since_option
@server_options
@ALLOW
@talk_options
@click.option("--exit-code", "--non-zero-exit-code", is_flag=True, help="Exit with 2 when changes are pending.")
@impact_options
@diff_plan_file_options
@diff_output_options
@click.pass_obj
def diff(
    run: Run,
    /,
    paths: tuple[str, ...],
    allow: dict[str, str],
    exit_code: bool,
    impact: str | None,
    impact_periods: int,
    impact_anonymous: bool,
    impact_sample: int | None,
    impact_details: bool,
    mode: str,
    expires: timedelta,
    plan_file: str | None,
    **server: Any,
) -> Exit:
    """Show what sync would do; writes nothing."""
    check_plan_file(paths, plan_file, SHOWING)
    if plan_file is not None:
        from billsync.cli.showing_plan import show_plan_file

        return show_plan_file(run, plan_file, exit_code=exit_code)
    from billsync.app.difference import DiffScope
    from billsync.cli.comparing import show_difference

    check_expires(run)
    scope = _impact_scope(impact, impact_periods, impact_anonymous, impact_sample, impact_details)
    valid_for = expires if run.asks_for(PLAN) else None
    wanted = DiffScope(allow, scope, is_anonymous=impact_anonymous, mode=mode, valid_for=valid_for)
    return show_difference(run, paths, ServerOptions(**server), wanted, exit_code=exit_code)


def _impact_scope(
    impact: str | None, periods: int, is_anonymous: bool, sample: int | None, has_details: bool
) -> ImpactScope | None:
    """The scope of the impact that is asked for, if one is. Raises UsageError."""
    from billsync.app.impact_scope import ImpactScope

    if impact is None and (sample or is_anonymous or has_details or periods != 1):
        others = "--impact-details and --impact-periods"
        raise click.UsageError(f"--impact-sample, --impact-anonymous, {others} go with --impact")
    return ImpactScope(impact, periods, sample, has_details) if impact else None


@billsync.command()
@PATHS
@select_option
@server_options
@talk_options
@click.option("--exit-code", "--non-zero-exit-code", is_flag=True, help="Exit with 2 when anything differs.")
@output_options
@click.pass_obj
def drift(run: Run, /, paths: tuple[str, ...], exit_code: bool, **server: Any) -> Exit:
    """Show how the server differs from the files; has no way to write."""
    from billsync.cli.drifting import show_drift

    return show_drift(run, paths, ServerOptions(**server), exit_code=exit_code)


@billsync.command()
@PATHS_OR_PLAN_FILE
@select_option
@server_options
@ALLOW
@run_plan_file_options
@talk_options
@PARALLELISM
@YES
@output_options
@click.pass_obj
def apply(run: Run, /, paths: tuple[str, ...], **options: Any) -> Exit:
    """Create and update what the files declare; never delete."""
    return _write(run, paths, mode="apply", **options)


@billsync.command()
@PATHS_OR_PLAN_FILE
@select_option
@server_options
@ALLOW
@run_plan_file_options
@talk_options
@PARALLELISM
@YES
@output_options
@click.pass_obj
def sync(run: Run, /, paths: tuple[str, ...], **options: Any) -> Exit:
    """Create, update, and delete what is owned and no longer declared."""
    return _write(run, paths, mode="sync", **options)


def _write(
    run: Run,
    /,
    paths: tuple[str, ...],
    *,
    mode: str,
    allow: Mapping[str, str],
    yes: bool,
    plan_file: str | None,
    owner: str | None,
    **server: Any,
) -> Exit:
    from billsync.cli.writing import write, write_plan_file

    check_plan_file(paths, plan_file, RUNNING)
    check_owner(owner, plan_file)
    if plan_file is not None:
        return write_plan_file(run, plan_file, ServerOptions(**server), mode=mode, owner=owner, yes=yes)
    return write(run, paths, ServerOptions(**server), mode=mode, allow=allow, yes=yes)


@billsync.command()
@PATHS
@select_option
@server_options
@talk_options
@file_option("--into", help="The file that `adopted` is written to; else the one that has it, or `_info`.")
@click.option("--prune", "prunes", is_flag=True, help="Take out what an owner's label says by now.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Show what would be recorded; writes nothing.")
@YES
@output_options
@click.pass_obj
def adopt(
    run: Run, /, paths: tuple[str, ...], into: str | None, prunes: bool, is_dry: bool, yes: bool, **server: Any
) -> Exit:
    """Record in the files which live entities of nobody they take over; writes nothing to the server."""
    from billsync.cli.adopting import AdoptOptions, adopt, prune

    if prunes and run.patterns:
        raise click.UsageError("--select and --prune don't go together")
    return (prune if prunes else adopt)(run, paths, ServerOptions(**server), AdoptOptions(into, is_dry, yes))


@billsync.command()
@click.argument("journal", metavar="JOURNAL", shell_complete=completed("files"))
@server_options
@ALLOW
@talk_options
@click.option("--dry-run", "is_dry", is_flag=True, help="Show what would be taken back; writes nothing to the server.")
@click.option("--exit-code", is_flag=True, help="With --dry-run, exit with 2 when changes are pending.")
@EXPIRES
@PARALLELISM
@YES
@diff_output_options
@click.pass_obj
def undo(
    run: Run,
    /,
    journal: str,
    allow: dict[str, str],
    is_dry: bool,
    exit_code: bool,
    expires: timedelta,
    yes: bool,
    **server: Any,
) -> Exit:
    """Take back what a run did, by its journal, as far as it can be taken back."""
    from billsync.cli.undoing import UndoOptions, undo

    if not is_dry and (run.asks_for(PLAN) or exit_code):
        raise click.UsageError("--out plan=FILE and --exit-code go with --dry-run")
    check_expires(run)
    valid_for = expires if run.asks_for(PLAN) else None
    return undo(run, journal, ServerOptions(**server), UndoOptions(allow, is_dry, exit_code, yes, valid_for))


@billsync.command()
@PATHS
@server_options
@migrate_options
@ALLOW
@talk_options
@IMPACT_PERIODS
@click.option("--impact-sample", type=click.IntRange(min=1), metavar="N", help="Estimate the impact of N only.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Show what would be done; writes nothing to the server.")
@click.option("--exit-code", is_flag=True, help="With --dry-run, exit with 2 when changes are pending.")
@PARALLELISM
@YES
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
    is_dry: bool,
    exit_code: bool,
    yes: bool,
    **server: Any,
) -> Exit:
    """Move live subscriptions to another version of their plan, or to another plan, wave by wave."""
    from billsync.app.impact_scope import ImpactScope
    from billsync.app.migrate import MigrationScope
    from billsync.cli.migrating import MigrateOptions, migrate

    if not_before and timing == "immediate":
        raise click.UsageError("--not-before goes with --timing at_renewal: what moves at once moves before any date")
    if exit_code and not is_dry:
        raise click.UsageError("--exit-code goes with --dry-run")
    impact = ImpactScope("declared", impact_periods, impact_sample)
    scope = MigrationScope(plan, target, version, selectors, timing, not_before, shares, stop_if, allow, impact)
    how = MigrateOptions(is_dry, exit_code, yes, notices)
    return migrate(run, paths, ServerOptions(**server), scope, how)


@billsync.command()
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
@click.option("--dry-run", "is_dry", is_flag=True, help="Show what would be done; writes nothing to the server.")
@click.option("--exit-code", is_flag=True, help="With --dry-run, exit with 2 when changes are pending.")
@EXPIRES
@PARALLELISM
@YES
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
    is_dry: bool,
    exit_code: bool,
    expires: timedelta,
    yes: bool,
    impact: str | None,
    impact_periods: int,
    impact_anonymous: bool,
    impact_sample: int | None,
    impact_details: bool,
    **others: Any,
) -> Exit:
    """Bring the catalog of one environment to another, and prove that both have the same."""
    from billsync.cli.promoting import PromoteOptions, Source, promote

    if (place is None) == (from_profile is None):
        raise click.UsageError("name the source with --from or with --from-profile")
    if to is not None and server is not None:
        raise click.UsageError("--to and --server name the same thing: give one of them")
    if not is_dry and (run.asks_for(PLAN) or impact or exit_code):
        raise click.UsageError("--out plan=FILE, --impact and --exit-code go with --dry-run")

    check_expires(run)
    scope = _impact_scope(impact, impact_periods, impact_anonymous, impact_sample, impact_details)
    valid_for = expires if run.asks_for(PLAN) else None
    how = PromoteOptions(owner, is_dry, exit_code, yes, allow, scope, impact_anonymous, valid_for)
    source = Source(place, from_profile, from_token_file)
    return promote(run, source, ServerOptions(server=to or server, **others), how)


@billsync.command()
@server_options
@dump_options
@snapshot_options
@click.pass_obj
def dump(
    run: Run,
    /,
    output: str | None,
    losses: str | None,
    splits: bool,
    has_library: bool,
    sanitizes: bool,
    key_file: str | None,
    yes: bool,
    adopts: bool,
    owner: str | None,
    **server: Any,
) -> Exit:
    """Write the files that declare what is live."""
    from billsync.cli.dumping import DumpOptions, write_dump

    check_dump_options(output, losses, key_file, splits=splits, sanitizes=sanitizes)
    check_adopting(owner, adopts=adopts, sanitizes=sanitizes)
    options = DumpOptions(output, losses, yes, splits, has_library, owner, sanitizes, key_file)
    return write_dump(run, ServerOptions(**server), options)


@billsync.command()
@server_options
@click.option("--api", "names_unlisted", is_flag=True, help="List operations and fields that billsync doesn't know.")
@click.option("--exit-code", is_flag=True, help="Exit with 2 when --api lists any.")
@FORMAT
@click.pass_obj
def ping(run: Run, /, names_unlisted: bool, exit_code: bool, **server: Any) -> Exit:
    """Check that the server answers; show what it can do, and what the token may not read."""
    from billsync.cli.reading import ping

    return ping(run, ServerOptions(**server), names_unlisted=names_unlisted, exit_code=exit_code)


@billsync.command()
@click.argument("topic", metavar="[TOPIC[.FIELD...]|CODE]", required=False)
@FORMAT
@click.pass_obj
def explain(run: Run, /, topic: str | None) -> Exit:
    """Explain a kind, a part of a file, a field, or the code of a message; without an argument, list the topics."""
    from billsync.cli.explaining import show_explanation, show_topics

    return show_explanation(run, topic) if topic else show_topics(run)


@billsync.command()
@click.argument("kind", required=False)
@click.pass_obj
def schema(run: Run, /, kind: str | None) -> Exit:
    """Print the JSON Schema of a file, of one kind, or of plan files (plan-file)."""
    from billsync.cli.explaining import show_schema

    return show_schema(run, kind)


@billsync.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8888, show_default=True, help="The port; 0 picks a free one."
)
@click.option("--db", "database", metavar="PATH", help="SQLite file; default: .billsync/local.db.")
@click.option("--test-clock", is_flag=True, help="Let POST /local/clock set the time.")
@click.option("--faithful-faults", is_flag=True, help="Answer 500 where the real server fails.")
@click.option("--dialect", type=click.Choice(["openmeter", "konnect"]), help="Whose API to imitate.")
@click.option(
    "--generation",
    type=click.Choice(["2026-08", "later", "1.1", "1.2"]),
    help="State of that API; all but 2026-08 are as documented, not as recorded.",
)
@click.pass_obj
def serve(run: Run, /, **options: Any) -> Exit:
    """Run the embedded server on this machine."""
    from billsync.cli.serving import serve

    return serve(run, **options)


@billsync.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, /, shell: str) -> Exit:
    """Print the script that lets a shell complete commands and options."""
    from billsync.cli.completing import script_for

    ctx.ensure_object(Run).result(script_for(ctx, shell))
    return Exit.DONE


for _command in (*CUSTOMER_COMMANDS, *RECOVERY_COMMANDS):
    billsync.add_command(_command)
