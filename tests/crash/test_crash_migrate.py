"""Law 3 for `migrate`: whatever goes wrong at any call of its waves, a run again ends where an undisturbed run ends."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from billsync.app.migration.migrate import MigrationScope, carry_out_waves, plan_migration
from billsync.model.result import StepResult
from billsync.report.migration.waves import parse_shares
from tests.crash.conftest import IN_MEMORY, Count
from tests.crash.migrated_shop import KEYS, plans, shop
from tests.crash.struck_runs import Call, StruckRun, spread
from tests.support.crash_harness import Attempt, Harness, Journey, harness_of
from tests.support.faults import FAULTS, Fault
from tests.support.seeded import seeded
from tests.support.world import NoJournal, World, Wrap, declared

pytestmark = [pytest.mark.thorough, pytest.mark.crash]

LAW = "one migration, and a migration again"
MIGRATIONS = {
    "at renewal": (plans, "at_renewal"),
    "at once": (shop, "immediate"),
}
"""The files with which subscriptions are moved, and when. With those that declare them, a sync afterwards is empty."""


def migration(timing: str) -> Attempt:
    """A migration in two waves by a client that knows nothing."""
    shares = parse_shares("25%,rest")
    assert isinstance(shares, tuple)
    scope = MigrationScope("pro", "latest", timing=timing, shares=shares, allow={"bills-twice": ""})

    def attempt(journey: Journey, world: World, wrap: Wrap) -> tuple[str, ...]:
        connection = world.connection(wrap)
        found = plan_migration(connection, journey.last, scope, lambda text: None)
        refused = [f"{guard.code}: {guard.reason}" for guard in found.plan.guards]
        refused += [f"{one.address.text}: {one.reason}" for each in found.waves for one in each.refused]
        results: list[StepResult] = []
        carry_out_waves(
            connection,
            found,
            (),
            journal=NoJournal(),
            may_begin=lambda _: True,
            on_result=results.append,
            manner=journey.manner,
        )
        return (*refused, *(f"{one.step.id} {one.status.value}: {one.reason}" for one in results if one.reason))

    return attempt


@pytest.fixture(scope="module")
def struck() -> Iterator[Callable[[str], Harness]]:
    """The harness of each migration, made once."""
    made: dict[str, Harness] = {}
    with TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:

        def harness(name: str) -> Harness:
            if name not in made:
                files, timing = MIGRATIONS[name]
                before = [declared(shop(price)) for price in ("20", "15")]
                place = Path(folder, timing)
                place.mkdir()
                journey = Journey(name, (*before, declared(files("15"))), manner=seeded(1))
                made[name] = harness_of(journey, place, migration(timing))
            return made[name]

        yield harness


def points(struck: Callable[[str], Harness], name: str) -> list[tuple[Call, Fault]]:
    """The calls of a migration that are struck, with their faults; both share the signatures of what they read."""
    calls = defaultdict(list)
    for each in MIGRATIONS:
        for point, signature in struck(each).whole.calls.items():
            calls[signature].append(Call(StruckRun(Path(each)), point, signature))
    return [(call, fault) for call, fault in spread(calls, FAULTS) if call.run == StruckRun(Path(name))]


@pytest.mark.parametrize("name", MIGRATIONS)
def test_a_migration_after_a_fault_ends_where_an_undisturbed_one_does(
    name: str, struck: Callable[[str], Harness], count: Count
) -> None:
    harness = struck(name)
    chosen = points(struck, name)

    found = [trouble for each, fault in chosen for trouble in harness.troubles_at(fault, each.point)]

    count(LAW, [(each, fault.name) for each, fault in chosen])
    assert {each.point for each, _ in chosen} == set(harness.whole.calls)
    assert found == []


@pytest.mark.parametrize("name", MIGRATIONS)
def test_an_undisturbed_migration_moves_everybody(name: str, struck: Callable[[str], Harness]) -> None:
    whole = struck(name).whole

    assert sum(point.path.endswith("/change") for point in whole.calls) == len(KEYS)
    moved = [row for row in whole.state.rows["subscription"] if row["plan"]["version"] == 2]
    assert len(moved) == len(KEYS)
