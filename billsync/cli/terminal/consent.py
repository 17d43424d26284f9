"""The question before a write, to the person at the terminal. Only a typed `yes` is a yes.

It ends with `[y/N]`, as questions do by which programs find that they are asked; `y` alone is not a yes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from billsync.app.ending import usage
from billsync.cli.terminal.streams import write_to
from billsync.cli.terminal.surroundings import Run
from billsync.config.text.files import STDIN

YES = "yes"


def check_consent(run: Run, paths: Sequence[str], *, review: str = "billsync diff") -> None:
    """Check that somebody can be asked: at the standard streams or, where the files come from stdin, at the terminal
    of the process. `review` is the command that shows the changes. Raises Ended."""
    if STDIN in paths:
        terminal = run.around.open_terminal()
        if terminal is not None:
            terminal.close()
            return
    elif run.around.is_terminal:
        return
    raise usage("no-consent", hint=f"Review the changes with `{review}` first.")


def agrees(run: Run, action: str, *, shown: str = "", paths: Sequence[str] = ()) -> bool:
    """Whether the person types `yes` to an action, below a text. A question that can't be shown is not agreed to."""
    question = f"{shown}Type {YES} to {action} [y/N]: "
    if STDIN not in paths:
        return run.ask(question) and _typed(run.around.stdin)
    terminal = run.around.open_terminal()
    if terminal is None:
        return False
    with terminal:
        return _written(terminal, run.masked(question)) and _typed(terminal)


def _typed(stream: TextIO) -> bool:
    try:
        return stream.readline().strip().lower() == YES
    except (OSError, ValueError):  # the terminal is gone, or what was typed is no text
        return False


def _written(stream: TextIO, text: str) -> bool:
    try:
        write_to(stream, text)
    except OSError:
        return False
    return True
