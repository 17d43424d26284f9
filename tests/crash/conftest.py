"""What the crash tests share: the harness of each run, and the count of the fault points that were tried."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import pytest

from tests.crash.struck_runs import Call, Runs
from tests.support.fault_counts import FAULT_POINTS

IN_MEMORY = Path("/dev/shm")
Count = Callable[[str, Iterable[tuple[Call, str]]], None]


@pytest.fixture(scope="session")
def runs() -> Iterator[Runs]:
    """The harnesses of this process, by run; their databases are in memory where the system has a place for that."""
    with TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:
        yield Runs(lambda: Path(mkdtemp(dir=folder)))


@pytest.fixture
def count(record_property: Callable[[str, object], None]) -> Count:
    """Notes which faults were tried at which calls, for the lines at the end of the run."""

    def noted(law: str, tried: Iterable[tuple[Call, str]]) -> None:
        record_property(f"{FAULT_POINTS}, {law}", [f"{call.signature} × {fault}" for call, fault in tried])

    return noted
