"""Measures dump, recovery snapshot, restore, verify and drill of many customers, each in a process of its own.

    .venv/bin/python -m benchmarks.recovery [1000 10000] [--only verify,dump] [--keep FOLDER]
    .venv/bin/python -m benchmarks.recovery 100 --copies 10,100,400

Each customer has a subscription and a grant, and some have more (`shop.py`); `verify` looks at the server of the
snapshot. The embedded server is another process, whose time isn't counted, but in `drill`, which has its own server in
its process. The floor is a bare client that makes the same requests to a server that plays back the same answers,
decodes these, and packs or unpacks the snapshot's lines (`floors.py`). Memory is the peak of the whole process; what it
grows by from the size before, by customer, stands beside it.

With `--copies`, snapshots of very many customers are measured: of a server that shows a small one many times over
(`copied.py`).
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.reconcile.measuring import Used, environment, run
from benchmarks.recovery.shop import declared, send_usage

LIMIT = 7200.0
"""Seconds after which a command is ended."""


@dataclass(frozen=True, slots=True)
class Part:
    """One command. SERVER stands for the address of a server with the database; a `fresh` one is empty. `way` says
    what the floor does with the snapshot."""

    name: str
    arguments: tuple[str, ...]
    database: str = ""
    fresh: bool = False
    way: str = ""


FLAGS = ("--server", "SERVER", "--yes")
PARTS = (
    Part("dump", ("dump", "-o", "dump.yaml", *FLAGS), "shop.db"),
    Part("snapshot", ("dump", "--snapshot", "live.snapshot", "--events", *FLAGS), "shop.db", way="writes"),
    Part("verify", ("verify", "live.snapshot", *FLAGS[:2]), "shop.db", way="reads"),
    Part("dry restore", ("restore", "live.snapshot", "--dry-run", *FLAGS[:2]), "dry.db", fresh=True, way="reads"),
    Part("restore", ("restore", "live.snapshot", *FLAGS), "new.db", fresh=True, way="reads"),
    Part("restore again", ("restore", "live.snapshot", *FLAGS), "new.db", way="reads"),
    Part("drill", ("drill", "live.snapshot")),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a command and its floor took."""

    customers: int
    used: Used
    floor: dict[str, Any] | None

    @property
    def floor_cpu(self) -> float | None:
        """The floor's CPU seconds."""
        return sum(self.floor["seconds"].values()) if self.floor else None


@contextmanager
def started(module: str, *arguments: str) -> Iterator[str]:
    """A server of ours in a process of its own, until the block ends: the first line that it prints."""
    command = [sys.executable, "-m", f"benchmarks.recovery.{module}", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def billsync(folder: Path, arguments: Sequence[str], output: str) -> Used:
    """A command in the folder, with a state directory that remembers nothing."""
    with TemporaryDirectory(dir=folder) as state:
        script = "import os, sys; os.chdir(sys.argv.pop(1)); from billsync.cli.main import main; main()"
        command = [sys.executable, "-c", script, str(folder), *arguments]
        return run(command, environment(Path(state), plain=False), output=folder / output, limit=LIMIT)


def prepared(folder: Path, customers: int) -> None:
    """Fill the server, if that wasn't done before."""
    if (folder / "shop.db").exists():
        return
    for is_later in (False, True):
        (folder / "shop.yaml").write_text(declared(customers, is_later=is_later), encoding="utf-8")
        assert billsync(folder, ("sync", "shop.yaml", "--server", "local:shop.db", "--yes"), "sync.out").status == 0
    with started("served", str(folder / "shop.db"), str(folder / "exchanges")) as address:
        send_usage(address, customers)


def measured(part: Part, folder: Path, customers: int) -> Measured:
    """One command, then its floor."""
    if not part.database:
        return Measured(customers, billsync(folder, part.arguments, f"{part.name}.out"), None)
    database, log = folder / part.database, folder / "exchanges"
    if part.fresh:
        for path in folder.glob(f"{part.database}*"):
            path.unlink()
    with started("served", str(database), str(log)) as address:
        arguments = [address if word == "SERVER" else word for word in part.arguments]
        used = billsync(folder, arguments, f"{part.name}.out")
    with started("replayed", str(log)) as port:
        command = [sys.executable, "-m", "benchmarks.recovery.floors", str(log), port, "live.snapshot", part.way]
        command[-2] = str(folder / command[-2])
        ended = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    log.unlink()
    return Measured(customers, used, json.loads(ended.stdout))


def copied(folder: Path, times: int) -> Used:
    """A snapshot of a server that shows the folder's many times over."""
    log, taking = folder / "noted", ("dump", "--snapshot", "copied.snapshot", "--events", "--yes", "--server")
    if not log.exists():
        with started("served", str(folder / "shop.db"), str(log)) as address:
            billsync(folder, (*taking, address), "noted.out")
    with started("copied", str(log), str(times)) as address:
        return billsync(folder, (*taking, address), "copied.out")


TITLES = (
    f"{'':14}{'N':>7}{'exit':>5}{'CPU s':>8}{'ms each':>8}{'x floor':>8}{'growth':>7}{'requests':>9}{'KB read':>8}"
    f"{'peak MB':>8}{'x floor':>8}{'KB each':>8}"
)


def line_of(part: Part, now: Measured, before: Measured | None) -> str:
    """A line of the table; `before` is the same command at the size before."""
    used, floor, cpu, each = now.used, now.floor, now.floor_cpu, now.customers
    growth = memory = ""
    if before:
        growth = f"{math.log(used.cpu / before.used.cpu) / math.log(each / before.customers):.2f}"
        memory = f"{(used.peak - before.used.peak) / (each - before.customers):.1f}"
    times = f"{used.cpu / cpu:.1f}" if cpu else ""
    asked = (f"{floor['requests'] / each:.1f}", f"{floor['bytes'] / each / 1000:.1f}") if floor else ("", "")
    peaks = f"{used.peak / floor['peak']:.1f}" if floor else ""
    return (
        f"{part.name:14}{each:7,}{used.status:5}{used.cpu:8.1f}{1000 * used.cpu / each:8.2f}{times:>8}{growth:>7}"
        f"{asked[0]:>9}{asked[1]:>8}{used.peak / 1024:8.0f}{peaks:>8}{memory:>8}"
    )


def main() -> None:
    """Print a line for each command and size."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("sizes", type=int, nargs="*", default=[1_000, 10_000])
    options.add_argument("--only", help="names of commands, with commas between them")
    options.add_argument("--keep", type=Path, help="a folder for the servers' databases, and everything else")
    options.add_argument("--copies", help="numbers of copies, with commas between them")
    given = options.parse_args()
    copies = [int(times) for times in given.copies.split(",")] if given.copies else []
    parts = [part for part in PARTS if not given.only or part.name in given.only.split(",")]
    found: dict[str, Measured] = {}
    print(TITLES, flush=True)
    with TemporaryDirectory() as name:
        for customers in given.sizes:
            folder = (given.keep or Path(name)) / f"customers-{customers}"
            folder.mkdir(parents=True, exist_ok=True)
            prepared(folder, customers)
            for times in copies:
                used = copied(folder, times)
                each = 1000 * used.cpu / customers / times
                print(f"copies {customers * times:,}: exit {used.status}, {each:.2f} ms each, {used.peak // 1024} MB")
            for part in () if copies else parts:
                now = measured(part, folder, customers)
                print(line_of(part, now, found.get(part.name)), flush=True)
                found[part.name] = now


if __name__ == "__main__":
    main()
