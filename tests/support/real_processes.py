"""Processes that can be killed: billsync's server over the database of a folder, and commands against it."""

from __future__ import annotations

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

BILLSYNC = [sys.executable, "-c", "from billsync.cli.main import main; main()"]
DATABASE = "server.db"
KILLED = -signal.SIGKILL
SECONDS = 60


def environment(folder: Path) -> dict[str, str]:
    """Nothing of the person's own; the package is found as this process finds it."""
    return {"HOME": str(folder), "PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(sys.path)}


@contextmanager
def serve(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`billsync serve` over the folder's database, and its base URL without the path."""
    command = [*BILLSYNC, "serve", "--port", "0", "--db", str(folder / DATABASE)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder, env=environment(folder))
    assert server.stdout is not None
    try:
        yield server, server.stdout.readline().strip().removesuffix("/api/v3")
    finally:
        server.kill()
        server.wait(SECONDS)
        server.stdout.close()


def client(folder: Path, base: str, name: str, *arguments: str) -> subprocess.Popen[str]:
    """A command against a server, without questions, from an empty directory of this name."""
    empty = folder / name
    empty.mkdir()
    command = [*BILLSYNC, *arguments, "--server", f"{base}/api/v3", "--yes"]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=empty, env=environment(folder)
    )


def saved_by(folder: Path, base: str, name: str, example: Path, plan_file: str) -> tuple[int, str]:
    """The end of a diff that saves a plan file."""
    empty = folder / name
    empty.mkdir()
    command = [*BILLSYNC, "diff", str(example), "--server", f"{base}/api/v3", "--out", f"plan={plan_file}"]
    made = subprocess.run(
        command, capture_output=True, text=True, cwd=empty, env=environment(folder), timeout=SECONDS, check=False
    )
    return made.returncode, made.stdout + made.stderr


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The code of a process that ends by itself, and what it said."""
    said, _ = process.communicate(timeout=SECONDS)
    return process.returncode, said


def twice_again(folder: Path, base: str, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> list[tuple[int, str]]:
    """The codes, and what was said, of two more runs in this process, each from an empty directory."""
    ran = []
    for name in ("again", "once more"):
        empty = folder / name
        empty.mkdir()
        monkeypatch.chdir(empty)
        shell = Shell(FakeClock(datetime.now(UTC)), environment={"HOME": str(folder)})
        run = shell.run(*arguments, "--server", f"{base}/api/v3", "--yes")
        ran.append((run.code, run.out + run.err))
    return ran


def seen(base: str) -> EndState:
    """All that a server shows."""
    with httpx.Client(base_url=f"{base}/api/v3/openmeter", trust_env=False) as http:
        return end_state_of(http)
