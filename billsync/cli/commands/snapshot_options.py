"""The options with which `dump` writes a recovery snapshot in place of files."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from click.core import ParameterSource

from billsync.app.ending import Exit
from billsync.cli.options.options import file_option, together
from billsync.cli.options.server import ServerOptions

ALONG = frozenset({"snapshot", "has_events", "yes", "profile", *ServerOptions.__init_fields__})  # type: ignore[attr-defined]
"""The options that say something about a snapshot; all others are about files."""

_OPTIONS = together(
    file_option("--snapshot", help="Write a recovery snapshot, for `restore`, in place of files."),
    click.option(
        "--events", "has_events", is_flag=True, help="With --snapshot: the usage events of running periods, too."
    ),
)


def snapshot_options(dump: Callable[..., Exit]) -> Any:
    """Add the options to a command that dumps files, and take its place where they are given."""

    @_OPTIONS
    @wraps(dump)
    def either(*, snapshot: str | None, has_events: bool, **others: Any) -> Exit:
        if snapshot is None:
            if has_events:
                raise click.UsageError("--events goes with --snapshot FILE")
            return dump(**others)
        if snapshot == "-":
            raise click.UsageError("--snapshot writes a file, which is for its user only; it can't write to stdout")
        context = click.get_current_context()
        _check_alone(context)
        from billsync.cli.running.snapshotting import write_snapshot

        server = ServerOptions(**{name: value for name, value in others.items() if name in ALONG and name != "yes"})
        return write_snapshot(context.obj, server, snapshot, has_events=has_events, yes=others["yes"])

    return either


def _check_alone(context: click.Context) -> None:
    """Check that no option is about files. Raises UsageError."""
    for option in context.command.params:
        name = option.name or ""
        if name not in ALONG and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            first = next(opt for opt in option.opts if opt.startswith("--"))
            raise click.UsageError(f"{first} is about files, and --snapshot writes none")
