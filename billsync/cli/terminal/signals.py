"""Signals that stop a command: the first interrupts it, so that it can report its work; a second one exits at once."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from threading import get_ident, main_thread
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from billsync.app.ending import Exit
from billsync.cli.terminal.surroundings import Run
from billsync.model import frozen

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SOON = 0.002
"""Seconds after which a command is interrupted that couldn't be at once."""
MAKERS = ("<frozen importlib", str(dataclasses.__file__), str(frozen.__file__))
"""The files of what loads modules, and of what makes classes."""


class Interrupted(BaseException):
    """A signal asks the command to stop; its text is the signal's name.

    No KeyboardInterrupt: of that, click makes something else, and prints.
    """


@dataclass(slots=True)
class _Held:
    """A block that no signal parts: how many are open in one another, and the signals that wait for their end."""

    blocks: int = 0
    numbers: list[int] = field(default_factory=list)

    def __enter__(self) -> None:
        self.blocks += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.blocks -= 1
        if not self.blocks:
            self._raise_all()

    def _raise_all(self) -> None:
        """Raise each signal, also after one that interrupts: a second one leaves at once."""
        if self.numbers:
            try:
                signal.raise_signal(self.numbers.pop(0))
            finally:
                self._raise_all()


_held = _Held()
_not_held = nullcontext()


def held_back() -> AbstractContextManager[None]:
    """Let signals that stop a command wait until a short block has ended, such as one that renames files, or one in
    which libcurl calls back: from there, no exception gets out. Threads that leave signals to the main one hold none.
    """
    return _held if get_ident() == main_thread().ident else _not_held


def interrupt_on_signals(run: Run) -> None:
    """Let SIGINT, SIGTERM (a cancelled job) and SIGHUP (a closed terminal) interrupt the command once.

    A second one, or one while the end is being reported, leaves at once. One that the caller ignores stays ignored:
    `nohup`, and shells for what they run in the background. When the command has ended, its exit code stands.
    """
    stopping = _Stopping(run, sys.unraisablehook)
    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stopping.stop)
    signal.signal(signal.SIGALRM, stopping.stop_late)
    sys.unraisablehook = stopping.ignored


class _Stopping:
    """Interrupts a command, as soon as that can be done well.

    Python ignores what is raised in a finalizer, in a generator that is dropped, and in the callback of a weak
    reference, whatever code they happened to part: then the command is interrupted again. A module or a class that is
    half made couldn't be used any more, not even to report the end: so it is finished first.
    """

    def __init__(self, run: Run, otherwise: Callable[[UnraisableHookArgs], object]) -> None:
        self._run = run
        self._otherwise = otherwise
        self._number = 0
        self._is_late = False

    def stop(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal. Raises Interrupted."""
        if _held.blocks:
            _held.numbers.append(number)
        elif self._run.is_ended:
            return
        elif self._run.is_ending or self._is_late:
            os._exit(Exit.PARTLY if self._run.has_written else Exit.ERROR)
        else:
            self._number = number
            self._interrupt(frame)

    def stop_late(self, number: int, frame: FrameType | None) -> None:
        """Interrupt the command, as was asked for a moment ago. Raises Interrupted."""
        if self._is_late and not self._run.is_ending:
            self._interrupt(frame)

    def ignored(self, what: UnraisableHookArgs) -> None:
        """Take note of an exception that Python ignores. Here, too, nothing can be raised, but a moment later."""
        if isinstance(what.exc_value, Interrupted):
            self._run.is_ending = False
            self._wait()
        else:
            self._otherwise(what)

    def _interrupt(self, frame: FrameType | None) -> None:
        if _held.blocks or _is_making(frame):
            self._wait()
            return
        self._is_late = False
        self._run.is_ending = self._run.was_stopped = True
        raise Interrupted(signal.Signals(self._number).name)

    def _wait(self) -> None:
        self._is_late = True
        signal.setitimer(signal.ITIMER_REAL, SOON)


def _is_making(frame: FrameType | None) -> bool:
    """Whether a module is being loaded, or a class made."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(MAKERS):
            return True
        frame = frame.f_back
    return False
