"""The files that a command was given, as desired state; mistakes in them end the command."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from billsync.app.ending import Ended, Exit
from billsync.app.outcomes import forbidden_flags
from billsync.cli.files.parsed_files import parsed_files
from billsync.cli.options.profiles import owned
from billsync.cli.options.selecting import selected_part
from billsync.cli.terminal.state_dir import parsed_memory
from billsync.cli.terminal.surroundings import Run
from billsync.config import load
from billsync.config.members_read import MembersRead
from billsync.core.declared.crowd import whole
from billsync.core.secrets.hiding import whole_mask
from billsync.kinds.registry import KINDS
from billsync.model.diagnostic import Diagnostic, has_errors
from billsync.model.state import Desired
from billsync.render.diagnostics import diagnostics_text

NOTHING: Mapping[str, str] = {}


def as_it_is(finding: Diagnostic) -> Diagnostic:
    """The finding."""
    return finding


def desired_state(
    run: Run,
    paths: Sequence[str],
    *,
    allow: Mapping[str, str] = NOTHING,
    telling: Callable[[Diagnostic], Diagnostic] = as_it_is,
    crowd: bool = False,
    sparing: bool = False,
) -> tuple[Desired, tuple[Diagnostic, ...]]:
    """Return the state that the files declare; passes warnings to the caller, also about flags that a policy forbids.

    `crowd` says that the command can deal with a crowd; for a selection by patterns, its members are entities again.
    `sparing`: it takes less memory, and more time.
    Raises Ended with all findings if one is an error.
    """
    around = run.around
    read = MembersRead() if run.since is not None else None
    desired, found = load(
        paths,
        registry=KINDS,
        stdin=around.stdin,
        environment=around.environment,
        overlays=run.overlays,
        crowd=crowd,
        memory=parsed_files(parsed_memory(around.environment), around.environment) if crowd else None,
        sparing=sparing,
        read=read,
    )
    run.sourced = desired.sourced
    run.hide(whole_mask(desired.sourced))
    findings = tuple(map(telling, (*found, *forbidden_flags(desired, allow))))
    if has_errors(findings):
        raise Ended(Exit.ERROR, *findings)
    if findings and not run.wants_json:
        run.mention(diagnostics_text(findings))
    return selected_part(run, _selectable(run, paths, owned(run, desired), read)), findings


def _selectable(run: Run, paths: Sequence[str], desired: Desired, read: MembersRead | None) -> Desired:
    """The desired state with all entities where it is for a selection by patterns; with `--since`, with that one."""
    found = whole(desired, KINDS) if run.patterns or desired.selection.entities else desired
    if run.since is None:
        return found
    from billsync.cli.files.since import since_commit

    return since_commit(run, paths, run.since, found, read)
