"""What every test has: an OpenAPI recorder on its HTTP traffic."""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.budgets import choose, examples
from tests.support.ca_bundle import load_once
from tests.support.fault_counts import pytest_terminal_summary
from tests.support.generations import compiled_document
from tests.support.recorder import Recorder, recorder
from tests.support.times import Times
from tests.support.traffic import watch
from tests.support.without_libraries import hide_libraries

__all__ = ["openapi", "pytest_terminal_summary"]
EXHAUSTIVE = "exhaustive"


def pytest_configure(config: pytest.Config) -> None:
    """Nothing is timed: a slow machine is no defect. With `-m exhaustive`, laws try many more examples."""
    config.pluginmanager.register(Times())
    hide_libraries()
    load_once()
    gc.disable()  # until the tests are collected: what is made until then stays
    choose(EXHAUSTIVE if EXHAUSTIVE in config.option.markexpr else "test")
    settings.register_profile(
        "billsync", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=examples()
    )
    settings.load_profile("billsync")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the exhaustive tests, unless `-m` names them: then the laws, whose budget is larger, are of them."""
    if EXHAUSTIVE in config.option.markexpr:
        for item in items:
            if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
                item.add_marker(EXHAUSTIVE)
        return
    left_out = [item for item in items if item.get_closest_marker(EXHAUSTIVE)]
    items[:] = [item for item in items if not item.get_closest_marker(EXHAUSTIVE)]
    config.hook.pytest_deselected(items=left_out)


def pytest_collection_finish() -> None:
    """The tests, and the modules that they import, are never garbage: nobody looks for any among them again. For other
    garbage it is looked as seldom as in a command."""
    from billsync.cli.main import COLLECT_AFTER  # after the libraries were hidden

    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    gc.enable()


@pytest.fixture(autouse=True)
def openapi(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """The recorder of this test; the test fails when billsync or the local server broke the vendor's document.

    Tests marked `generation("konnect@1.2")` are checked against the document of that one.
    """
    marker = request.node.get_closest_marker("generation")
    notes = Recorder(compiled_document(*marker.args)) if marker else recorder()
    watch(notes, monkeypatch)
    yield notes
    assert not notes.faults, "invalid traffic:\n" + "\n".join(notes.faults[:10])
