"""`drift`: show how a server differs from the files, over a connection that can't write."""

from __future__ import annotations

from collections.abc import Sequence

from billsync.app.comparing.drift import Drift, find_drift
from billsync.app.ending import Exit
from billsync.cli.files.inputs import desired_state
from billsync.cli.options.selecting import check_selected
from billsync.cli.options.server import ServerOptions
from billsync.cli.servers.opening import connected_to_read
from billsync.cli.terminal.outputs import Result
from billsync.cli.terminal.showing import check_files, show
from billsync.cli.terminal.surroundings import Run
from billsync.core.secrets.masking import masked
from billsync.kinds.registry import KINDS
from billsync.model.frozen import replace
from billsync.render.formats.look import Look
from billsync.render.formats.words import visible
from billsync.render.page.headline import drift_text
from billsync.render.plan.outline import outline


def show_drift(run: Run, paths: Sequence[str], options: ServerOptions, *, exit_code: bool) -> Exit:
    """Print what of the declared and the owned isn't as the files say. Raises Ended, RemoteError."""
    check_files(run)
    desired, findings = desired_state(run, paths, crowd=True)
    with connected_to_read(run, options, desired.target) as connection:
        found = find_drift(connection, desired)
    check_selected(run, desired, found.plan)
    count = len(found.differing)
    run.verdict = Exit.PENDING if count and exit_code else Exit.DONE
    shown = masked(found.plan, desired, KINDS)
    whole = replace(outline(shown, since=found.since), drift=count)
    show(run, Result(shown, whole, findings, above=lambda look: _head(found, look), parts={"drift": count}))
    return run.verdict


def _head(found: Drift, look: Look) -> str:
    count = len(found.differing)
    if not count:
        return f"No drift: {visible(found.plan.target)} is as the files say."
    return f"Drift: {drift_text(count)} on {visible(found.plan.target)}. What would end it:\n"
