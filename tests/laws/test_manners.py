"""The law of manners: one step at a time or several, with looks first or without, a run reports and leaves the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from billsync.apply.execute import Manner
from billsync.model.plain_mode import VARIABLE
from billsync.model.result import Report
from tests.support.command import Shell
from tests.support.end_state import EndState, end_state
from tests.support.shared_thread import sharing
from tests.support.world import World, declared_in, examples

PLAIN = Manner(calls_first=False)
MANNERS = {"calling first": Manner(), "one thread": sharing(1), "threads": Manner(10)}


def carried_out(folder: Path, manner: Manner) -> tuple[list[tuple[str, str, str]], EndState, Report]:
    """The ends of all steps of a sync from nothing and of its plan file run again, what the server shows then, and the
    report of the sync."""
    world = World(manner=manner)
    desired = declared_in(folder)
    text = world.plan_file(desired)
    first = world.sync(desired).report
    again = world.run_plan_file(text)
    ends = [(one.step.id, one.status.value, one.reason) for one in (*first.results, *again.results)]
    found = ends, end_state(world), first
    world.close()
    return found


@pytest.mark.thorough
@pytest.mark.parametrize("folder", examples()[::4], ids=lambda folder: folder.name)
def test_every_manner_ends_in_the_same_state_with_the_same_report(folder: Path) -> None:
    ends, state, report = carried_out(folder, PLAIN)

    others = {name: carried_out(folder, manner) for name, manner in MANNERS.items()}

    assert report.succeeded
    assert {name: other[0] for name, other in others.items()} == dict.fromkeys(MANNERS, ends)
    assert {name: other[1] for name, other in others.items()} == dict.fromkeys(MANNERS, state)


def test_the_command_says_the_same_with_all_fast_paths_switched_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ("sync", str(examples()[0]), "--yes", "--allow", "billing-setup", "--server")

    quick = Shell().run(*command, "local:quick.db")
    plain = Shell(environment={VARIABLE: "1"}).run(*command, "local:plain.db")

    assert (plain.code, plain.out, plain.err) == (0, quick.out, quick.err)
