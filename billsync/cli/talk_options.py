"""The options `--color`, `--quiet` and `--verbose`: how much a command says on a terminal, and in which colors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from billsync.cli.surroundings import Run

Command = TypeVar("Command", bound=Callable[..., Any])
COLORS = ("auto", "always", "never")


def talk_options(command: Command) -> Command:
    """The options of a command that shows changes."""
    for option in (
        click.option(
            "--verbose",
            is_flag=True,
            expose_value=False,
            callback=_says_everything,
            help="Name every entity, and show each request on stderr; by default, equal notes are shown once.",
        ),
        click.option(
            "--quiet",
            is_flag=True,
            expose_value=False,
            callback=_says_little,
            help="Show errors and the summary only.",
        ),
        click.option(
            "--color",
            type=click.Choice(COLORS),
            default="auto",
            show_default=True,
            expose_value=False,
            callback=_takes_color,
            help="Colors in text; auto: on a terminal, unless NO_COLOR is set.",
        ),
    ):
        command = option(command)
    return command


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
