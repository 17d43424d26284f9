"""The entry point: runs a command, and turns every way in which it can end into an exit code."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise

from billsync.cli.commands.group import billsync
from billsync.cli.terminal.signals import interrupt_on_signals
from billsync.cli.terminal.streams import finish_streams
from billsync.cli.terminal.surroundings import Run, Surroundings, system_surroundings

COLLECT_AFTER = (200_000, 20, 20)
"""New objects after which cycles are looked for, and how many such looks go before one at older objects. A command
makes hundreds of thousands of values and few cycles, so that Python's usual 700 cost a tenth of its time."""


def main(earlier: Sequence[int] = ()) -> None:
    """Run the command of this process, and exit with its code. `earlier` are signals that came before it began."""
    gc.set_threshold(*COLLECT_AFTER)
    command = _command(sys.argv[1:], system_surroundings())

    def begin() -> None:
        interrupt_on_signals(command)
        for number in earlier:
            signal.raise_signal(number)

    code = conduct(command, sys.argv[1:], begin)
    finish_streams()
    if command.was_stopped:  # threads may still wait for a slow server
        os._exit(code)
    sys.exit(code)


def run(arguments: Sequence[str], around: Surroundings) -> int:
    """The exit code of one command line; its output is on the streams of its surroundings."""
    return conduct(_command(arguments, around), arguments)


def conduct(command: Run, arguments: Sequence[str], begin: Callable[[], None] = lambda: None) -> int:
    """Call `begin`, and run a command line to its end, of whatever kind."""
    try:
        begin()
        code = int(billsync.main(list(arguments), prog_name="billsync", standalone_mode=False, obj=command) or 0)
    except BaseException as error:  # noqa: BLE001 (the top: a user never sees a traceback)
        from billsync.cli.terminal.failing import told

        code = int(told(command, error))
    command.is_ended = True
    return code


def _command(arguments: Sequence[str], around: Surroundings) -> Run:
    return Run(around, wants_json=_asks_for_json(arguments))


def _asks_for_json(arguments: Sequence[str]) -> bool:
    """Whether errors are JSON too, also those that are found before the format is known."""
    return "--format=json" in arguments or ("--format", "json") in pairwise(arguments)
