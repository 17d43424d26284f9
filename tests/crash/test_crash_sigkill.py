"""Law 3 with real processes: the client or the server dies by SIGKILL in the middle of a run over `billsync serve`."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.support.clock import FakeClock
from tests.support.command import Shell
from tests.support.end_state import EndState, end_state_of
from tests.support.killing_proxy import KillingProxy, listening
from tests.support.world import EXAMPLES

EXAMPLE = EXAMPLES / "prepaid-credits"
BILLSYNC = [sys.executable, "-c", "from billsync.cli.main import main; main()"]
WRITES = {"plan": 2, "grant": 5, "subscription": 6}
"""The writes of the example, counted from 0, that could be doubled; the meter is number 0, the publishing 3."""
KILLED = -signal.SIGKILL
SECONDS = 60


def cases(*, first_after: bool) -> Iterator[object]:
    """Each write, before the server acts on it and after it; for each commit one of the two, by turns."""
    for number, (name, at) in enumerate(WRITES.items()):
        for after in (False, True):
            chosen = (number % 2 == 0) == (after == first_after)
            side = "after" if after else "before"
            marks = () if chosen else pytest.mark.exhaustive
            yield pytest.param(at, after, id=f"{name}, {side} the server acted", marks=marks)


def environment(folder: Path) -> dict[str, str]:
    """Nothing of the person's own; the package is found as this process finds it."""
    return {"HOME": str(folder), "PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(sys.path)}


@contextmanager
def serve(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`billsync serve` over the folder's database, and its base URL without the path."""
    command = [*BILLSYNC, "serve", "--port", "0", "--db", str(folder / "server.db")]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder, env=environment(folder))
    assert server.stdout is not None
    try:
        yield server, server.stdout.readline().strip().removesuffix("/api/v3")
    finally:
        server.kill()
        server.wait(SECONDS)
        server.stdout.close()


def client(folder: Path, base: str, name: str) -> subprocess.Popen[str]:
    """`billsync sync` from an empty directory."""
    empty = folder / name
    empty.mkdir()
    command = [*BILLSYNC, "sync", str(EXAMPLE), "--server", f"{base}/api/v3", "--yes"]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=empty, env=environment(folder)
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = process.communicate(timeout=SECONDS)
    return process.returncode, said


def sync_again(folder: Path, base: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """The codes, and what was said, of two more runs in this process, each from an empty directory."""
    ran = []
    for name in ("again", "once more"):
        empty = folder / name
        empty.mkdir()
        monkeypatch.chdir(empty)
        shell = Shell(FakeClock(datetime.now(UTC)), environment={"HOME": str(folder)})
        run = shell.run("sync", str(EXAMPLE), "--server", f"{base}/api/v3", "--yes")
        ran.append((run.code, run.out + run.err))
    return ran


def seen(base: str) -> EndState:
    with httpx.Client(base_url=f"{base}/api/v3/openmeter", trust_env=False) as http:
        return end_state_of(http)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> EndState:
    folder = tmp_path_factory.mktemp("undisturbed")
    with serve(folder) as (_, base):
        code, said = ended(client(folder, base, "first"))
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
            victims.append(client(tmp_path, url, "killed"))
            killed = ended(victims[0])

        again = sync_again(tmp_path, base, monkeypatch)

        assert killed[0] == KILLED, killed[1]
        assert [code for code, _ in again] == [0, 0], again
        assert seen(base) == undisturbed


@pytest.mark.crash
@pytest.mark.parametrize(("at", "after"), list(cases(first_after=True)))
def test_a_server_that_is_killed_doubles_nothing(
    at: int, after: bool, tmp_path: Path, undisturbed: EndState, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(tmp_path) as (server, base):
        proxy = KillingProxy(base, at, server.kill, after)
        with listening(proxy) as url:
            first, said_first = ended(client(tmp_path, url, "interrupted"))
        server_code = server.wait(SECONDS)
    with serve(tmp_path) as (_, base):
        again = sync_again(tmp_path, base, monkeypatch)

        assert server_code == KILLED
        assert first in (1, 3), said_first
        assert "Traceback" not in said_first
        assert [code for code, _ in again] == [0, 0], again
        assert seen(base) == undisturbed
