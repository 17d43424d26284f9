"""What a command finds around it: streams, environment, clock. Tests put their own in its place."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from billsync.cli.ending import Exit, ResultLost
from billsync.cli.streams import standard_streams, write_to

if TYPE_CHECKING:  # `billsync --help` loads no model
    from billsync.cli.account import Account
    from billsync.model.ports import Clock


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """The present, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The outside of one command. `jitter` gives numbers from 0 to 1; `is_terminal` tells whether somebody answers."""

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    environment: Mapping[str, str]
    clock: Clock
    is_terminal: bool
    jitter: Callable[[], float] = random.random


@dataclass(slots=True)
class Run:
    """One command under way, with all that a sudden end needs to be told.

    `account` is what a write has done so far, `verdict` the exit code if nothing else happens, `is_ending` whether
    the end is being told already, `is_ended` whether it is told,
    `was_stopped` whether a signal asked for the end, and `is_stdout_lost` whether stdout took no more.
    """

    around: Surroundings
    debug: bool = False
    wants_json: bool = False
    account: Account | None = None
    verdict: Exit = Exit.DONE
    is_ending: bool = False
    is_ended: bool = False
    was_stopped: bool = False
    is_stdout_lost: bool = False

    @property
    def has_written(self) -> bool:
        """Whether the server may hold something of this run."""
        return self.account is not None and self.account.wrote

    def result(self, text: str) -> None:
        """Print what the command is for, on stdout. Raises ResultLost when it can't be written.

        A reader that goes away (`billsync diff … | head`) changes nothing, unless something was written: then nobody
        would learn of it.
        """
        try:
            write_to(self.around.stdout, text)
        except BrokenPipeError as error:
            self.is_stdout_lost = True
            if self.has_written:
                raise ResultLost from error
        except OSError as error:
            self.is_stdout_lost = True
            raise ResultLost from error

    def result_anywhere(self, text: str) -> None:
        """Print the result on whichever stream is left; on none, where both are gone."""
        if not self.is_stdout_lost:
            try:
                self.result(text)
                return
            except ResultLost:
                pass
        self.talk(text)

    def talk(self, text: str) -> bool:
        """Say a line beside the result, on stderr; whether it could be said. An empty text says nothing."""
        return self._said(text if text.endswith("\n") or not text else text + "\n")

    def progress(self, text: str) -> None:
        """Say what is under way, where somebody watches."""
        if self.around.is_terminal:
            self.talk(text)

    def agrees(self, question: str) -> bool:
        """Whether the person at the terminal says yes. A question that can't be shown is not agreed to."""
        if not self._said(f"{question} [y/N] "):
            return False
        try:
            return self.around.stdin.readline().strip().lower() in ("y", "yes")
        except (OSError, ValueError):  # the terminal is gone, or what was typed is no text
            return False

    def _said(self, text: str) -> bool:
        try:
            write_to(self.around.stderr, text)
        except OSError:
            return False
        return True


def system_surroundings() -> Surroundings:
    """The real ones of this process."""
    stdin, stdout, stderr = standard_streams()
    return Surroundings(stdin, stdout, stderr, os.environ, SystemClock(), stdin.isatty() and stderr.isatty())
