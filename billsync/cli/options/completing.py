"""`completion`: click's own script for a shell, which asks this program for each completion, and the answers."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem, get_completion_class

VARIABLE = "_BILLSYNC_COMPLETE"
"""The variable in which click looks for a shell's question, by the program's name."""


def script_for(ctx: click.Context, shell: str) -> str:
    """The script for a shell that click knows."""
    made = get_completion_class(shell)
    assert made is not None
    root = ctx.find_root()
    return made(root.command, {}, root.info_name or "billsync", VARIABLE).source()


def files(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The shell completes the names of files and folders itself."""
    return [CompletionItem(incomplete, type="file")]


def flags(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The flags of guards."""
    from billsync.cli.options.allowances import known_flags

    return [CompletionItem(name) for name in known_flags() if name.startswith(incomplete)]
