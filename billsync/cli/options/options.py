"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any, TypeVar

import click

from billsync.cli.options.allowances import allowances
from billsync.cli.options.completions import completed
from billsync.cli.terminal.surroundings import Run
from billsync.model.limits import CONNECTIONS, STEPS_AT_ONCE

Command = TypeVar("Command", bound=Callable[..., Any])
Option = Callable[[Any], Any]


def together(*options: Option) -> Option:
    """Several options as one decorator; help shows them in this order."""

    def added(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return added


def gathered(name: str, into: type[Any], *options: Option) -> Option:
    """Several options as one decorator; the command takes those that are fields of `into` as one value, `name`."""
    taken = frozenset(field.name for field in fields(into))

    def added(command: Command) -> Command:
        @wraps(command)
        def called(*given: Any, **values: Any) -> Any:
            value = into(**{key: values.pop(key) for key in taken & values.keys()})
            return command(*given, **values, **{name: value})

        return together(*options)(called)  # type: ignore[no-any-return]

    return added


def file_option(*names: str, help: str, **more: Any) -> Option:
    """An option that names a file, which a shell can complete."""
    return click.option(*names, metavar="FILE", shell_complete=completed("files"), help=help, **more)


def _overlays(ctx: click.Context, parameter: click.Parameter, files: tuple[str, ...]) -> None:
    ctx.ensure_object(Run).overlays = files


def _paths(metavar: str, *, required: bool) -> Option:
    """The files that a command is about, and those that are merged over them."""
    return together(
        file_option(
            "--overlay",
            multiple=True,
            expose_value=False,
            callback=_overlays,
            help="Merge a file with `_overlay: true` over the others; repeatable, in order.",
        ),
        click.argument("paths", nargs=-1, required=required, metavar=metavar, shell_complete=completed("files")),
    )


PATHS = _paths("PATH...", required=True)
OPTIONAL_PATHS = _paths("[PATH...]", required=False)
"""The files, or neither these nor overlays: with a plan file, or with a journal."""


def _output(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """The file; None for stdout."""
    return None if value == "-" else value


OUTPUT = file_option("-o", "--output", callback=_output, help="Write to a file instead of stdout; - is stdout.")


def _at_once(ctx: click.Context, parameter: click.Parameter, value: int) -> None:
    ctx.ensure_object(Run).parallelism = value


PARALLELISM = click.option(
    "--parallelism",
    type=click.IntRange(1, CONNECTIONS),
    default=STEPS_AT_ONCE,
    show_default=True,
    metavar="N",
    expose_value=False,
    callback=_at_once,
    help="The number of independent steps that are carried out at a time.",
)
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
