"""`validate`: check the files offline, and with a server, what only the server knows. It only reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from billsync.app.ending import Ended, Exit
from billsync.cli.files.inputs import desired_state
from billsync.cli.options.selecting import check_patterns, counted
from billsync.cli.options.server import ServerOptions
from billsync.cli.terminal.surroundings import Run
from billsync.core.declared.crowd import counts as crowd_counts
from billsync.core.declared.selecting import included
from billsync.kinds.registry import KINDS
from billsync.model.diagnostic import Diagnostic, has_errors
from billsync.model.state import Desired
from billsync.render.diagnostics import diagnostics_text
from billsync.render.plan.structured import errors_as_json


def validate(run: Run, paths: Sequence[str], options: ServerOptions | None) -> Exit:
    """Check the files; with a server, also whether it has what they refer to and takes what they declare.

    Raises Ended, RemoteError.
    """
    desired, findings = desired_state(run, paths, crowd=options is None)
    check_patterns(run, desired)
    if options is not None:
        findings = (*findings, *_online(run, options, desired))
    run.result(errors_as_json(findings, {"declared": _counts(desired)}) if run.wants_json else _valid(desired))
    return Exit.DONE


def _online(run: Run, options: ServerOptions, desired: Desired) -> tuple[Diagnostic, ...]:
    """The warnings of the server about the files. Raises Ended where there are errors."""
    from billsync.app.server.online import online_problems  # offline, nothing of servers is loaded
    from billsync.cli.servers.opening import connected_to_read

    with connected_to_read(run, options, desired.target) as connection:
        found = online_problems(connection, desired)
    if has_errors(found):
        raise Ended(Exit.ERROR, *found)
    if not run.wants_json:
        run.talk(diagnostics_text(found))
    return found


def _valid(desired: Desired) -> str:
    counts = _counts(desired)
    parts = [counted(kind, counts[kind.collection]) for kind in KINDS.values() if counts[kind.collection]]
    return f"Valid: {', '.join(parts) or 'nothing is declared'}.\n"


def _counts(desired: Desired) -> Mapping[str, int]:
    """Return the number of declared entities of each kind that are selected, by collection."""
    counts = Counter(address.kind for address in included(desired)) + Counter(crowd_counts(desired.crowd, KINDS))
    return {kind.collection: counts[name] for name, kind in KINDS.items()}
