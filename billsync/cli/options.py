"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from billsync.cli.allowances import allowances
from billsync.cli.completions import completed
from billsync.cli.surroundings import Run

Command = TypeVar("Command", bound=Callable[..., Any])


def _overlays(ctx: click.Context, parameter: click.Parameter, files: tuple[str, ...]) -> None:
    ctx.ensure_object(Run).overlays = files


def overlay_option(command: Command) -> Command:
    """The option that names files to be merged over the others."""
    return click.option(
        "--overlay",
        multiple=True,
        metavar="FILE",
        shell_complete=completed("files"),
        expose_value=False,
        callback=_overlays,
        help="Merge a file with `_overlay: true` over the others; repeatable, in order.",
    )(command)


def PATHS(command: Command) -> Command:
    """The files that a command is about, and those that are merged over them."""
    paths = click.argument("paths", nargs=-1, required=True, metavar="PATH...", shell_complete=completed("files"))
    return overlay_option(paths(command))


YES = click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
ALLOW = click.option(
    "--allow",
    multiple=True,
    callback=allowances,
    shell_complete=completed("flags"),
    metavar="FLAG",
    help="Override a guard; the guard's message names the flag, such as deletes=25.",
)


def _format(ctx: click.Context, parameter: click.Parameter, value: str) -> None:
    ctx.ensure_object(Run).wants_json = value == "json"


FORMAT = click.option(
    "--format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    expose_value=False,
    callback=_format,
    help="Output format of the result.",
)


def _table_format(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    _format(ctx, parameter, value)
    return value


TABLE_FORMAT = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv"]),
    default="text",
    show_default=True,
    callback=_table_format,
    help="Output format of the result.",
)


def impact_options(command: Command) -> Command:
    """The options of the impact estimate."""
    for option in (
        click.option("--impact-sample", type=click.IntRange(min=1), metavar="N", help="Look at N subscriptions only."),
        click.option("--impact-anonymous", is_flag=True, help="Show groups of at least five, and no names."),
        click.option("--impact-periods", type=click.IntRange(1, 36), default=1, show_default=True, metavar="N"),
        click.option(
            "--impact",
            is_flag=False,
            flag_value="declared",
            type=click.Choice(["declared", "all"]),
            help="Estimate the change of bills, for the declared subscriptions or for all.",
        ),
    ):
        command = option(command)
    return command
