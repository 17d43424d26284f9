"""Two runs at once: a second client does the whole work while the first one stands between two of its calls.

Nothing is granted, subscribed or published twice. Versions of plans and add-ons have no key that the server keeps: the
first client may leave a draft behind when it was overtaken between its look and its call; then it must say so.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from billsync.model.ports import RemoteError
from tests.support.crash_harness import Journey, Start, Wire, differences, from_files, undisturbed
from tests.support.faults import Deliver, Fault
from tests.support.world import EXAMPLES, World, as_it_is, declared_in

JOURNEYS = Path(__file__).parent / "journeys"
LEAST_CALLS = 8


def journeys() -> list[object]:
    """The prepaid example from nothing, and every journey; all but the first are slow."""
    first = Journey("prepaid-credits", (declared_in(EXAMPLES / "prepaid-credits"),))
    found = [pytest.param(first, id=first.name)]
    for folder in sorted(JOURNEYS.iterdir()):
        states = tuple(declared_in(state) for state in sorted(folder.glob("*.yaml")))
        found.append(pytest.param(Journey(folder.name, states), id=folder.name, marks=pytest.mark.crash))
    return found


def overtaken(journey: Journey, world: World, *, before: bool) -> Fault:
    """Another client's whole run, before the server hears the call or after it has answered."""

    def strike(request: httpx.Request, deliver: Deliver) -> httpx.Response:
        if before:
            from_files(journey, world, as_it_is)
        response = deliver(request)
        response.read()
        if not before:
            from_files(journey, world, as_it_is)
        return response

    return Fault("overtaken", strike)


@pytest.mark.parametrize("before", [True, False], ids=["before a call", "after a call"])
@pytest.mark.parametrize("journey", journeys())
def test_two_runs_at_once_double_nothing(
    journey: Journey, before: bool, tmp_path: Path, count: Callable[[str, int], None]
) -> None:
    start = Start(journey, tmp_path)
    whole = undisturbed(journey, start)

    troubles: list[str] = []
    for point in whole.calls:
        world = start.world()
        wire = Wire(overtaken(journey, world, before=before), point)
        said: tuple[str, ...] = ()
        with suppress(RemoteError):
            said = from_files(journey, world, wire.wrap)
        left_over = tuple(world.drafts())
        cleared = from_files(journey, world, as_it_is)
        again = Wire()
        found = (*cleared, *from_files(journey, world, again.wrap), *differences(journey, world, whole.state))
        found += tuple(f"nobody spoke of {draft}" for draft in left_over if not any(draft in text for text in said))
        troubles += [f"{point}: {trouble}" for trouble in (*found, *map(str, again.transport.writes))]
        world.close()

    count(f"two runs of {journey.name}", len(whole.calls))
    assert troubles == []
    assert len(whole.calls) >= LEAST_CALLS
