"""What the crash tests share: counting the fault points that were tried."""

from collections.abc import Callable

import pytest

from tests.support.fault_counts import FAULT_POINTS

Count = Callable[[str, int], None]


@pytest.fixture
def count(record_property: Callable[[str, object], None]) -> Count:
    """Notes how many fault points were tried, for the line at the end of the run."""

    def noted(name: str, number: int) -> None:
        record_property(f"{FAULT_POINTS} tried, {name}", number)

    return noted
