"""Law 3 for every example: whatever goes wrong at any call, a run again ends where an undisturbed run ends."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.crash_harness import Journey, Start, from_plan_file, troubles_at, undisturbed
from tests.support.faults import FAULTS, Fault, Point
from tests.support.world import declared_in, examples

QUICK = "prepaid-credits"
LEAST_CALLS = {QUICK: 24}
MOST_CALLS, STRIDE = 50, 10
"""An example with more calls than that is too slow for every fault at every call: there each call gets every tenth
fault, and each fault every tenth call, so that still no call goes without."""
CALLS_AN_ENTITY = 3
"""Each entity is looked at, written, and looked at again: no example may have fewer fault points than that."""


def cases() -> Iterator[object]:
    for example in examples():
        for fault in FAULTS:
            marks = () if example.name == QUICK else (pytest.mark.crash,)
            yield pytest.param(example, fault, id=f"{example.name}: {fault.name}", marks=marks)


def journey_of(example: Path) -> Journey:
    return Journey(example.name, (declared_in(example),))


def struck_by(fault: Fault, calls: tuple[Point, ...]) -> list[Point]:
    """The calls that a fault strikes: all, or its share of many."""
    if len(calls) <= MOST_CALLS:
        return list(calls)
    return [call for number, call in enumerate(calls) if (number + FAULTS.index(fault)) % STRIDE == 0]


def least(journey: Journey) -> int:
    return LEAST_CALLS.get(journey.name, CALLS_AN_ENTITY * len(journey.last.entities))


def test_the_prepaid_example_is_there() -> None:
    names = [example.name for example in examples()]

    found = QUICK in names

    assert found, names


@pytest.mark.parametrize(("example", "fault"), list(cases()))
def test_a_run_after_a_fault_ends_where_an_undisturbed_one_does(
    example: Path, fault: Fault, tmp_path: Path, count: Callable[[str, int], None]
) -> None:
    journey = journey_of(example)
    start = Start(journey, tmp_path)
    whole = undisturbed(journey, start)

    struck = struck_by(fault, whole.calls)
    troubles = [t for point in struck for t in troubles_at(journey, start, whole, fault=fault, point=point)]

    count(example.name, len(struck))
    assert troubles == []
    assert len(whole.calls) >= least(journey)


@pytest.mark.crash
@pytest.mark.parametrize(("example", "fault"), [case for case in cases() if QUICK in str(case)])
def test_a_plan_file_run_again_after_a_fault_ends_where_an_undisturbed_one_does(
    example: Path, fault: Fault, tmp_path: Path, count: Callable[[str, int], None]
) -> None:
    journey = journey_of(example)
    start = Start(journey, tmp_path)
    attempt = from_plan_file(start.world().plan_file(journey.last))
    whole = undisturbed(journey, start, attempt)

    troubles = [
        trouble
        for point in whole.calls
        for trouble in troubles_at(journey, start, whole, fault=fault, point=point, attempt=attempt)
    ]

    count(f"{example.name} as a plan file", len(whole.calls))
    assert troubles == []
    assert len(whole.calls) >= CALLS_AN_ENTITY * len(journey.last.entities)


def test_in_a_large_example_no_call_goes_without_a_fault() -> None:
    calls = tuple(Point("GET", f"/{number}") for number in range(MOST_CALLS + 7))

    struck = {call for fault in FAULTS for call in struck_by(fault, calls)}

    assert struck == set(calls)
