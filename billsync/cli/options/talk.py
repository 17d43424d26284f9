"""The options `--color`, `--quiet` and `--verbose`: how much a command says on a terminal, and in which colors."""

from __future__ import annotations

import click

from billsync.cli.options.options import together
from billsync.cli.terminal.surroundings import Run

COLORS = ("auto", "always", "never")


def _says_everything(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    run = ctx.ensure_object(Run)
    run.is_verbose = value
    _check(run)


def _says_little(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    run = ctx.ensure_object(Run)
    run.is_quiet = value
    _check(run)


def _check(run: Run) -> None:
    if run.is_quiet and run.is_verbose:
        raise click.UsageError("--quiet and --verbose exclude each other")


def _takes_color(ctx: click.Context, parameter: click.Parameter, value: str) -> None:
    ctx.ensure_object(Run).color = value


talk_options = together(
    click.option(
        "--color",
        type=click.Choice(COLORS),
        default="auto",
        show_default=True,
        expose_value=False,
        callback=_takes_color,
        help="Colors in text; auto: on a terminal, unless NO_COLOR is set.",
    ),
    click.option(
        "--quiet",
        is_flag=True,
        expose_value=False,
        callback=_says_little,
        help="Show errors and the summary only.",
    ),
    click.option(
        "--verbose",
        is_flag=True,
        expose_value=False,
        callback=_says_everything,
        help="Name every entity, and show each request on stderr; by default, equal notes are shown once.",
    ),
)
"""The options of a command that shows changes."""
