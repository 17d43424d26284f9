"""The journal of a command that writes, how it carries steps out, and its progress on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from billsync import __version__
from billsync.app.ending import error
from billsync.app.planning.plan_files import place_of
from billsync.app.server.connection import Connection
from billsync.apply.execute import Manner
from billsync.apply.journal import FileJournal
from billsync.cli.terminal.account import Account, WitnessedJournal
from billsync.cli.terminal.state_dir import VARIABLE, journals
from billsync.cli.terminal.surroundings import Run
from billsync.core.taking_back.journal_lines import ATTACHED, OWNERS
from billsync.kinds.registry import KINDS
from billsync.model.change import Change, PlanFile
from billsync.model.plain_mode import is_plain
from billsync.model.ports import Journal
from billsync.model.result import Status, StepResult
from billsync.model.shape import FieldEffect
from billsync.model.value import Fields
from billsync.render.formats.words import title_of, visible


@contextmanager
def journaled(run: Run, connection: Connection, account: Account) -> Iterator[Journal]:
    """The journal of a run of the account's plan file, which is the command's account from now on.

    Raises Ended when it can't be written.
    """
    plan = account.plan
    directory = journals(run.around.environment)
    facts = facts_of_run(plan, connection.target)
    try:
        with FileJournal(directory, clock=connection.clock, facts=facts) as journal:
            journal.record("begin", facts_at_begin(plan))
            run.account = account
            witnessed = WitnessedJournal(journal, account)
            yield witnessed
            witnessed.check()
    except OSError as problem:
        detail = f"{directory}: {problem.strerror or problem}"
        hint = f"{VARIABLE} sets another directory for journals."
        raise error("no-journal", detail, hint) from problem


def facts_of_run(plan: PlanFile, server: str) -> Mapping[str, Any]:
    """The facts by which an undo finds the server of this name, the owner, and the rules that it keeps."""
    found: dict[str, Any] = {"billsync": __version__, "target": server, "place": place_of(server)}
    found |= {"owner": plan.owner, "mode": plan.mode}
    if plan.intended:
        found["intended"] = dict(plan.intended)
    if not plan.policy:
        return found
    from billsync.core.plan_file import fields_as_object  # tables of all forms

    return {**found, "policy": fields_as_object(plan.policy)}


def facts_at_begin(plan: PlanFile) -> Mapping[str, Any]:
    """The facts of a run before its first call."""
    attached = {change.address.text: found for change in plan.pending if (found := _attached(change))}
    owners = {address.text: owner for address, owner in plan.owners.items()}
    more = {ATTACHED: attached, OWNERS: owners}
    return {
        "steps": len(plan.steps),
        "replaced": _replaced(plan),
        **{name: each for name, each in more.items() if each},
    }


def _attached(change: Change) -> Mapping[str, int]:
    """The former quantities of what a change attaches to a chain, detaches, or has in another quantity, by key."""
    fields = KINDS[change.address.kind].record.fields
    return {
        str(one.path[1]): int(one.old or 0)
        for one in change.fields
        if len(one.path) > 1 and fields[str(one.path[0])].effect is FieldEffect.ATTACHED
    }


def _replaced(plan: PlanFile) -> Mapping[str, Any]:
    """The versions that were live before the run and that new ones take the place of, by their key: `undo` publishes
    their content again.

    A restore publishes several versions of one entity: the first change of it decides, as later ones take the place of
    what the run itself made.
    """
    first: dict[str, Fields | None] = {}
    for change in plan.pending:
        first.setdefault(change.address.unversioned().text, change.old)
    old = {name: fields for name, fields in first.items() if fields is not None}
    if not old:
        return {}
    from billsync.core.plan_file import fields_as_object  # tables of all forms

    return {name: fields_as_object(fields) for name, fields in old.items()}


def manner_of(run: Run) -> Manner:
    """The manner in which this command carries steps out; with `BILLSYNC_PLAIN`, one after another, looking first."""
    return Manner(calls_first=False) if is_plain(run.around.environment) else Manner(run.parallelism)


def show_end(run: Run, account: Account, result: StepResult) -> None:
    """Keep the end of a step in the account, and show it as progress."""
    account.note(result)
    run.stepped(lambda: _in_words(result), len(account.results), len(account.plan.steps))


def _in_words(result: StepResult) -> str:
    end = "" if result.status is Status.DONE else f": {result.status.value}: {visible(result.reason)}"
    return f"{result.step.verb} {title_of(result.step.address)}{end}"
