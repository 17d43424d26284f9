"""`python -m benchmarks.reconcile [N...]`: measure whole commands with N customers, and print a table."""

from __future__ import annotations

import argparse
import compileall
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import billsync
from benchmarks.reconcile.parts import PARTS, Measured, Part, Setting, measured
from benchmarks.reconcile.table import table

SIZES = (1_000, 10_000)


def main() -> None:
    """Measure what the options name."""
    given = _options().parse_args()
    compileall.compile_dir(str(Path(billsync.__file__).parent), quiet=1)  # else each command compiles its modules
    if given.keep:
        given.keep.mkdir(parents=True, exist_ok=True)
        _measure(given, given.keep)
    else:
        with TemporaryDirectory() as place:
            _measure(given, Path(place))


def _measure(given: argparse.Namespace, place: Path) -> None:
    setting = Setting(place, given.runs, given.limit, given.plain)
    parts = [part for part in PARTS if part.name in given.only] if given.only else PARTS
    found: list[Measured] = []
    for part, customers in _chosen(parts, given.sizes or SIZES, named=bool(given.only)):
        print(f"{part.name}, {customers:,} customers …", file=sys.stderr, flush=True)
        found.append(measured(part, customers, setting))
    print(table(found), end="")
    if given.keep:
        with (place / "results.jsonl").open("a", encoding="utf-8") as file:
            file.writelines(json.dumps({**asdict(one), "plain": given.plain}) + "\n" for one in found)


def _chosen(parts: Sequence[Part], sizes: Sequence[int], *, named: bool) -> Iterator[tuple[Part, int]]:
    for part in parts:
        for customers in sizes:
            if named or part.most is None or customers <= part.most:
                yield part, customers


def _options() -> argparse.ArgumentParser:
    names = [part.name for part in PARTS]
    options = argparse.ArgumentParser(prog="python -m benchmarks.reconcile", description=__doc__)
    options.add_argument("sizes", type=int, nargs="*", metavar="N", help=f"customers; default: {SIZES}")
    options.add_argument("--only", type=_names(names), metavar="PART,…", help=f"of {', '.join(names)}")
    options.add_argument("--plain", action="store_true", help="switch all fast paths off (BILLSYNC_PLAIN=1)")
    options.add_argument("--runs", type=int, default=1, help="how often each command runs; the median is shown")
    options.add_argument("--limit", type=float, default=600.0, help="seconds after which a command is ended")
    options.add_argument("--keep", type=Path, metavar="FOLDER", help="keep files, outputs and results here")
    return options


def _names(known: Sequence[str]):
    def read(text: str) -> list[str]:
        names = text.split(",")
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}")
        return names

    return read


if __name__ == "__main__":
    main()
