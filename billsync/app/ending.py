"""Ends of commands: the exit codes, and the exception that carries findings to the top."""

from __future__ import annotations

from enum import IntEnum

from billsync.model.diagnostic import Diagnostic
from billsync.schema.codes import diagnostic


class Exit(IntEnum):
    """The exit codes (design.md §7). Where several apply: 3, then 4, 5, 1."""

    DONE = 0
    ERROR = 1  # nothing was written
    PENDING = 2  # changes are pending, and --exit-code was given
    PARTLY = 3  # a step failed after something was written: run again
    REFUSED = 4  # by a guard, a policy or a refusal
    STALE = 5  # a plan file that no longer fits
    USAGE = 64


PRECEDENCE = (Exit.PARTLY, Exit.REFUSED, Exit.STALE, Exit.USAGE, Exit.ERROR, Exit.PENDING, Exit.DONE)


def worst(*codes: Exit) -> Exit:
    """The code that goes before the others."""
    return min(codes, key=PRECEDENCE.index)


class ResultLost(Exception):
    """The result of the command can't be written to stdout; the cause says why."""


class Ended(Exception):
    """A command can't go on; the findings say why."""

    def __init__(self, code: Exit, *findings: Diagnostic) -> None:
        super().__init__("; ".join(finding.summary for finding in findings))
        self.code = code
        self.findings = findings


def usage(code: str, detail: str = "", hint: str = "") -> Ended:
    """The command was called wrongly."""
    return Ended(Exit.USAGE, diagnostic(code, detail, hint))


def error(code: str, detail: str = "", hint: str = "") -> Ended:
    """It can't be done, and nothing was written."""
    return Ended(Exit.ERROR, diagnostic(code, detail, hint))
