"""Sums up the fault points and the steps of state machines for the end of the run, also of several processes."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.support.step_counts import STEPS, steps_in

FAULT_POINTS = "fault points"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each law whose tests have noted fault points."""
    tried: dict[str, list[str]] = defaultdict(list)
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, pairs in getattr(report, "user_properties", ()):
                if name.startswith(FAULT_POINTS) and getattr(report, "when", "") == "call":
                    tried[name] += pairs
    for name, pairs in sorted(tried.items()):
        terminalreporter.write_line(f"{name}: {len(pairs)} tried, {len(set(pairs))} distinct (signature, fault) pairs")
    if steps := steps_in(terminalreporter.getreports("passed")):
        terminalreporter.write_line(f"{STEPS}: {steps}")
