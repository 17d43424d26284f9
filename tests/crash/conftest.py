"""What the crash tests share: the harness of each run, and the count of the fault points that were tried."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import pytest

from tests.crash.struck_runs import Call, Runs
from tests.support.fault_counts import FAULT_POINTS
from tests.support.made_once import MadeOnce

IN_MEMORY = Path("/dev/shm")
WORKER = "PYTEST_XDIST_WORKER"
"""Set by pytest-xdist in each of the processes among which it distributes the tests."""
Count = Callable[[str, Iterable[tuple[Call, str]]], None]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """The harnesses of this process, by run; their databases are in memory where the system has a place for that."""
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if WORKER in os.environ else own) / "crash-harnesses"
    shared.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:
        yield Runs(lambda: Path(mkdtemp(dir=folder)), MadeOnce(shared))


@pytest.fixture
def count(record_property: Callable[[str, object], None]) -> Count:
    """Notes which faults were tried at which calls, for the lines at the end of the run."""

    def noted(law: str, tried: Iterable[tuple[Call, str]]) -> None:
        record_property(f"{FAULT_POINTS}, {law}", [f"{call.signature} × {fault}" for call, fault in tried])

    return noted
