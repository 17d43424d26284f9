"""Sums up what tests counted, and says so at the end of the whole run, also when several processes ran it."""

from __future__ import annotations

from collections import Counter

import pytest

FAULT_POINTS = "fault points"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line, where a test has counted fault points."""
    tried: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name.startswith(FAULT_POINTS) and getattr(report, "when", "") == "call":
                    tried[name] += value
    for name, number in sorted(tried.items()):
        terminalreporter.write_line(f"{name}: {number}")
