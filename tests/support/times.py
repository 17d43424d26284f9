"""The processor's time of each test, by room, and of the ten slowest: printed at the end of a run.

Seconds of the processor say what a test costs on any machine, busy or not; those of ended child processes count, too.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

CPU_SECONDS = "cpu seconds"
SLOWEST = 10
WORTH_SAYING = 5.0
"""A run that takes less prints nothing."""


class Times:
    """A plugin of pytest. With xdist each worker measures its own tests, and the main process adds up."""

    def __init__(self) -> None:
        self._began = 0.0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        self._began = cpu_seconds()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[Any]) -> Iterator[None]:
        if call.when == "teardown":
            item.user_properties.append((CPU_SECONDS, cpu_seconds() - self._began))
        return (yield)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        taken = Counter[str]()
        for reports in terminalreporter.stats.values():
            for report in reports:
                if getattr(report, "when", "") == "teardown":
                    taken[report.nodeid] += dict(report.user_properties).get(CPU_SECONDS, 0.0)
        if taken.total() >= WORTH_SAYING:
            terminalreporter.write_line("\n".join(lines(taken)))


def cpu_seconds() -> float:
    """What this process and its ended children have taken of the processor, in user and in system mode."""
    taken = os.times()
    return taken.user + taken.system + taken.children_user + taken.children_system


def lines(taken: Counter[str]) -> Iterator[str]:
    """The sums by room, the dearest first, and the slowest tests."""
    rooms = Counter[str]()
    for test, seconds in taken.items():
        rooms[room(test)] += seconds
    named = ", ".join(f"{name} {seconds:.0f}" for name, seconds in rooms.most_common())
    yield f"CPU seconds of {len(taken):,} tests: {taken.total():.0f} ({named})"
    yield from (f"{seconds:8.1f}  {test}" for test, seconds in taken.most_common(SLOWEST))


def room(test: str) -> str:
    """The folder of a test's module below `tests/`; "tests" for a module that stands there itself."""
    folders = test.partition("::")[0].split("/")
    return folders[1] if len(folders) > 2 else folders[0]
