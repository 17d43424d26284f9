"""The options of plan files: `--plan-file` takes the place of PATHs, and of everything that was decided before."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import timedelta

import click
from click.core import ParameterSource

from billsync.cli.options.options import file_option, together
from billsync.cli.options.server import ServerOptions
from billsync.cli.terminal.outputs import PLAN
from billsync.cli.terminal.surroundings import Run

SHOWING = frozenset(
    {"plan_file", "exit_code", "format", "outputs", "verbose", "color", "quiet", "show_personal_data", "comment_id"}
)
"""The parameters with which a plan file is shown again."""
RUNNING = frozenset(
    {*SHOWING, "owner", "yes", "profile", "parallelism", *(field.name for field in fields(ServerOptions))}
)
"""The parameters with which a plan file is carried out."""
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LONGEST = timedelta(days=366)


def _span(ctx: click.Context, parameter: click.Parameter, value: str) -> timedelta:
    found = re.fullmatch(r"([1-9][0-9]{0,5})([mhdw])", value)
    span = timedelta(**{UNITS[found[2]]: int(found[1])}) if found else timedelta()
    if not timedelta() < span <= LONGEST:
        raise click.BadParameter(f"{value!r} is not a time like 90m, 12h, 7d or 2w, up to 366d.")
    return span


EXPIRES = click.option(
    "--expires",
    default="24h",
    show_default=True,
    metavar="TIME",
    callback=_span,
    help="How long a plan file may be carried out: 90m, 12h, 7d, 2w.",
)

diff_plan_file_options = together(
    click.option(
        "--mode",
        type=click.Choice(["sync", "apply"]),
        default="sync",
        show_default=True,
        help="The command whose changes are shown; apply never deletes.",
    ),
    EXPIRES,
    file_option(
        "--plan-file",
        help="Show a plan file again, offline, in place of PATHs.",
    ),
)
"""Add the options with which `diff` makes a plan file, and shows one."""


run_plan_file_options = together(
    file_option(
        "--plan-file",
        help="Carry out the plan file that diff --out plan=FILE made, in place of PATHs.",
    ),
    click.option("--owner", metavar="NAME", help="With --plan-file: refuse one of another owner."),
)
"""Add the options with which `apply` and `sync` carry a plan file out."""


def check_plan_file(paths: tuple[str, ...], plan_file: str | None, goes_with: frozenset[str]) -> None:
    """Check that there are PATHs or a plan file, and with a plan file only options that go with it. Raises UsageError.

    `goes_with` are names of parameters: an option that is new must be named to be taken with a plan file, as one that
    changes what is decided would else be ignored.
    """
    if plan_file is None and not paths:
        raise click.UsageError("Missing argument 'PATH...'.")
    if plan_file is None:
        return
    if paths:
        raise click.UsageError("PATHs don't go with --plan-file, which takes their place")
    ctx = click.get_current_context()
    for parameter in ctx.command.params:
        name = parameter.name or ""
        is_given = ctx.params.get(name, True) and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if is_given and name not in goes_with:
            raise click.UsageError(f"{parameter.opts[0]} doesn't go with --plan-file, in which everything is decided")


def expiry_of(run: Run, expires: timedelta) -> timedelta | None:
    """The time for which this run's plan file may be carried out; None if it makes none. Raises UsageError for an
    expiry without a plan file."""
    if run.asks_for(PLAN):
        return expires
    if click.get_current_context().get_parameter_source("expires") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--expires goes with --out plan=FILE")
    return None


def check_owner(owner: str | None, plan_file: str | None) -> None:
    """Raises UsageError for an owner without a plan file."""
    if owner is not None and plan_file is None:
        raise click.UsageError("--owner goes with --plan-file; files name their owner in `_info`")
