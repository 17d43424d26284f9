"""The commands as click sees them: options and help. Each imports what it needs only when it runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import click

from billsync.app.ending import Exit
from billsync.cli.commands.adopt import adopt
from billsync.cli.commands.customers import CUSTOMER_COMMANDS
from billsync.cli.commands.migrate import migrate
from billsync.cli.commands.promote import promote
from billsync.cli.commands.recovery import RECOVERY_COMMANDS
from billsync.cli.commands.snapshot_options import snapshot_options
from billsync.cli.commands.undo import undo
from billsync.cli.options.dump import check_adopting, check_dump_options, dump_options
from billsync.cli.options.impact import ImpactOptions, impact_options
from billsync.cli.options.options import (
    ALLOW,
    FORMAT,
    OPTIONAL_PATHS,
    OUTPUT,
    PARALLELISM,
    PATHS,
    YES,
)
from billsync.cli.options.output import diff_output_options, output_options
from billsync.cli.options.plan_file import (
    RUNNING,
    SHOWING,
    check_owner,
    check_plan_file,
    diff_plan_file_options,
    expiry_of,
    run_plan_file_options,
)
from billsync.cli.options.selecting import select_option, since_option
from billsync.cli.options.server import ServerOptions, server_options
from billsync.cli.options.talk import talk_options
from billsync.cli.options.version import version_options
from billsync.cli.terminal.surroundings import Run


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
    from billsync.cli.running.validating import validate

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
    from billsync.cli.running.rendering import render

    return render(run, paths, form=form, output=output, yes=yes)


@billsync.command()
@OPTIONAL_PATHS
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
    impact: ImpactOptions,
    mode: str,
    expires: timedelta,
    plan_file: str | None,
    **server: Any,
) -> Exit:
    """Show what sync would do; writes nothing."""
    check_plan_file(paths, plan_file, SHOWING)
    if plan_file is not None:
        from billsync.cli.running.showing_plan import show_plan_file

        return show_plan_file(run, plan_file, exit_code=exit_code)
    from billsync.app.comparing.difference import DiffScope
    from billsync.cli.running.comparing import show_difference

    valid_for = expiry_of(run, expires)
    wanted = DiffScope(allow, impact.scope(), is_anonymous=impact.impact_anonymous, mode=mode, valid_for=valid_for)
    return show_difference(run, paths, ServerOptions(**server), wanted, exit_code=exit_code)


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
    from billsync.cli.running.drifting import show_drift

    return show_drift(run, paths, ServerOptions(**server), exit_code=exit_code)


@billsync.command()
@OPTIONAL_PATHS
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
@OPTIONAL_PATHS
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
    from billsync.cli.running.writing import write, write_plan_file

    check_plan_file(paths, plan_file, RUNNING)
    check_owner(owner, plan_file)
    if plan_file is not None:
        return write_plan_file(run, plan_file, ServerOptions(**server), mode=mode, owner=owner, yes=yes)
    return write(run, paths, ServerOptions(**server), mode=mode, allow=allow, yes=yes)


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
    from billsync.cli.running.dumping import DumpOptions, write_dump

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
    from billsync.cli.running.reading import ping

    return ping(run, ServerOptions(**server), names_unlisted=names_unlisted, exit_code=exit_code)


@billsync.command()
@click.argument("topic", metavar="[TOPIC[.FIELD...]|CODE]", required=False)
@FORMAT
@click.pass_obj
def explain(run: Run, /, topic: str | None) -> Exit:
    """Explain a kind, a part of a file, a field, or the code of a message; without an argument, list the topics."""
    from billsync.cli.running.explaining import show_explanation, show_topics

    return show_explanation(run, topic) if topic else show_topics(run)


@billsync.command()
@click.argument("kind", required=False)
@click.pass_obj
def schema(run: Run, /, kind: str | None) -> Exit:
    """Print the JSON Schema of a file, of one kind, or of plan files (plan-file)."""
    from billsync.cli.running.explaining import show_schema

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
    from billsync.cli.servers.serving import serve

    return serve(run, **options)


@billsync.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, /, shell: str) -> Exit:
    """Print the script that lets a shell complete commands and options."""
    from billsync.cli.options.completing import script_for

    ctx.ensure_object(Run).result(script_for(ctx, shell))
    return Exit.DONE


for _command in (adopt, undo, migrate, promote, *CUSTOMER_COMMANDS, *RECOVERY_COMMANDS):
    billsync.add_command(_command)
