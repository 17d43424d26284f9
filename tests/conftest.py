"""What every test has: an OpenAPI recorder on its HTTP traffic."""

from collections.abc import Iterator

import pytest

from tests.support.recorder import Recorder, recorder
from tests.support.tally import pytest_terminal_summary
from tests.support.traffic import watch

__all__ = ["openapi", "pytest_terminal_summary"]


@pytest.fixture(autouse=True)
def openapi(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """The recorder of this test; the test fails when billsync or the local server broke the vendor's document."""
    notes = recorder()
    watch(notes, monkeypatch)
    yield notes
    assert not notes.faults, "invalid traffic:\n" + "\n".join(notes.faults[:10])
