"""What a command finds around it: streams, environment, clock. Tests put their own in its place."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:  # `billsync --help` loads no model
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
    """One command under way. `wants_json` and `is_writing` decide how a sudden end is told."""

    around: Surroundings
    debug: bool = False
    wants_json: bool = False
    is_writing: bool = field(default=False)

    def result(self, text: str) -> None:
        """What the command is for: on stdout."""
        _say(self.around.stdout, text)

    def talk(self, text: str) -> None:
        """What is said beside it: a line on stderr."""
        _say(self.around.stderr, text if text.endswith("\n") else text + "\n")

    def progress(self, text: str) -> None:
        """What is under way: told only where somebody watches."""
        if self.around.is_terminal:
            self.talk(text)

    def agrees(self, question: str) -> bool:
        """Whether the person at the terminal says yes."""
        _say(self.around.stderr, f"{question} [y/N] ")
        return self.around.stdin.readline().strip().lower() in ("y", "yes")


def _say(stream: TextIO, text: str) -> None:
    """Write at once. Nobody may be reading any more (`billsync diff … | head`): that changes no exit code."""
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def system_surroundings() -> Surroundings:
    """The real ones of this process."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    is_terminal = sys.stdin.isatty() and sys.stderr.isatty()
    return Surroundings(sys.stdin, sys.stdout, sys.stderr, os.environ, SystemClock(), is_terminal)
