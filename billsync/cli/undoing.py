"""`undo`: take back what a run did, by its journal. Apart from that, it is a run like any other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from billsync.app.connection import Connection
from billsync.app.difference import DiffScope, difference
from billsync.app.ending import Exit, error, worst
from billsync.app.outcomes import code_of_run
from billsync.app.undo import Undoing, find_undo, is_of_another_server, mode_of
from billsync.cli.comparing import show_found
from billsync.cli.consent import check_consent
from billsync.cli.opening import connected
from billsync.cli.server_options import ServerOptions
from billsync.cli.showing import check_files
from billsync.cli.surroundings import Run
from billsync.cli.writing import end, write_desired
from billsync.config.bounded import Unreadable, text_in
from billsync.core.undo import Journaled, NotAJournal, journaled
from billsync.kinds.registry import KINDS
from billsync.model.frozen import dataclass
from billsync.model.limits import INPUT_BYTES
from billsync.render.diagnostics import diagnostics_text

PLACE = "Journals are in .billsync/journal."


@dataclass(frozen=True, slots=True)
class UndoOptions:
    """Options of an undo; `valid_for` is for a plan file."""

    allow: Mapping[str, str]
    is_dry: bool = False
    exit_code: bool = False
    yes: bool = False
    valid_for: timedelta | None = None


def undo(run: Run, path: str, options: ServerOptions, how: UndoOptions) -> Exit:
    """Take back what a journal says, or show what that would change. Raises Ended, RemoteError, RatingError."""
    if not (how.is_dry or how.yes):
        check_consent(run, ())
    check_files(run)
    earlier = _journal(path)
    with connected(run, options) as connection:
        if is_of_another_server(earlier, connection):
            raise error("bad-journal", f"{path}: it is of {earlier.target}, and this is {connection.target}.")
        found = find_undo(connection, earlier, how.allow)
        if not run.wants_json:
            run.talk(diagnostics_text(found.findings))
        ended = _show(run, connection, found, how) if how.is_dry else _carry_out(run, connection, found, how)
    run.verdict = worst(ended, Exit.REFUSED if found.has_refused else Exit.DONE)
    return run.verdict


def _journal(path: str) -> Journaled:
    try:
        found = journaled(text_in(path, INPUT_BYTES))
    except (Unreadable, NotAJournal) as problem:
        raise error("bad-journal", f"{path}: {problem}", PLACE) from problem
    if unknown := sorted({made.address.kind for made in found.made} - KINDS.keys()):
        raise error("bad-journal", f"{path}: this billsync knows no {', '.join(unknown)}.", PLACE)
    return found


def _show(run: Run, connection: Connection, found: Undoing, how: UndoOptions) -> Exit:
    mode = mode_of(how.allow)
    scope = DiffScope(mode.allow, None, mode=mode.name, valid_for=how.valid_for)
    shown = difference(connection, found.desired, scope, run.progress)
    return show_found(run, found.desired, shown, found.findings, scope, exit_code=how.exit_code)


def _carry_out(run: Run, connection: Connection, found: Undoing, how: UndoOptions) -> Exit:
    asking = None if how.yes else ()
    account = write_desired(run, connection, found.desired, found.findings, mode_of(how.allow), asking=asking)
    return end(run, account, code_of_run)
