"""Breaks the rating room in named ways, one at a time, and shows which vector or test notices each.

Works on a copy in a temporary folder. Prints a table; ends with 1 when a broken copy passes, 2 when a replacement
no longer fits the code. `python scripts/mutate_rating.py WORD` tries only those whose name holds the word.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPIED = (
    "billsync/__init__.py",
    "billsync/model",
    "billsync/rating",
    "tests/rating",
    "tests/support/ratings.py",
    "tests/conformance/vector_answers.py",
    "tests/conformance/vectors",
)
PATIENCE_SECONDS = 60
SURVIVED = ""
STILLBORN = ("NameError", "ImportError", "SyntaxError", "IndentationError")


@dataclass(frozen=True, slots=True)
class Mutation:
    """One way to break a module: a text that stands there once, and what it becomes."""

    module: str
    name: str
    before: str
    after: str

    @property
    def path(self) -> str:
        folder = "model" if self.module in ("currencies", "duration") else "rating"
        return f"billsync/{folder}/{self.module}.py"


def mutations() -> Iterator[Mutation]:
    """Every way, in the order of `scripts/rating_mutations.json`: module -> name -> [before, after]."""
    table = json.loads(Path(__file__).with_name("rating_mutations.json").read_text("utf-8"))
    for module, named in table.items():
        for name, (before, after) in named.items():
            yield Mutation(module, name, before, after)


def misfits(all_mutations: list[Mutation]) -> list[str]:
    """The names of those whose text doesn't stand exactly once in its module."""
    return [one.name for one in all_mutations if (ROOT / one.path).read_text("utf-8").count(one.before) != 1]


def noticed_by(mutation: Mutation | None) -> str:
    """The vector or test that first notices the broken code; empty if none does. None breaks nothing."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        _copy_to(copy)
        if mutation is not None:
            broken = copy / mutation.path
            broken.write_text(broken.read_text("utf-8").replace(mutation.before, mutation.after), "utf-8")
        first = FIRST.get(mutation.module, "prices") if mutation is not None else "prices"
        return _first_vector(copy, first) or _first_test(copy)


def _copy_to(folder: Path) -> None:
    for name in COPIED:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__", "test_mutations.py"))
        else:
            shutil.copy(ROOT / name, target)


FIRST = {
    "currencies": "currencies",
    "drawdown": "credits",
    "entitlement_grants": "entitlement_grants",
    "periods": "periods",
    "proration": "proration",
    "runs": "usage_runs",
    "timeline": "timelines",
}
"""Which file of vectors is asked first; all others follow. For the modules that aren't named it is `prices`."""

VECTORS = """
import json, pathlib, sys
from tests.conformance.vector_answers import ANSWERS, comparable
for path in sorted(pathlib.Path("tests/conformance/vectors").glob("*.jsonl"), key=lambda one: one.stem != sys.argv[1]):
    for line in path.read_text("utf-8").splitlines():
        vector = json.loads(line)
        try:
            same = ANSWERS[path.stem](vector) == comparable(path.stem, vector)
        except (NameError, ImportError):
            raise
        except Exception:
            same = False
        if not same:
            raise SystemExit(vector.get("id") or vector["code"])
"""


def _first_vector(copy: Path, first: str) -> str:
    ended = _run(copy, "-c", VECTORS, first)
    if ended is None:
        return "vectors: no end"
    return ended.stderr.strip().splitlines()[-1] if ended.returncode else SURVIVED


def _first_test(copy: Path) -> str:
    options = ("-x", "-q", "--no-header", "--import-mode=importlib", "-p", "no:cacheprovider", "--hypothesis-seed=0")
    files = sorted(
        (path.name for path in (copy / "tests" / "rating").glob("test_*.py")), key=lambda name: "laws" in name
    )
    ended = _run(
        copy,
        "-m",
        "pytest",
        *options,
        "-c",
        os.devnull,
        f"--rootdir={copy}",
        *(f"tests/rating/{name}" for name in files),
    )
    if ended is None:
        return "tests: no end"
    failed = [line.split()[1] for line in ended.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].rpartition("::")[2] if failed else SURVIVED if ended.returncode == 0 else "tests: no start"


def _run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str] | None:
    """The ended Python process; None if it had to be stopped."""
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None


def main(words: list[str]) -> int:
    chosen = [one for one in mutations() if all(word in one.name for word in words)]
    misfit = misfits(chosen)
    for name in misfit:
        print(f"doesn't fit the code any more: {name}", file=sys.stderr)
    if misfit:
        return 2
    if noticed_by(None):
        print(f"the unbroken code doesn't pass: {noticed_by(None)}", file=sys.stderr)
        return 2
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = list(pool.map(noticed_by, chosen))
    for one, answer in zip(chosen, answers, strict=True):
        print(f"{one.module:<18} {one.name:<62} {answer or 'SURVIVED'}")
    stillborn = [one.name for one, answer in zip(chosen, answers, strict=True) if answer.startswith(STILLBORN)]
    for name in stillborn:
        print(f"isn't code that runs: {name}", file=sys.stderr)
    if stillborn:
        return 2
    survivors = answers.count(SURVIVED)
    print(f"{len(chosen)} ways to break it, {len(chosen) - survivors} noticed, {survivors} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
