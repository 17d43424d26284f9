"""How a command's sudden end is told: as findings in the format that was asked for, never as a traceback."""

from __future__ import annotations

import sqlite3
import traceback

import click

from billsync.cli.ending import Ended, Exit
from billsync.cli.surroundings import Run
from billsync.model.diagnostic import Diagnostic
from billsync.model.ports import RemoteError
from billsync.render.diagnostics import diagnostics_text
from billsync.render.structured import errors_as_json


def told(run: Run, error: BaseException) -> Exit:
    """Tell what ended the command, and give its exit code."""
    match error:
        case Ended():
            return _finish(run, error.code, *error.findings)
        case click.exceptions.Exit():
            return Exit.USAGE if error.exit_code else Exit.DONE
        case click.UsageError():
            return _misused(run, error)
        case sqlite3.Error():
            return _finish(
                run, Exit.ERROR, Diagnostic("bad-database", "the embedded server's database failed", str(error))
            )
        case OSError():
            return _finish(run, Exit.ERROR, Diagnostic("system", "the operating system refused", str(error)))
        case RemoteError():
            return _finish(run, Exit.ERROR, Diagnostic("remote", "the server can't be used", str(error)))
        case click.Abort() | KeyboardInterrupt():
            return _finish(run, Exit.ERROR, Diagnostic("interrupted", "the command was interrupted"))
    return _internal(run, error)


def _misused(run: Run, error: click.UsageError) -> Exit:
    ctx = error.ctx
    if ctx is not None and not run.wants_json:
        run.talk(ctx.get_usage())
    hint = f"Try: {ctx.command_path} --help" if ctx is not None else ""
    return _finish(run, Exit.USAGE, Diagnostic("usage", error.format_message(), hint=hint))


def _internal(run: Run, error: BaseException) -> Exit:
    """A bug, or an outside that nothing foresaw."""
    if run.debug:
        run.talk("".join(traceback.format_exception(error)))
    detail = f"{type(error).__name__}: {error}"
    hint = "Run `billsync --debug …` to see where it came from, and report it."
    return _finish(run, Exit.ERROR, Diagnostic("internal", "billsync itself failed", detail, hint))


def _finish(run: Run, code: Exit, *findings: Diagnostic) -> Exit:
    """Tell the findings, and whether something may have been written."""
    if run.is_writing:
        code = Exit.PARTLY
        findings = (*findings, Diagnostic("partly", "something may have been written", hint="Run it again."))
    if run.wants_json:
        run.result(errors_as_json(findings))
    else:
        run.talk(diagnostics_text(findings))
    return code
