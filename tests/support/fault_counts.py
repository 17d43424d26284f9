"""Sums up the fault points that tests tried, for the end of the run, also where several processes ran it."""

from __future__ import annotations

from collections import defaultdict

import pytest

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
