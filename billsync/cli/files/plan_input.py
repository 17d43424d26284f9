"""The plan file that a command was given, and the values that it takes from outside."""

from __future__ import annotations

from billsync.app.ending import Ended, Exit, error
from billsync.app.planning.plan_files import no_secret, opened, other_secret
from billsync.cli.files.plan_keys import plan_key
from billsync.cli.terminal.surroundings import Run
from billsync.config.text.bounded import Unreadable, text_in, text_of_stdin
from billsync.config.text.files import STDIN
from billsync.config.text.outside import Outside, texts_of
from billsync.core.secrets.hiding import whole_mask
from billsync.core.secrets.plan_secrets import other_secrets
from billsync.core.secrets.unmasking import sources_of, unmasked
from billsync.model.change import PlanFile
from billsync.model.limits import PLAN_FILE_BYTES


def revealed(run: Run, plan: PlanFile) -> PlanFile:
    """The plan file as it is carried out, with the values of its sources as they are here. Raises Ended.

    They must be those that were reviewed.
    """
    texts, missing = texts_of(sources_of(plan), Outside(run.around.environment))
    run.sourced = texts
    run.hide(whole_mask(texts))
    lacking = tuple(no_secret(problem.detail) for problem in missing)
    if findings := lacking or tuple(map(other_secret, other_secrets(plan, texts, plan_key(run)))):
        raise Ended(Exit.ERROR, *findings)
    return unmasked(plan, texts)


def read_plan_file(run: Run, path: str) -> PlanFile:
    """The plan file at a path; `-` is stdin. Raises Ended."""
    try:
        text = text_of_stdin(run.around.stdin, PLAN_FILE_BYTES) if path == STDIN else text_in(path, PLAN_FILE_BYTES)
    except Unreadable as problem:
        raise error("no-plan-file", f"{path}: {problem}") from problem
    found = opened(text)
    if isinstance(found, PlanFile):
        return found
    raise Ended(Exit.ERROR, found)
