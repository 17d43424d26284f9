"""The files that a command was given, as desired state; mistakes in them end the command."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from billsync.app.ending import Ended, Exit
from billsync.app.outcomes import forbidden_flags
from billsync.cli.parsed_files import parsed_files
from billsync.cli.profiles import owned
from billsync.cli.selecting import selected_part
from billsync.cli.state_dir import parsed_memory
from billsync.cli.surroundings import Run
from billsync.config import load
from billsync.core.hiding import whole_mask
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
) -> tuple[Desired, tuple[Diagnostic, ...]]:
    """Return the state that the files declare; passes warnings to the caller, also about flags that a policy forbids.

    `crowd` says that the command can deal with a crowd; a selection needs all entities.
    Raises Ended with all findings if one is an error.
    """
    around = run.around
    desired, found = load(
        paths,
        registry=KINDS,
        stdin=around.stdin,
        environment=around.environment,
        overlays=run.overlays,
        crowd=crowd and not run.patterns and run.since is None,
        memory=parsed_files(parsed_memory(around.environment), around.environment) if crowd else None,
    )
    run.sourced = desired.sourced
    run.hide(whole_mask(desired.sourced))
    findings = tuple(map(telling, (*found, *forbidden_flags(desired, allow))))
    if has_errors(findings):
        raise Ended(Exit.ERROR, *findings)
    if findings and not run.wants_json:
        run.mention(diagnostics_text(findings))
    desired = owned(run, desired)
    if run.since is not None:
        from billsync.cli.since import since_commit

        desired = since_commit(run, paths, run.since, desired)
    return selected_part(run, desired), findings
