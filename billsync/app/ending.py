"""Ends of commands: the exit codes, and the exception that carries findings to the top."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from billsync.model.diagnostic import Diagnostic
from billsync.schema.codes import diagnostic


class Exit(IntEnum):
    """The exit codes (design.md §7). Where several apply: 3, then 4, 5, 1."""

    DONE = 0
    ERROR = 1
    PENDING = 2
    PARTLY = 3
    REFUSED = 4
    STALE = 5
    USAGE = 64


MEANINGS: Mapping[Exit, str] = {
    Exit.DONE: "done, or nothing to do; a `diff` in which nothing is refused",
    Exit.ERROR: "an error, and nothing was written",
    Exit.PENDING: "changes are pending, with `diff --exit-code` (or `--non-zero-exit-code`) or `migrate`, "
    "`promote` or `undo` with `--dry-run --exit-code`; something differs, with `drift --exit-code`; `ping --api "
    "--exit-code` lists something; never otherwise",
    Exit.PARTLY: "a step failed, or the run broke off or could not report, after something was written: run it again",
    Exit.REFUSED: "refused by a guard, a policy, or for the reason shown; everything else was done unless a "
    "guard stopped the run",
    Exit.STALE: "what a plan file was decided on has changed since; everything that doesn't depend on it was done",
    Exit.USAGE: "wrong usage; also a write without a terminal and without `--yes`",
}
"""The meanings of the exit codes, as in docs/runs.md."""


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
    """Return the end of a command that can't be carried out, before anything was written."""
    return Ended(Exit.ERROR, diagnostic(code, detail, hint))
