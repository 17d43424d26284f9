"""`--since`: the part of the files that has changed since a commit, with what depends on it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from billsync.app.ending import usage
from billsync.cli.files.history import History, NotThere, history_of
from billsync.cli.files.parsed_files import parsed_files
from billsync.cli.terminal.staging import scratch_folder
from billsync.cli.terminal.state_dir import parsed_memory
from billsync.cli.terminal.surroundings import Run
from billsync.config import load
from billsync.config.members_read import MembersRead
from billsync.config.text.files import STDIN
from billsync.core.declared.since import changed_besides, touched
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.diagnostic import Severity
from billsync.model.frozen import replace
from billsync.model.since import Since
from billsync.model.state import Desired
from billsync.render.diagnostics import one_line


def since_commit(
    run: Run, paths: Sequence[str], ref: str, desired: Desired, read: MembersRead | None = None
) -> Desired:
    """The desired state with a selection of what has changed since a commit; of everything where that can't be told.

    `read` remembers the files that the desired state was read from. Raises Ended.
    """
    if STDIN in paths:
        raise usage("since-stdin", "`-` is among the files", "Name the files.")
    history = history_of((*paths, *run.overlays), run.around.environment)
    since = Since(ref, history.base(ref))
    try:
        before = _before(run, paths, history, since.commit, desired, read)
    except NotThere as error:
        return _everything(run, desired, since, str(error))
    if parts := changed_besides(before, desired):
        return _everything(run, desired, since, f"{' and '.join(parts)} changed")
    return _with(desired, since, touched(before, desired, KINDS))


def _before(
    run: Run, paths: Sequence[str], history: History, commit: str, desired: Desired, read: MembersRead | None
) -> Desired:
    """The state that the files declared at a commit. Raises NotThere."""
    named = [history.inside(path) for path in (*paths, *run.overlays)]
    environment = run.around.environment
    sources = [history.inside(source.name) for source in desired.sourced if source.form == "file"]
    with scratch_folder() as scratch:
        folder = str(scratch)
        history.write_files(commit, named, sources, folder)
        places = [os.path.join(folder, *path.split("/")) for path in named]
        before, findings = load(
            places[: len(paths)],
            registry=KINDS,
            environment=environment,
            overlays=places[len(paths) :],
            crowd=True,
            memory=parsed_files(parsed_memory(environment), environment),
            read=read,
        )
        for finding in findings:
            if finding.severity is Severity.ERROR:
                text = one_line(finding).replace(f"{folder}{os.sep}", "")
                raise NotThere(f"the files have errors at that commit: {text}")
    return before


def _everything(run: Run, desired: Desired, since: Since, reason: str) -> Desired:
    run.mention(f"Everything is compared: {reason}")
    return _with(desired, replace(since, everything=reason), None)


def _with(desired: Desired, since: Since, chosen: frozenset[Address] | None) -> Desired:
    return replace(desired, selection=replace(desired.selection, since=since, chosen=chosen))
