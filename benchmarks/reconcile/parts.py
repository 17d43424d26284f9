"""The commands that are measured, each against a server of its own that has what the command needs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

from benchmarks.reconcile import files
from benchmarks.reconcile.declared import entity_count
from benchmarks.reconcile.floor_writes import CLIENTS
from benchmarks.reconcile.measuring import Used, environment, middle, run, server

FILES, SERVER, OUTPUT = "FILES", "SERVER", "OUTPUT"
"""Stand for their values in the arguments of a command."""


@dataclass(frozen=True, slots=True)
class Part:
    """One command. `declares` names the files, `state` what is on the server (empty: no server is needed), `floor` the
    work that it is compared with. It isn't measured with more than `most` customers, unless `--only` names it.
    """

    name: str
    arguments: tuple[str, ...]
    declares: str = "same"
    state: str = ""
    delay: float = 0.0
    floor: str = "read"
    most: int | None = None


PARTS = (
    Part("validate", ("validate", FILES), floor="parse"),
    Part("diff", ("diff", FILES, "--server", SERVER), state="filled"),
    Part("diff-1pc", ("diff", FILES, "--server", SERVER), declares="1pc", state="filled"),
    Part(
        "since",
        ("diff", FILES, "--since", "HEAD~1", "--server", SERVER),
        declares="branch",
        state="filled",
        floor="",
    ),
    Part("sync", ("sync", FILES, "--server", SERVER, "--yes"), state="filled"),
    Part("dump", ("dump", "--server", SERVER, "--output", OUTPUT, "--yes"), state="filled"),
    Part("create", ("sync", FILES, "--server", SERVER, "--yes"), state="empty", floor="create", most=1_000),
    Part(
        "create-20ms",
        ("sync", FILES, "--server", SERVER, "--yes"),
        state="empty",
        delay=0.02,
        floor="create",
        most=1_000,
    ),
    Part(
        "delete-half",
        ("sync", FILES, "--server", SERVER, "--yes", "--allow", "deletes=1000000"),
        declares="half",
        state="half",
        floor="",
    ),
    Part("impact", ("diff", FILES, "--server", SERVER, "--impact=all"), declares="dearer", state="filled", floor=""),
)
DECLARED: Mapping[str, Callable[[Path, int], None]] = {
    "same": files.write_files,
    "1pc": lambda folder, customers: files.write_files(folder, customers, change=files.one_in_a_hundred_renamed),
    "dearer": lambda folder, customers: files.write_files(folder, customers, dearer=lambda number: True),
    "branch": files.write_branch,
    "half": lambda folder, customers: files.write_files(folder, customers, every=2),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """What a part took, and its floor: seconds of CPU by step, and `wall` for writes."""

    part: str
    customers: int
    used: Used
    asked: Mapping[str, int]
    floor: Mapping[str, float]

    @property
    def entities(self) -> int:
        """Entities that the whole configuration has."""
        return entity_count(self.customers)


@dataclass(frozen=True, slots=True)
class Setting:
    """How to measure: where files are kept, how often each command runs, how long it may take, which environment."""

    place: Path
    runs: int
    limit: float
    plain: bool

    def files(self, declares: str, customers: int) -> Path:
        """The folder of files, which are made if they aren't there."""
        folder = self.place / f"{declares}-{customers}"
        if not folder.exists():
            DECLARED[declares](folder, customers)
        return folder


def measured(part: Part, customers: int, setting: Setting) -> Measured:
    """What the command took: the median of its runs; the floor is measured after them."""
    folder = setting.files(part.declares, customers)
    found = [_once(part, folder, customers, setting) for _ in range(setting.runs)]
    _, asked, reads = found[-1]
    floor = _floor(part, folder, customers, reads)
    return Measured(part.name, customers, middle([used for used, _, _ in found]), asked, floor)


def _once(part: Part, folder: Path, customers: int, setting: Setting) -> tuple[Used, Mapping[str, int], Sequence[str]]:
    """What one run took, and what it asked the server for."""
    if not part.state:
        return _run(part, folder, "", setting), {}, ()
    with server(part.state, customers, delay=part.delay) as running:
        used = _run(part, folder, running.address, setting)
        asked, reads = running.stats()
    return replace(used, requests=sum(asked.values())), asked, reads


def _run(part: Part, folder: Path, address: str, setting: Setting) -> Used:
    """Run the command with a state directory that remembers nothing."""
    values = {FILES: str(folder), SERVER: address, OUTPUT: str(setting.place / "dump.yaml")}
    command = [sys.executable, "-m", "billsync", *(values.get(argument, argument) for argument in part.arguments)]
    output = setting.place / f"{part.name}.out"
    with TemporaryDirectory(dir=setting.place) as state:
        return run(command, environment(Path(state), plain=setting.plain), output=output, limit=setting.limit)


def _floor(part: Part, folder: Path, customers: int, reads: Sequence[str]) -> Mapping[str, float]:
    if part.floor == "parse":
        return _seconds("parse", folder)
    if part.floor == "read":
        with server(part.state, customers) as running, NamedTemporaryFile("w", encoding="utf-8") as file:
            file.write("\n".join(reads))
            file.flush()
            return _seconds("read", folder, running.port, file.name)
    found: dict[str, float] = {}
    for client in CLIENTS if part.floor == "create" else ():
        with server(part.state, customers, delay=part.delay) as running:
            found |= {
                f"{client} {step}": took for step, took in _seconds("create", folder, running.port, client).items()
            }
    return found


def _seconds(*arguments: object) -> Mapping[str, float]:
    """What a floor says; nothing where the compiled libraries aren't installed."""
    command = [sys.executable, "-m", "benchmarks.reconcile.floors", *map(str, arguments)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    found: Mapping[str, float] = json.loads(ended.stdout) if ended.returncode == 0 else {}
    return found
