"""`undo`: take back what a run did, by its journal. Apart from that, it is a run like any other."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import timedelta

from billsync.app.comparing.difference import DiffScope, difference
from billsync.app.ending import Exit, error, worst
from billsync.app.outcomes import code_of_run, forbidden_flags
from billsync.app.planning.plan_files import another_place
from billsync.app.server.connection import Connection
from billsync.app.undo.rules import intended_by, rules_in_journal, rules_of_both
from billsync.app.undo.undo import Undoing, find_undo, is_of_another_server, mode_of
from billsync.cli.files.inputs import desired_state
from billsync.cli.options.server import ServerOptions
from billsync.cli.running.comparing import show_found
from billsync.cli.running.writing import end, write_desired
from billsync.cli.servers.opening import connected
from billsync.cli.terminal.consent import check_consent
from billsync.cli.terminal.showing import check_files
from billsync.cli.terminal.surroundings import Run
from billsync.config.text.bounded import Unreadable, text_in
from billsync.core.taking_back.journal import Journaled, journaled
from billsync.core.taking_back.journal_lines import NotAJournal
from billsync.kinds.registry import KINDS
from billsync.model.frozen import dataclass
from billsync.model.limits import INPUT_BYTES
from billsync.model.state import Desired
from billsync.render.diagnostics import diagnostics_text

PLACE = "Journals are in .billsync/journal."


@dataclass(frozen=True, slots=True)
class UndoOptions:
    """Options of an undo; `valid_for` is for a plan file, and `owner` for a run for several."""

    allow: Mapping[str, str]
    is_dry: bool = False
    exit_code: bool = False
    yes: bool = False
    valid_for: timedelta | None = None
    owner: str | None = None


def undo(run: Run, path: str, files: Sequence[str], options: ServerOptions, how: UndoOptions) -> Exit:
    """Take back what a journal says, or show what that would change, under the policy in the journal, and that of the
    files. Raises Ended, RemoteError, RatingError."""
    if not (how.is_dry or how.yes):
        check_consent(run, ())
    check_files(run)
    earlier = _of_owner(_journal(path), path, how.owner)
    rules = _rules(run, earlier, path, files, how)
    with connected(run, options, intended_by(earlier.intended)) as connection:
        if is_of_another_server(earlier, connection):
            detail = f"{path}: {another_place(earlier.target, connection.target)}"
            raise error("bad-journal", detail, "Name the server of that run, as from the folder in which it was made.")
        found = find_undo(connection, earlier, how.allow, rules)
        if not run.wants_json:
            run.talk(diagnostics_text(found.findings))
        ended = _show(run, connection, found, how) if how.is_dry else _carry_out(run, connection, found, how)
    run.verdict = worst(ended, Exit.REFUSED if found.has_refused else Exit.DONE)
    return run.verdict


def _journal(path: str) -> Journaled:
    try:
        found = journaled(text_in(path, INPUT_BYTES), KINDS)
    except (Unreadable, NotAJournal) as problem:
        raise error("bad-journal", f"{path}: {problem}", PLACE) from problem
    if unknown := sorted({made.address.kind for made in found.made} - KINDS.keys()):
        raise error("bad-journal", f"{path}: this billsync knows no {', '.join(unknown)}.", PLACE)
    return found


def _of_owner(run: Journaled, path: str, owner: str | None) -> Journaled:
    """The part of a run that is to be taken back: that of one owner. Raises Ended."""
    owners = (run.owner,) if run.owner is not None else run.several
    if owner is not None and owner not in owners:
        raise error("bad-journal", f"{path}: it is of {_either(owners)}, and not of the owner {owner!r}.")
    if owner is not None and run.owner is None:
        return run.of_owner(owner)
    if run.owner is None and owners:
        detail = f"{path}: its run was for {_either(owners)}, and an undo is for one owner."
        raise error("bad-journal", detail, f"Take it back for each of them: `--owner {shlex.quote(owners[0])}` …")
    if run.owner is None and run.made:
        raise error("bad-journal", f"{path}: it names no owner.", "Take it back by hand, or with the owner's files.")
    return run


def _either(owners: Sequence[str | None]) -> str:
    return f"the owners {', '.join(map(repr, owners))}" if len(owners) > 1 else f"the owner {owners[0]!r}"


def _rules(run: Run, earlier: Journaled, path: str, files: Sequence[str], how: UndoOptions) -> Desired:
    """The rules in the journal and in the files, and on stderr the flags that they forbid. Raises Ended."""
    rules = rules_in_journal(earlier, path)
    named = _named_rules(run, earlier, files, how) if files else Desired()
    allowed = {name: value for name, value in how.allow.items() if name not in named.policy.forbid}
    if (forbidden := forbidden_flags(rules, allowed)) and not run.wants_json:
        run.mention(diagnostics_text(forbidden))
    return rules_of_both(named, rules) if files else rules


def _named_rules(run: Run, earlier: Journaled, files: Sequence[str], how: UndoOptions) -> Desired:
    """The rules of files, which must be those of the same owner. Raises Ended."""
    rules, _ = desired_state(run, files, allow=how.allow)
    if rules.owner != earlier.owner:
        detail = f"it is of the owner {earlier.owner!r}, and the files are of {rules.owner!r}."
        raise error("bad-journal", detail, "Name the files of that run, with their policy as it is now.")
    return rules


def _show(run: Run, connection: Connection, found: Undoing, how: UndoOptions) -> Exit:
    mode = mode_of(how.allow)
    scope = DiffScope(mode.allow, None, mode=mode.name, valid_for=how.valid_for, command=mode.command)
    shown = difference(connection, found.desired, scope, run.progress)
    return show_found(run, found.desired, shown, found.findings, scope, exit_code=how.exit_code)


def _carry_out(run: Run, connection: Connection, found: Undoing, how: UndoOptions) -> Exit:
    asking = None if how.yes else ()
    account = write_desired(run, connection, found.desired, found.findings, mode_of(how.allow), asking=asking)
    return end(run, account, code_of_run)
