"""What every test has: an OpenAPI recorder on its HTTP traffic."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.fault_counts import pytest_terminal_summary
from tests.support.recorder import Recorder, recorder
from tests.support.traffic import watch

settings.register_profile("billsync", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("billsync")  # nothing is timed: a slow machine is no defect

__all__ = ["openapi", "pytest_terminal_summary"]
EXHAUSTIVE = "exhaustive"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the exhaustive tests, unless `-m` names them."""
    if EXHAUSTIVE in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker(EXHAUSTIVE)]
    items[:] = [item for item in items if not item.get_closest_marker(EXHAUSTIVE)]
    config.hook.pytest_deselected(items=left_out)


@pytest.fixture(autouse=True)
def openapi(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """The recorder of this test; the test fails when billsync or the local server broke the vendor's document."""
    notes = recorder()
    watch(notes, monkeypatch)
    yield notes
    assert not notes.faults, "invalid traffic:\n" + "\n".join(notes.faults[:10])
