"""Sudden ends of commands, reported as findings in the requested format, never as a traceback."""

from __future__ import annotations

import sqlite3
import traceback
from collections.abc import Sequence

import click

from billsync.app.ending import Ended, Exit, ResultLost, worst
from billsync.cli.terminal.account import Account
from billsync.cli.terminal.showing import printed, write_files
from billsync.cli.terminal.signals import Interrupted
from billsync.cli.terminal.surroundings import Run
from billsync.core.secrets.hiding import source_mask
from billsync.model.diagnostic import Diagnostic
from billsync.model.ports import RemoteError
from billsync.render.diagnostics import diagnostics_text
from billsync.render.formats.words import visible
from billsync.render.plan.structured import errors_as_json
from billsync.schema.codes import diagnostic


def told(run: Run, error: BaseException) -> Exit:
    """Report the end of the command, and return its exit code. Raises nothing: stdout and stderr may both be closed."""
    run.is_ending = True
    match error:
        case click.exceptions.Exit():
            return Exit.USAGE if error.exit_code else Exit.DONE
        case SystemExit() if not run.has_written:  # by click, for a broken pipe while printing help
            return run.verdict
        case click.UsageError():
            _show_usage(run, error)
    code, findings = _ending(run, error)
    if run.has_written:
        code = Exit.PARTLY
        findings = (*findings, diagnostic("partly", hint="Run it again."))
    _tell(run, findings)
    return worst(code, run.verdict)


def _ending(run: Run, error: BaseException) -> tuple[Exit, tuple[Diagnostic, ...]]:
    """The exit code of an end before anything was written, and the findings that tell why."""
    match error:
        case Ended():
            return error.code, error.findings
        case click.UsageError():
            hint = f"Try: {error.ctx.command_path} --help" if error.ctx is not None else ""
            return Exit.USAGE, (diagnostic("usage", error.format_message(), hint),)
    return Exit.ERROR, (_trouble(run, error),)


def _trouble(run: Run, error: BaseException) -> Diagnostic:
    """The finding for an error in the command or in its surroundings."""
    match _interrupt_behind(error) or error:
        case ResultLost():
            detail = getattr(error.__cause__, "strerror", None) or str(error.__cause__)
            return diagnostic("result-lost", detail)
        case SystemExit():
            return diagnostic("result-lost", "The reader of the pipe is gone.")
        case sqlite3.Error():
            return diagnostic("bad-database", str(error))
        case OSError():
            return diagnostic("system", str(error))
        case RemoteError():
            return diagnostic("remote", str(error))
        case click.Abort() | KeyboardInterrupt() | Interrupted() as interrupt:
            return diagnostic("interrupted", str(interrupt))
    return _internal(run, error)


def _interrupt_behind(error: BaseException) -> Interrupted | None:
    """The interrupt that led to an error: it came while a class was made (Python 3.11 then raises a RuntimeError), or
    something failed as the command gave way to it. An error that is raised again may be the cause of its own cause."""
    causes: list[BaseException] = [error]
    for cause in causes:
        if isinstance(cause, Interrupted):
            return cause
        causes += (one for one in (cause.__cause__, cause.__context__) if one is not None and one not in causes)
    return None


def _show_usage(run: Run, error: click.UsageError) -> None:
    if error.ctx is not None and not run.wants_json:
        run.talk(error.ctx.get_usage())


def _internal(run: Run, error: BaseException) -> Diagnostic:
    """A bug, or an outside that nothing foresaw."""
    mask = source_mask(run.sourced)
    if run.debug:
        lines = mask.whole("".join(traceback.format_exception(error))).splitlines()
        run.talk("\n".join(visible(line) for line in lines))
    detail = mask.whole(f"{type(error).__name__}: {error}")
    hint = "Run `billsync --debug …` to see where it came from, and report it."
    return diagnostic("internal", detail, hint)


def _tell(run: Run, findings: Sequence[Diagnostic]) -> None:
    """Print the findings, after the report of the steps done so far; in JSON as one document."""
    account = run.account
    if account:
        findings = (*findings, *_unwritten(run, account, findings))
        run.result_anywhere("".join(printed(run, account.result(findings))))
    elif run.wants_json:
        run.result_anywhere(errors_as_json(findings))
    if not run.wants_json:
        run.talk(diagnostics_text(findings))


def _unwritten(run: Run, account: Account, findings: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Write the files of `--out` that are still to be written; the findings about those that can't be."""
    try:
        write_files(run, account.result(findings))
    except Ended as ended:
        return ended.findings
    return ()
