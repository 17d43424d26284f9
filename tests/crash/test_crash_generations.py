"""Law 3 on other generations of the API: the journeys that name them, struck at every call.

Each signature of a call meets every fault once, and each call some fault; with `-m exhaustive` each call each fault.
"""

from collections.abc import Sequence

import pytest

from billsync.local.server.editions import EDITIONS
from tests.crash.conftest import Count
from tests.crash.struck_runs import Call, Runs, StruckRun, generation_of, spread, struck_on
from tests.support.faults import FAULTS, Fault

pytestmark = [pytest.mark.thorough, pytest.mark.crash]

LAW = "one run, and a run again, on other generations"


CASES = [
    pytest.param(run, id=str(run), marks=pytest.mark.generation(generation_of(edition)))
    for edition in EDITIONS
    for run in struck_on(edition)
]


def troubles(runs: Runs, run: StruckRun, struck: Sequence[tuple[Call, Fault]]) -> list[str]:
    harness = runs.harness(run)
    return [trouble for call, fault in struck for trouble in harness.troubles_at(fault, call.point)]


@pytest.mark.parametrize("run", CASES)
def test_a_run_after_a_fault_ends_as_usual_there_too(run: StruckRun, runs: Runs, count: Count) -> None:
    all_calls = runs.calls(struck_on(run.edition))
    struck = [(call, fault) for call, fault in spread(all_calls, FAULTS) if call.run == run]

    found = troubles(runs, run, struck)

    count(LAW, [(call, fault.name) for call, fault in struck])
    assert found == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("run", CASES)
def test_a_run_after_any_fault_ends_as_usual_there_too(run: StruckRun, runs: Runs, count: Count) -> None:
    calls = [call for same in runs.calls((run,)).values() for call in same]
    struck = [(call, fault) for call in calls for fault in FAULTS]

    found = troubles(runs, run, struck)

    count(LAW, [(call, fault.name) for call, fault in struck])
    assert found == []
