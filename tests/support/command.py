"""Runs commands in process, with streams, environment and clock of their own."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TextIO

from billsync.cli.main import run
from billsync.cli.terminal.surroundings import Surroundings
from tests.support.clock import FakeClock


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str


@dataclass(slots=True)
class Shell:
    """Where commands are run. `answer` is what the person at the terminal types; without one there is no terminal.
    `width` is that of the terminal on stdout, if it is one; `own_terminal` is the process's, whatever stdin is."""

    clock: FakeClock = field(default_factory=FakeClock)
    environment: Mapping[str, str] = field(default_factory=dict)
    width: int | None = None
    own_terminal: TextIO | None = None

    def run(self, *arguments: str, answer: str | None = None, stdin: str = "") -> Ran:
        """Run one command line."""
        out, err = io.StringIO(), io.StringIO()
        typed = io.StringIO(stdin if answer is None else answer)
        is_terminal = answer is not None
        around = Surroundings(
            typed,
            out,
            err,
            self.environment,
            self.clock,
            is_terminal,
            lambda: 1.0,
            self.width,
            open_terminal=lambda: self.own_terminal,
        )
        code = run(arguments, around)
        return Ran(code, out.getvalue(), err.getvalue())
