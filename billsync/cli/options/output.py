"""The options `--format` and `--out` of commands whose result is changes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import partial

import click

from billsync.cli.options.options import Option, together
from billsync.cli.terminal.outputs import PLAN, RENDERERS, STDOUT
from billsync.cli.terminal.surroundings import Run

CUT_FORMATS = frozenset({"markdown"})
"""The formats that leave sections out where they would be too long."""

COMMENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def _take_format(ctx: click.Context, parameter: click.Parameter, value: str) -> None:
    _print_as(ctx.ensure_object(Run), value)


def _take_outputs(
    names: tuple[str, ...], ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> None:
    run = ctx.ensure_object(Run)
    asked = [_parsed(value, names) for value in values]
    printed = [name for name, path in asked if path == STDOUT]
    is_asked_for = ctx.get_parameter_source("format") is not click.core.ParameterSource.DEFAULT
    if len(printed) + is_asked_for > 1:
        raise click.BadParameter("stdout takes one format: name it with --format, or with one --out FORMAT=-.")
    if twice := next(_repeated(path for _, path in asked if path != STDOUT), None):
        raise click.BadParameter(f"{twice} is named twice; each format needs a file of its own.")
    for name in printed:
        _print_as(run, name)
    run.outputs = [(name, path) for name, path in asked if path != STDOUT]
    run.whole_in = tuple(os.path.basename(path) for name, path in run.outputs if name not in CUT_FORMATS)


def _take_personal_data(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    ctx.ensure_object(Run).shows_personal_data = value


def _take_comment_id(ctx: click.Context, parameter: click.Parameter, value: str) -> None:
    if value and not COMMENT_ID.fullmatch(value):
        raise click.BadParameter(f"{value!r} is no name: letters, digits, '.', '_' and '-', at most 64.")
    ctx.ensure_object(Run).comment_id = value


def _parsed(text: str, names: tuple[str, ...]) -> tuple[str, str]:
    """The format and the file of one `FORMAT=FILE`. Raises BadParameter."""
    name, _, path = text.partition("=")
    if not path:
        raise click.BadParameter(f"{text!r} isn't FORMAT=FILE, such as json=changes.json.")
    if name not in names:
        hint = " Commands that only show something, or carry it out at once, make no plan file." if name == PLAN else ""
        raise click.BadParameter(f"{name!r} is not a format; there are {', '.join(names)}.{hint}")
    return name, path


def _repeated(paths: Iterator[str]) -> Iterator[str]:
    seen: set[str] = set()
    for path in paths:
        place = os.path.abspath(path)
        if place in seen:
            yield path
        seen.add(place)


def _print_as(run: Run, name: str) -> None:
    run.stdout_format = name
    run.wants_json = name == "json"


def _options(*formats: str) -> Option:
    """The options of a result with these formats of files."""
    return together(
        click.option(
            "--format",
            type=click.Choice(tuple(RENDERERS)),
            default="text",
            show_default=True,
            expose_value=False,
            is_eager=True,
            callback=_take_format,
            help="Output format of the result.",
        ),
        click.option(
            "--out",
            "outputs",
            multiple=True,
            expose_value=False,
            callback=partial(_take_outputs, formats),
            metavar="FORMAT=FILE",
            help=f"Also write the result to a file; may be repeated. FORMAT: {', '.join(formats)}.",
        ),
        click.option(
            "--comment-id",
            default="",
            metavar="NAME",
            expose_value=False,
            callback=_take_comment_id,
            help="Name the comment (markdown) in its hidden marker, by which a bot finds it again.",
        ),
        click.option(
            "--show-personal-data",
            is_flag=True,
            expose_value=False,
            callback=_take_personal_data,
            help="Show customers' names, e-mails and addresses in pages (markdown, html), too.",
        ),
    )


output_options = _options(*RENDERERS)
"""The options of a command whose result has every format."""

diff_output_options = _options(*RENDERERS, PLAN)
"""The options of commands that can also write a plan file."""
