"""Law 3: whatever goes wrong at any call, a run again ends where an undisturbed run ends.

For each commit every signature of a call is struck with every fault once, and every call with some fault. The
exhaustive tests strike every call with every fault, and make every second run.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from billsync.api.routes import routes
from billsync.kinds.registry import KINDS
from billsync.model.kind import Registry
from tests.crash.conftest import Count
from tests.crash.struck_runs import Call, Calls, Runs, StruckRun, saved_runs, spread, struck_runs
from tests.support.crash_harness import harness
from tests.support.faults import FAULTS, Fault, Point
from tests.support.made_once import MadeOnce

pytestmark = pytest.mark.thorough

ALL_RUNS = struck_runs()
LAW = "one run, and a run again"
FAULTS_AT_ONCE = [FAULTS[start : start + 7] for start in range(0, len(FAULTS), 7)]
"""The faults of one test. Neighbours leave the same states behind, whose second runs are remembered."""


def marked(run: StruckRun) -> object:
    return pytest.param(run, id=str(run), marks=() if run.quick else pytest.mark.crash)


def chosen(runs: Runs, run: StruckRun) -> list[tuple[Call, Fault]]:
    """The calls of a run that are struck, with their faults."""
    return [(call, fault) for call, fault in spread(runs.calls(ALL_RUNS), FAULTS) if call.run == run]


def troubles(runs: Runs, struck: Iterable[tuple[Call, Fault]]) -> list[str]:
    return [trouble for call, fault in struck for trouble in runs.harness(call.run).troubles_at(fault, call.point)]


def never_created(kinds: Registry, signatures: Iterable[str]) -> list[str]:
    """The kinds, and the parts of kinds, that no call creates."""
    collections = {name: routes("openmeter")[name].collection for name in kinds}
    for name in kinds:
        collections |= {f"{name}.{part.field}": part.collection for part in routes("openmeter")[name].parts}
    created = {signature.removeprefix("POST /api/v3").partition(" ")[0] for signature in signatures}
    return [name for name, path in collections.items() if path.replace("{parent}", "{id}") not in created]


def numbered(*sizes: int) -> Calls:
    """So many calls of each of some signatures."""
    run = ALL_RUNS[0]
    return {
        f"GET /{size}": [Call(run, Point("GET", f"/{size}/{n}"), f"GET /{size}") for n in range(size)] for size in sizes
    }


@pytest.mark.parametrize("faults", FAULTS_AT_ONCE, ids=lambda faults: f"from {faults[0].name}")
@pytest.mark.parametrize("run", [marked(run) for run in ALL_RUNS])
def test_a_run_after_a_fault_ends_where_an_undisturbed_one_does(
    run: StruckRun, faults: Sequence[Fault], runs: Runs, count: Count
) -> None:
    struck = [(call, fault) for call, fault in chosen(runs, run) if fault in faults]

    found = troubles(runs, struck)

    count(LAW, [(call, fault.name) for call, fault in struck])
    assert found == []


@pytest.mark.parametrize("run", [marked(run) for run in ALL_RUNS])
def test_each_call_of_a_run_is_struck(run: StruckRun, runs: Runs) -> None:
    struck = chosen(runs, run)

    assert {call.point for call, _ in struck} == set(runs.harness(run).whole.calls)
    assert {fault for _, fault in struck} <= {fault for faults in FAULTS_AT_ONCE for fault in faults}


@pytest.mark.exhaustive
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("run", dict.fromkeys((*ALL_RUNS, *saved_runs())), ids=str)
def test_a_run_after_any_fault_ends_like_an_undisturbed_run(
    run: StruckRun, fault: Fault, runs: Runs, count: Count
) -> None:
    """A run after any fault at any call leaves the state of an undisturbed run."""
    harness = runs.harness(run).unremembering
    calls = [call for same in runs.calls((run,)).values() for call in same]

    found = [trouble for call in calls for trouble in harness.troubles_at(fault, call.point)]

    count(LAW, [(call, fault.name) for call in calls])
    assert found == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("run", [run for run in ALL_RUNS if not run.saved], ids=str)
def test_a_run_after_any_fault_ends_so_over_the_other_threads(run: StruckRun, count: Count, tmp_path: Path) -> None:
    """Runs that are struck over one shared thread are struck over several ones, too, and the other way round."""
    struck = harness(run.over_the_other, tmp_path)

    found = [
        trouble for fault in FAULTS for point in struck.whole.calls for trouble in struck.troubles_at(fault, point)
    ]

    calls = [Call(run, point, signature) for point, signature in struck.whole.calls.items()]
    count(f"{LAW}, the other threads", [(call, fault.name) for fault in FAULTS for call in calls])
    assert found == []


@pytest.mark.parametrize("run", ALL_RUNS, ids=str)
def test_a_struck_run_makes_the_calls_that_its_entities_need(run: StruckRun, runs: Runs) -> None:
    """A run that faults strike writes, and has at least the calls that its entities need."""
    harness = runs.harness(run)

    calls = harness.whole.calls

    assert [point for point in calls if point.writes] != []
    assert len(calls) >= run.least(harness.journey)


def test_every_kind_of_the_registry_is_created_in_some_run(runs: Runs) -> None:
    signatures = runs.calls(ALL_RUNS)

    missing = never_created(KINDS, signatures)

    assert missing == []


def test_a_kind_that_no_run_creates_is_named(runs: Runs) -> None:
    signatures = [signature for signature in runs.calls(ALL_RUNS) if "/plans" not in signature]

    missing = never_created(KINDS, signatures)

    assert missing == ["plan", "plan.addons"]


@pytest.mark.parametrize("size", [1, 7, len(FAULTS), len(FAULTS) + 1, 3 * len(FAULTS) + 5])
def test_each_signature_meets_each_fault_and_each_call_some_fault(size: int) -> None:
    calls = numbered(size, 2)

    struck = list(spread(calls, FAULTS))

    pairs = {(call.signature, fault.name) for call, fault in struck}
    assert pairs == {(signature, fault.name) for signature in calls for fault in FAULTS}
    assert {call.point for call, _ in struck} == {call.point for same in calls.values() for call in same}
    assert len(struck) == max(size, len(FAULTS)) + len(FAULTS)


def test_the_choice_of_faults_is_the_same_each_time(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> None:
    few = [run for run in ALL_RUNS if "a-dearer-add-on" in str(run)]
    other = Runs(lambda: tmp_path_factory.mktemp("other"), MadeOnce(tmp_path_factory.mktemp("made")))

    assert list(spread(runs.calls(few), FAULTS)) == list(spread(other.calls(few), FAULTS))
