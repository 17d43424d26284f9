"""Whole processes measured from outside: CPU and peak memory as the kernel accounts a finished child."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Used:
    """What a process and its children used. `cpu` (user and system) and `wall` are seconds, `peak` is KiB."""

    cpu: float
    wall: float
    peak: int
    status: int
    requests: int = 0


def run(command: Sequence[str], environment: Mapping[str, str], *, output: Path, limit: float) -> Used:
    """Run a command to its end; its output goes to a file. After `limit` seconds it is ended, with status -9 (SIGKILL).

    Run it from a small process: where a child's memory is counted, its parent's size at the start is the least.
    """
    with output.open("wb") as file:
        began = time.monotonic()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=environment)
        try:
            child_status, usage = _waited(child.pid, began + limit)
        except TimeoutError:
            child.kill()
            _, child_status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(child_status)
    return Used(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss, child.returncode)


def _waited(process: int, until: float) -> tuple[int, os.struct_rusage]:
    """Status and usage of the child once it has ended. Raises TimeoutError."""
    wait = 0.001
    while time.monotonic() < until:
        found, status, usage = os.wait4(process, os.WNOHANG)
        if found:
            return status, usage
        time.sleep(wait)
        wait = min(0.02, wait * 1.5)
    raise TimeoutError


def middle(runs: Sequence[Used]) -> Used:
    """The run with the median of CPU, with the medians of the other figures, and the worst status."""
    return replace(
        runs[0],
        cpu=median(used.cpu for used in runs),
        wall=median(used.wall for used in runs),
        peak=max(used.peak for used in runs),
        status=next((used.status for used in runs if used.status), 0),
    )


def environment(state: Path, *, plain: bool) -> Mapping[str, str]:
    """The environment of a measured command: nothing of the caller's settings, and an own state directory."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BILLSYNC_", "KONNECT_"))}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**kept, "BILLSYNC_STATE_DIR": str(state), **({"BILLSYNC_PLAIN": "1"} if plain else {})}


@dataclass(frozen=True, slots=True)
class Server:
    """A made-up server that runs."""

    port: int

    @property
    def address(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}/api/v3"

    def stats(self) -> tuple[Mapping[str, int], Sequence[str]]:
        """How often it was asked for what, and the paths of all GETs so far, in order."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/stats") as answer:
            found = json.load(answer)
        return found["asked"], found["reads"]


@contextmanager
def server(state: str, customers: int, *, delay: float = 0.0) -> Iterator[Server]:
    """A made-up server in a process of its own, until the block ends."""
    command = [sys.executable, "-m", "benchmarks.reconcile.server", state, str(customers), "--delay", str(delay)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Server(int(process.stdout.readline()))
        finally:
            process.terminate()
