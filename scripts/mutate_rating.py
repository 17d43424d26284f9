"""Breaks the rating room in named ways, one at a time, and shows which vector or test notices each.

Prints a table; ends with 1 when a broken room passes, 2 when a replacement no longer fits the code.
`python scripts/mutate_rating.py WORD` tries only those whose name holds the word. The tests cost
a hundred times what the vectors do: with `--tests-for=N`, of those that no vector notices only each Nth is tested.

Nothing is written: each broken room lives in a forked process, which imports the broken module's text instead of the
file's. The parent has imported what all of them share, and nothing of the rooms that are broken.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from types import CodeType
from typing import Any

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent
VECTORS = ROOT / "tests" / "conformance" / "vectors"
TESTS = ROOT / "tests" / "rating"
BREAKABLE = ("billsync", "tests")
VECTORS_SECONDS, TESTS_SECONDS = 2, 30
"""Of the processor: what a broken room may take for all vectors, and then for all tests."""
SURVIVED, UNTRIED = "", "(no vector; not tested)"
STILLBORN = ("NameError", "ImportError", "SyntaxError", "IndentationError")
FIRST = {
    "currencies": "currencies",
    "drawdown": "credits",
    "entitlement_grants": "entitlement_grants",
    "periods": "periods",
    "proration": "proration",
    "runs": "usage_runs",
    "timeline": "timelines",
}
"""The file of vectors that is asked first; all others follow. For the modules that aren't named it is `prices`."""


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

    @property
    def imported(self) -> str:
        """The module's name, as it is imported."""
        return self.path.removesuffix(".py").replace("/", ".")


def mutations() -> Iterator[Mutation]:
    """Every way, in the order of `scripts/rating_mutations.json`: module -> name -> [before, after]."""
    table = json.loads(Path(__file__).with_name("rating_mutations.json").read_text("utf-8"))
    for module, named in table.items():
        for name, (before, after) in named.items():
            yield Mutation(module, name, before, after)


def misfits(all_mutations: Sequence[Mutation]) -> list[str]:
    """The names of those whose text doesn't stand exactly once in its module."""
    return [one.name for one in all_mutations if (ROOT / one.path).read_text("utf-8").count(one.before) != 1]


class BrokenModule(MetaPathFinder, SourceFileLoader):
    """Imports one module with a mutation in its text; the file and its bytecode stay as they are."""

    def __init__(self, mutation: Mutation) -> None:
        super().__init__(mutation.imported, str(ROOT / mutation.path))
        self.mutation = mutation

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if fullname != self.mutation.imported:
            return None
        return spec_from_file_location(fullname, self.path, loader=self)

    def get_code(self, fullname: str) -> CodeType:
        text = Path(self.path).read_text("utf-8").replace(self.mutation.before, self.mutation.after)
        return compile(text, self.path, "exec", dont_inherit=True)


def failing_unbroken(found: Sequence[str]) -> str:
    """The first vector that fails without any mutation, or the first of the tests that noticed one; empty if none."""
    tests = sorted({str(ROOT / answer) for answer in found if "::" in answer})
    return start(partial(_first_notice, None, read_vectors(), tests=tests)).end()


def answers(chosen: Sequence[Mutation], tests_for: int = 1) -> list[str]:
    """The test that notices each of them, or that it survived, in their order; several at a time, one a processor."""
    vectors, tests = read_vectors(), test_files()
    found: dict[int, str] = {}
    waiting = list(enumerate(chosen))[::-1]
    with DefaultSelector() as running:
        while waiting or running.get_map():
            while waiting and len(running.get_map()) < (os.cpu_count() or 1):
                number, mutation = waiting.pop()
                asked = tests if number % tests_for == 0 else None
                child = start(partial(_first_notice, mutation, vectors, tests=asked))
                running.register(child.answer, EVENT_READ, (number, child))
            for ready, _ in running.select():
                number, child = ready.data
                running.unregister(child.answer)
                found[number] = child.end()
    return [found[number] for number in range(len(chosen))]


@dataclass(frozen=True, slots=True)
class Child:
    """A forked process, and the end of the pipe into which it writes its answer."""

    process: int
    answer: int

    def end(self) -> str:
        """The answer of a process that has one, or that was ended because it took too long."""
        with open(self.answer, "rb") as answer:
            text = answer.read().decode("utf-8")
        _, status = os.waitpid(self.process, 0)
        if os.WIFSIGNALED(status):
            return "no end" if os.WTERMSIG(status) == signal.SIGPROF else f"signal {os.WTERMSIG(status)}"
        return text


def start(question: Callable[[], str]) -> Child:
    """Fork a process that answers a question."""
    reading, writing = os.pipe()
    process = os.fork()
    if not process:
        _answer(question, writing)
    os.close(writing)
    return Child(process, reading)


def _answer(question: Callable[[], str], writing: int) -> None:
    """In the child: writes the answer and ends, whatever happens."""
    try:
        try:
            answer = question()
        except BaseException as error:  # noqa: BLE001  (the parent has its own stack, which must not unwind here)
            answer = f"{type(error).__name__}: {error}"
        os.write(writing, answer.encode("utf-8"))
    finally:
        os._exit(0)


def _first_notice(
    mutation: Mutation | None, vectors: Mapping[str, Sequence[Any]], *, tests: Sequence[str] | None
) -> str:
    """The vector or test that first notices a mutation; None breaks nothing. Without tests only vectors are asked."""
    touched = [name for name in sys.modules if name.partition(".")[0] in BREAKABLE]
    assert not touched, f"imported before it could be broken: {touched}"
    if mutation is not None:
        sys.meta_path.insert(0, BrokenModule(mutation))
    first = FIRST.get(mutation.module, "prices") if mutation is not None else "prices"
    _allow(VECTORS_SECONDS)
    if noticed := _first_vector(vectors, first):
        return noticed
    if tests is None:
        return UNTRIED
    _allow(TESTS_SECONDS)
    return _first_test(tests) if tests else SURVIVED


def _allow(seconds: int) -> None:
    """End this process when it has taken as much more of the processor."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def _first_vector(vectors: Mapping[str, Sequence[Any]], first: str) -> str:
    from tests.conformance.vector_answers import ANSWERS, comparable

    for kind in sorted(vectors, key=lambda one: one != first):
        for vector in vectors[kind]:
            try:
                same = ANSWERS[kind](vector) == comparable(kind, vector)
            except (NameError, ImportError):
                raise
            except Exception:  # noqa: BLE001  (a broken room may raise anything)
                same = False
            if not same:
                return str(vector.get("id") or vector["code"])
    return SURVIVED


class FirstFailure:
    """A plugin of pytest that remembers the first test that failed."""

    name = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.name:
            self.name = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.name:
            self.name = f"collecting {report.nodeid}"


def test_files() -> Sequence[str]:
    """The files of the room's tests, those of its laws last, as they take longest."""
    files = sorted(TESTS.glob("test_*.py"), key=lambda path: "laws" in path.name)
    return [str(path) for path in files if path.name != "test_mutations.py"]


def _first_test(tests: Sequence[str]) -> str:
    os.environ["BILLSYNC_TEST_BUDGET"] = "test"
    hypothesis.settings.register_profile("mutants", deadline=None, database=None)
    hypothesis.settings.load_profile("mutants")
    options = ("-x", "-q", "--no-header", "--noconftest", "--import-mode=importlib", "-p", "no:cacheprovider")
    where = ("--hypothesis-seed=0", "-c", os.devnull, f"--rootdir={ROOT}")
    failure = FirstFailure()
    with redirect_stdout(io.StringIO()):
        status = pytest.main([*options, *where, *tests], plugins=[failure])
    return failure.name or (SURVIVED if status == 0 else f"tests: status {status}")


def read_vectors() -> Mapping[str, Sequence[Any]]:
    """Every file of vectors: its name -> the vectors in it."""
    paths = sorted(VECTORS.glob("*.jsonl"))
    return {path.stem: [json.loads(line) for line in path.read_text("utf-8").splitlines()] for path in paths}


def main(arguments: Sequence[str]) -> int:
    parser = ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("words", nargs="*")
    parser.add_argument("--tests-for", type=int, default=1, metavar="N")
    given = parser.parse_args(arguments)
    chosen = [one for one in mutations() if all(word in one.name for word in given.words)]
    misfit = misfits(chosen)
    for name in misfit:
        print(f"doesn't fit the code any more: {name}", file=sys.stderr)
    if misfit:
        return 2
    found = answers(chosen, given.tests_for)
    if failing := failing_unbroken(found):
        print(f"the unbroken code doesn't pass: {failing}", file=sys.stderr)
        return 2
    return report(chosen, found)


def report(chosen: Sequence[Mutation], found: Sequence[str]) -> int:
    """Print what noticed each mutation; 1 when one survived, 2 when one isn't code that runs."""
    for one, answer in zip(chosen, found, strict=True):
        print(f"{one.module:<18} {one.name:<62} {answer or 'SURVIVED'}")
    stillborn = [one.name for one, answer in zip(chosen, found, strict=True) if answer.startswith(STILLBORN)]
    for name in stillborn:
        print(f"isn't code that runs: {name}", file=sys.stderr)
    if stillborn:
        return 2
    survivors, untried = found.count(SURVIVED), found.count(UNTRIED)
    noticed = len(chosen) - survivors - untried
    print(f"{len(chosen)} ways to break it, {noticed} noticed, {untried} not tested, {survivors} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main(sys.argv[1:]))
