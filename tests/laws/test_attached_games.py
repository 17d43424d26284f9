"""Whatever people edit and click, one run does all that it says, and another has nothing to do."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.model.change import Outcome
from billsync.model.result import Status
from tests.laws.test_attached import DAY, LATER, NOW, links, text
from tests.support.budgets import examples
from tests.support.configurations import EVERY_FLAG
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

ALLOWED = {name: value for name, value in EVERY_FLAG.items() if name != "revert"}
TIMINGS = ("immediate", "next_billing_cycle")

_QUANTITY = st.integers(0, 4).map(lambda number: f"{{addon: blocks, quantity: {number}}}")
_LISTS = st.lists(_QUANTITY | st.just("{addon: maps}"), unique_by=lambda one: one[:13], max_size=2)
DECLARED = st.tuples(
    st.sampled_from(["pro", "max", "later"]),
    st.sampled_from([NOW, LATER]),
    st.sampled_from(["", "", "", "ends: at_renewal, "]),
    _LISTS.map(lambda members: f"addons: [{', '.join(members)}]") | st.just(""),
).map(lambda parts: f"plan: {parts[0]}, {''.join(parts[1:])}".rstrip(", "))
SYNC = st.tuples(st.just("sync"), DECLARED, st.booleans())
WAIT = st.tuples(st.just("wait"), st.sampled_from([1, 5, 12, 31]))
CLICK = st.tuples(
    st.sampled_from(["attach", "quantity", "cancel"]), st.integers(0, 9), st.integers(0, 2), st.sampled_from(TIMINGS)
)


def click(world: World, what: str, which: int, number: int, timing: str) -> None:
    """What somebody does in a portal; the server may refuse it."""
    running = [row["id"] for row in links(world) if row["status"] == "active"]
    if not running:
        return
    path, body = f"/subscriptions/{running[-1]}", {"timing": timing}
    with world.http() as http:
        addons, rows = (http.get(place).json()["data"] for place in ("/addons", f"{path}/addons"))
        if what == "cancel":
            http.post(f"{path}/cancel", json={"timing": TIMINGS[1]})
        elif what == "attach":
            http.post(
                f"{path}/addons", json={**body, "addon": {"id": addons[which % len(addons)]["id"]}, "quantity": 1}
            )
        elif rows:
            row = rows[which % len(rows)]["id"]
            http.patch(f"http://local.invalid/api/v1{path}/addons/{row}", json={**body, "quantity": number})


def sync(world: World, subscription: str, *, reverts: bool) -> None:
    """One run does what it says, and the next has nothing to do."""
    desired, allow = declared(text(subscription)), {**ALLOWED, **({"revert": ""} if reverts else {})}
    run = world.sync(desired, allow=allow)
    assert {result.status for result in run.report.results} <= {Status.DONE}, run.report
    plan = world.plan(desired, allow=allow)
    assert [change for change in plan.changes if change.outcome is Outcome.PENDING] == []


@given(st.lists(SYNC | WAIT | CLICK, min_size=2, max_size=7))
@settings(deadline=None, max_examples=examples(24))
def test_one_run_converges_whatever_was_done_before(acts: list[tuple[Any, ...]]) -> None:
    world = World()
    sync(world, "plan: pro, addons: [{addon: blocks, quantity: 2}]", reverts=False)
    for act in acts:
        match act:
            case ("sync", str(subscription), bool(reverts)):
                sync(world, subscription, reverts=reverts)
            case ("wait", int(days)):
                world.clock.advance(days * DAY)
            case (str(what), int(which), int(number), str(timing)):
                click(world, what, which, number, timing)
    world.close()
