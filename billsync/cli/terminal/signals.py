"""Signals that stop a command: the first interrupts it, so that it can report its work; a second one exits at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from billsync.app.ending import Exit
from billsync.cli.terminal.surroundings import Run

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A signal asks the command to stop; its text is the signal's name.

    No KeyboardInterrupt: of that, click makes something else, and prints.
    """


@dataclass(slots=True)
class _Waiting:
    """The number of blocks of this process that no signal parts, and the signal that waits for their end."""

    blocks: int = 0
    number: int | None = None


_waiting = _Waiting()


@contextmanager
def held_back() -> Iterator[None]:
    """Let signals that stop a command wait until a short block has ended, such as one that renames files."""
    _waiting.blocks += 1
    try:
        yield
    finally:
        _waiting.blocks -= 1
        if not _waiting.blocks and _waiting.number is not None:
            number, _waiting.number = _waiting.number, None
            signal.raise_signal(number)


def interrupt_on_signals(run: Run) -> None:
    """Let SIGINT, SIGTERM (a cancelled job) and SIGHUP (a closed terminal) interrupt the command once.

    A second one, or one while the end is being reported, leaves at once. One that the caller ignores stays ignored:
    `nohup`, and shells for what they run in the background. When the command has ended, its exit code stands.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        if _waiting.blocks:
            _waiting.number = number
            return
        if run.is_ended:
            return
        if run.is_ending:
            os._exit(Exit.PARTLY if run.has_written else Exit.ERROR)
        run.is_ending = run.was_stopped = True
        raise Interrupted(signal.Signals(number).name)

    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)
