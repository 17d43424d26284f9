"""The options of `migrate`, each read by the parser of the value that it gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from billsync.cli.options.options import file_option, together
from billsync.cli.terminal.outputs import STDOUT


def _parsed(parse: Callable[[str], Any], text: str) -> Any:
    """The value of an option. Raises BadParameter with the reason that the parser gives."""
    found = parse(text)
    if isinstance(found, str):
        raise click.BadParameter(found)
    return found


def _selectors(ctx: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[Any, ...]:
    from billsync.report.migration.selecting import parse_selector

    return tuple(_parsed(parse_selector, text) for text in texts)


def _shares(ctx: click.Context, parameter: click.Parameter, text: str) -> tuple[Any, ...]:
    from billsync.report.migration.waves import parse_shares

    return tuple(_parsed(parse_shares, text))


def _no_stdout(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value == STDOUT:
        raise click.BadParameter("it writes a file: stdout has the result of the migration.")
    return value


def _conditions(ctx: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[Any, ...]:
    from billsync.report.migration.stopping import parse_condition

    return tuple(_parsed(parse_condition, text) for text in texts)


def _moment(ctx: click.Context, parameter: click.Parameter, text: str | None) -> Any:
    from billsync.model.moment import parse_day_or_time

    if text is not None and (moment := parse_day_or_time(text)) is None:
        raise click.BadParameter(f"{text!r} is not a date or time: write 2026-09-01 or 2026-09-01T12:00:00Z")
    return moment if text is not None else None


_selection = together(
    click.option("--plan", required=True, metavar="KEY", help="The plan that they are on."),
    click.option(
        "--from", "version", type=click.IntRange(min=1), metavar="N", help="Only those on this version of the plan."
    ),
    click.option(
        "--to", "target", required=True, metavar="VERSION|PLAN", help="latest, a version, or another plan's key."
    ),
    click.option(
        "--select",
        "selectors",
        multiple=True,
        metavar="WHOM",
        callback=_selectors,
        help="KEY=VALUE of customers' labels, customer=GLOB, started<DATE or started>=DATE; all must hold.",
    ),
)
"""The options that say whom a migration moves, and where to."""

_timing = together(
    click.option(
        "--timing",
        type=click.Choice(["immediate", "at_renewal"]),
        help="When they move; default: what the files say for each.",
    ),
    click.option(
        "--not-before",
        metavar="DATE",
        callback=_moment,
        help="Leave those that would move earlier for a later run.",
    ),
)
"""The options that say when it moves them."""

_waves = together(
    click.option(
        "--waves",
        "shares",
        default="rest",
        show_default=True,
        metavar="SHARES",
        callback=_shares,
        help="Shares of all customers, counted from the start: 1%,25%,rest.",
    ),
    click.option(
        "--stop-if",
        multiple=True,
        default=("failed>0",),
        show_default=True,
        metavar="CONDITION",
        callback=_conditions,
        help="Stop after a wave: failed>0, failed>1%, refused>0.",
    ),
    file_option(
        "--notices", callback=_no_stdout, help="Write whom to tell what, and from when, as CSV; also with --dry-run."
    ),
)
"""The options that say in which waves, when they stop, and who is told."""

migrate_options = together(_selection, _timing, _waves)
"""The options that say whom a migration moves, where to, when, and in which steps."""
