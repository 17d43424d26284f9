"""Law 3 with real processes: the client or the server dies by SIGKILL in the middle of a run over `billsync serve`."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.end_state import EndState
from tests.support.killing_proxy import KillingProxy, listening
from tests.support.real_processes import KILLED, SECONDS, client, ended, saved_by, seen, serve, twice_again
from tests.support.world import EXAMPLES

EXAMPLE = EXAMPLES / "prepaid-credits"
IN_TURN = ("--parallelism", "1")
SYNC = ("sync", str(EXAMPLE), *IN_TURN)
WRITES = {"plan": 2, "grant": 5, "subscription": 6}
"""The writes of the example, counted from 0, that could be doubled; the meter is number 0, the publishing 3."""


def cases(*, first_after: bool) -> Iterator[object]:
    """Each write, before the server acts on it and after it; for each commit one of the two, by turns."""
    for number, (name, at) in enumerate(WRITES.items()):
        for after in (False, True):
            chosen = (number % 2 == 0) == (after == first_after)
            side = "after" if after else "before"
            marks = () if chosen else pytest.mark.exhaustive
            yield pytest.param(at, after, id=f"{name}, {side} the server acted", marks=marks)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> EndState:
    folder = tmp_path_factory.mktemp("undisturbed")
    with serve(folder) as (_, base):
        code, said = ended(client(folder, base, "first", *SYNC))
        assert code == 0, said
        return seen(base)


@pytest.mark.crash
@pytest.mark.parametrize(("at", "after"), list(cases(first_after=False)))
def test_a_client_that_is_killed_doubles_nothing(
    at: int, after: bool, tmp_path: Path, undisturbed: EndState, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(tmp_path) as (_, base):
        victims: list[subprocess.Popen[str]] = []
        proxy = KillingProxy(base, at, lambda: victims[0].kill(), after)
        with listening(proxy) as url:
            victims.append(client(tmp_path, url, "killed", *SYNC))
            killed = ended(victims[0])

        again = twice_again(tmp_path, base, monkeypatch, *SYNC)

        assert killed[0] == KILLED, killed[1]
        assert [code for code, _ in again] == [0, 0], again
        assert seen(base) == undisturbed


@pytest.mark.crash
def test_a_plan_file_goes_on_where_a_killed_run_stopped(tmp_path: Path, undisturbed: EndState) -> None:
    """A plan file that was killed in the middle is finished by the same command in another empty directory."""
    plan = ("sync", "--plan-file", str(tmp_path / "plan.json"), *IN_TURN)
    with serve(tmp_path) as (_, base):
        victims: list[subprocess.Popen[str]] = []
        proxy = KillingProxy(base, WRITES["grant"], lambda: victims[0].kill(), True)
        with listening(proxy) as url:
            saved = saved_by(tmp_path, url, "saved", EXAMPLE, str(tmp_path / "plan.json"))
            victims.append(client(tmp_path, url, "killed", *plan))
            killed = ended(victims[0])
            again = ended(client(tmp_path, url, "again", *plan))

        assert (saved[0], killed[0], again[0]) == (0, KILLED, 0), (saved, killed, again)
        assert seen(base) == undisturbed


@pytest.mark.crash
@pytest.mark.parametrize(("at", "after"), list(cases(first_after=True)))
def test_a_server_that_is_killed_doubles_nothing(
    at: int, after: bool, tmp_path: Path, undisturbed: EndState, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(tmp_path) as (server, base):
        proxy = KillingProxy(base, at, server.kill, after)
        with listening(proxy) as url:
            first, said_first = ended(client(tmp_path, url, "interrupted", *SYNC))
        server_code = server.wait(SECONDS)
    with serve(tmp_path) as (_, base):
        again = twice_again(tmp_path, base, monkeypatch, *SYNC)

        assert server_code == KILLED
        assert first in (1, 3), said_first
        assert "Traceback" not in said_first
        assert [code for code, _ in again] == [0, 0], again
        assert seen(base) == undisturbed
