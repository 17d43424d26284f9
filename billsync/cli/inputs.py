"""The files that a command was given, as desired state; mistakes in them end the command."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from billsync.app.ending import Ended, Exit
from billsync.cli.surroundings import Run
from billsync.config import load
from billsync.kinds.registry import KINDS
from billsync.model.change import PlanFile
from billsync.model.diagnostic import Diagnostic, has_errors
from billsync.model.state import Desired
from billsync.render.diagnostics import diagnostics_text
from billsync.render.plan.outline import outline
from billsync.schema.codes import diagnostic


def as_it_is(finding: Diagnostic) -> Diagnostic:
    """The finding."""
    return finding


def desired_state(
    run: Run, paths: Sequence[str], *, telling: Callable[[Diagnostic], Diagnostic] = as_it_is
) -> tuple[Desired, tuple[Diagnostic, ...]]:
    """What the files declare, and the warnings about them, told in a way of the caller's choice.

    Raises Ended with all findings if one is an error.
    """
    desired, found = load(paths, registry=KINDS, stdin=run.around.stdin)
    findings = tuple(map(telling, found))
    if has_errors(findings):
        raise Ended(Exit.ERROR, *findings)
    if findings and not run.wants_json:
        run.talk(diagnostics_text(findings))
    return desired, findings


def owner_missing(desired: Desired, plan: PlanFile) -> tuple[Diagnostic, ...]:
    """The finding that stops a write: changes are to be made, and the files don't say who owns them."""
    if desired.owner is not None or not plan.steps:
        return ()
    hint = "Add `_info: {owner: NAME}` to one of the files; everything that billsync creates is marked with it."
    return (diagnostic("no-owner", hint=hint),)


def refusal_of(plan: PlanFile) -> Exit:
    """The exit code for what a plan file won't do: by a guard, a policy, or a refusal."""
    counts = outline(plan).summary
    return Exit.REFUSED if plan.guards or counts.refused or counts.blocked else Exit.DONE
