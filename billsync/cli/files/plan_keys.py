"""The key of the digests of secrets in plan files."""

from __future__ import annotations

from billsync.cli.terminal.surroundings import Run

PLAN_KEY_VARIABLE = "BILLSYNC_PLAN_KEY"


def plan_key(run: Run) -> str:
    """The key of the digests of secrets in plan files; empty where none is given."""
    return run.around.environment.get(PLAN_KEY_VARIABLE, "")
