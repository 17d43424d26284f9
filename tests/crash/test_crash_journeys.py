"""Law 3 for changes of what is already live: each folder in journeys/ holds states that are synced in their order."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.crash_harness import Journey, Start, from_files, from_plan_file, troubles_at, undisturbed
from tests.support.faults import FAULTS, Fault
from tests.support.world import declared_in

JOURNEYS = sorted(path for path in (Path(__file__).parent / "journeys").iterdir() if path.is_dir())
SAVED_TOO = frozenset({"a-dearer-add-on", "an-edited-price", "things-taken-away"})
"""The journeys whose saved plan file is run, and run again, as well."""
LEAST_CALLS = 8


def journey_of(folder: Path) -> Journey:
    return Journey(folder.name, tuple(declared_in(state) for state in sorted(folder.glob("*.yaml"))))


@pytest.mark.crash
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("folder", JOURNEYS, ids=lambda folder: folder.name)
def test_a_change_after_a_fault_ends_where_an_undisturbed_one_does(
    folder: Path, fault: Fault, tmp_path: Path, count: Callable[[str, int], None]
) -> None:
    journey = journey_of(folder)
    start = Start(journey, tmp_path)
    saved = from_plan_file(start.world().plan_file(journey.last))
    attempts = (from_files, saved) if journey.name in SAVED_TOO else (from_files,)

    tried, troubles = 0, []
    for attempt in attempts:
        whole = undisturbed(journey, start, attempt)
        for point in whole.calls:
            troubles += troubles_at(journey, start, whole, fault=fault, point=point, attempt=attempt)
        tried += len(whole.calls)

    count(f"journey {folder.name}", tried)
    assert troubles == []
    assert tried >= len(attempts) * LEAST_CALLS


@pytest.mark.parametrize("folder", JOURNEYS, ids=lambda folder: folder.name)
def test_each_journey_writes_something_and_then_nothing_more(folder: Path, tmp_path: Path) -> None:
    journey = journey_of(folder)
    start = Start(journey, tmp_path)

    whole = undisturbed(journey, start)

    assert len(journey.states) > 1
    assert [call for call in whole.calls if call.writes] != []
