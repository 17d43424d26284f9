"""What every test has: an OpenAPI recorder on its HTTP traffic."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.recorder import Recorder, recorder
from tests.support.tally import pytest_terminal_summary
from tests.support.traffic import watch

settings.register_profile("billsync", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("billsync")  # nothing is timed: a slow machine is no defect

__all__ = ["openapi", "pytest_terminal_summary"]


@pytest.fixture(autouse=True)
def openapi(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """The recorder of this test; the test fails when billsync or the local server broke the vendor's document."""
    notes = recorder()
    watch(notes, monkeypatch)
    yield notes
    assert not notes.faults, "invalid traffic:\n" + "\n".join(notes.faults[:10])
