"""Sums up the steps that state machines took, for the end of the run."""

from __future__ import annotations

import pytest

STEPS = "steps of state machines"


def steps_in(reports: list[pytest.TestReport]) -> int:
    """The steps that tests have noted."""
    return sum(int(str(value)) for report in reports for name, value in report.user_properties if name == STEPS)
