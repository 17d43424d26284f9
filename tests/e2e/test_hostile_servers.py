"""A server that turns bad at any point of a run: a clear error, the right code, no traceback; then a run that heals."""

from pathlib import Path

import pytest

from tests.e2e.hostile import CLEAR, UNCLEAR, Respond, Spoiled
from tests.support.clock import FakeClock
from tests.support.command import Ran, Shell
from tests.support.loopback import serving

pytestmark = pytest.mark.thorough

ERROR, PARTLY = 1, 3
READS = (0, 5, 14)
"""After how many answers the server turns bad: at first sight, while reading, while looking between writes."""

WRITES = (0, 2, 5)


def sync(shell: Shell, base: str) -> Ran:
    """One run over everything, one step after another: a clock that leaps would make others late."""
    return shell.run("sync", "shop.yaml", "--server", base, "--yes", "--parallelism", "1")


def is_readable(ran: Ran) -> bool:
    """Whether a person can read how it ended: a sentence somewhere, a traceback nowhere."""
    text = ran.out + ran.err
    return "Traceback" not in text and "error[internal]" not in text and ("error[" in text or "failed" in text)


def heals(shell: Shell, folder: Path) -> tuple[int, int]:
    """The codes of a run on the same server without faults, and of a comparison after it."""
    with serving(folder / "served.db", FakeClock()) as base:
        again = sync(shell, base)
        left = shell.run("diff", "shop.yaml", "--server", base, "--exit-code")
    return again.code, left.code


@pytest.mark.parametrize("respond", UNCLEAR + CLEAR, ids=lambda respond: respond.__name__)
@pytest.mark.parametrize("after", READS)
def test_reads_that_turn_bad_end_in_a_readable_error(shell: Shell, folder: Path, respond: Respond, after: int) -> None:
    spoiled = Spoiled(respond, "GET", after)

    with serving(folder / "served.db", FakeClock(), spoiled) as base:
        ran = sync(shell, base)

    assert (ran.code, is_readable(ran)) == (PARTLY if spoiled.writes else ERROR, True)
    assert heals(shell, folder) == (0, 0)


@pytest.mark.parametrize("acts", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("respond", UNCLEAR, ids=lambda respond: respond.__name__)
@pytest.mark.parametrize("after", WRITES)
def test_a_write_whose_answer_is_lost_may_have_happened_and_is_looked_for(
    shell: Shell, folder: Path, respond: Respond, after: int, acts: bool
) -> None:
    with serving(folder / "served.db", FakeClock(), Spoiled(respond, "POST", after, acts)) as base:
        ran = sync(shell, base)

    assert ran.code == 0 if acts else (ran.code, is_readable(ran)) == (PARTLY, True)
    assert heals(shell, folder) == (0, 0)


@pytest.mark.parametrize("respond", CLEAR, ids=lambda respond: respond.__name__)
@pytest.mark.parametrize("after", WRITES)
def test_a_write_that_is_turned_down_was_not_made(shell: Shell, folder: Path, respond: Respond, after: int) -> None:
    with serving(folder / "served.db", FakeClock(), Spoiled(respond, "POST", after)) as base:
        ran = sync(shell, base)

    assert (ran.code, is_readable(ran)) == (PARTLY if after else ERROR, True)
    assert heals(shell, folder) == (0, 0)


@pytest.mark.parametrize("command", ["diff", "dump", "ledger", "ping"])
@pytest.mark.parametrize("respond", UNCLEAR + CLEAR, ids=lambda respond: respond.__name__)
def test_a_command_that_only_reads_ends_with_1(shell: Shell, folder: Path, command: str, respond: Respond) -> None:
    arguments = {"diff": ["shop.yaml"], "ledger": ["acme"]}.get(command, [])

    with serving(folder / "served.db", FakeClock(), Spoiled(respond, "GET", 0)) as base:
        ran = shell.run(command, *arguments, "--server", base)

    assert (ran.code, ran.out, is_readable(ran)) == (ERROR, "", True)
