from typing import Any

import pytest

from billsync.app.reading.plan_shelf import PlanShelf
from billsync.app.server.connection import Connection
from billsync.core.observed.index import Index
from billsync.model.address import Address
from billsync.model.ports import Answer
from billsync.model.state import Row, Snapshot
from tests.support.clock import FakeClock

MEMBER = {"id": "member-1", "addon": {"id": "addon-1"}, "from_plan_phase": "default"}
PAGE = Answer(200, {"data": [MEMBER], "meta": {"page": {"total": 1}}})
REFUSED = Answer(404, None, "no such path")


class Scripted:
    """A remote with one answer for all, which remembers what it was asked for."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[str] = []

    def get(self, path: str, query: Any = ()) -> Answer:
        self.asked.append(path)
        return self._answer

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        raise AssertionError(f"{method} {path}")


def over(remote: Scripted, *plans: dict[str, Any], names: dict[str, Address] | None = None) -> PlanShelf:
    """A shelf over these plan versions and names, which the comparison read."""
    rows = {"plan": tuple(Row("plan", plan["id"], plan) for plan in plans)}
    connection = Connection(remote, FakeClock(), "test", "openmeter")
    return PlanShelf(connection, Snapshot(rows), Index(names or {}))


def test_a_plan_version_that_is_in_no_list_is_read_by_its_id_once() -> None:
    remote = Scripted(Answer(200, {"id": "plan-1", "key": "pro"}))
    shelf = over(remote)

    found = [shelf.plan("plan-1") for _ in range(2)]

    assert found == [{"id": "plan-1", "key": "pro"}] * 2
    assert remote.asked == ["/openmeter/plans/plan-1"]


def test_a_plan_version_that_can_not_be_read_is_asked_for_once() -> None:
    remote = Scripted(REFUSED)
    shelf = over(remote)

    assert [shelf.plan("plan-1") for _ in range(2)] == [None, None]
    assert remote.asked == ["/openmeter/plans/plan-1"]


@pytest.mark.parametrize(("answer", "offers"), [(PAGE, (MEMBER,)), (REFUSED, None)])
def test_what_a_plan_version_offers_is_read_once(answer: Answer, offers: Any) -> None:
    remote = Scripted(answer)
    shelf = over(remote, {"id": "plan-1"})

    assert [shelf.offers("plan-1") for _ in range(2)] == [offers, offers]
    assert remote.asked == ["/openmeter/plans/plan-1/addons"]


def test_what_the_comparison_read_is_not_read_again() -> None:
    remote = Scripted(REFUSED)
    shelf = over(remote, {"id": "plan-1", "addons": [MEMBER]}, names={"addon-1": Address("addon", ("boost",), 1)})

    assert (shelf.plan("plan-1"), shelf.offers("plan-1")) == ({"id": "plan-1", "addons": [MEMBER]}, (MEMBER,))
    assert shelf.addon_key("addon-1") == "boost"
    assert remote.asked == []


@pytest.mark.parametrize(
    ("answer", "key"), [(Answer(200, {"key": "boost"}), "boost"), (Answer(200, {}), "addon-1"), (REFUSED, "addon-1")]
)
def test_an_addons_key_is_read_once_and_falls_back_to_its_id(answer: Answer, key: str) -> None:
    """The key of an add-on is read once from its row; without a key in the row, the id stands for it."""
    remote = Scripted(answer)
    shelf = over(remote)

    assert [shelf.addon_key("addon-1") for _ in range(2)] == [key, key]
    assert shelf.addon_keys == {"addon-1": key}
    assert remote.asked == ["/openmeter/addons/addon-1"]
