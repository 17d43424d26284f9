"""The entry point: runs a command, and turns every way in which it can end into an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import pairwise

from billsync.cli.commands import billsync
from billsync.cli.surroundings import Run, Surroundings, system_surroundings


def main() -> None:
    """Run the command of this process, and exit with its code."""
    sys.exit(run(sys.argv[1:], system_surroundings()))


def run(arguments: Sequence[str], around: Surroundings) -> int:
    """The exit code of one command line; its output is on the streams of its surroundings."""
    command = Run(around, wants_json=_asks_for_json(arguments))
    try:
        return int(billsync.main(list(arguments), prog_name="billsync", standalone_mode=False, obj=command) or 0)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 (the top: nobody ever sees a traceback)
        from billsync.cli.failing import told

        return int(told(command, error))


def _asks_for_json(arguments: Sequence[str]) -> bool:
    """Whether errors are JSON too, also those that are found before the format is known."""
    return "--format=json" in arguments or ("--format", "json") in pairwise(arguments)
