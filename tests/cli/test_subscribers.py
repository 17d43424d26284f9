from typing import Any

import pytest

from billsync.app.connection import Connection
from billsync.app.pipeline import Comparison
from billsync.app.subscribers import Subscriber, Subscribers
from billsync.core.index import Index
from billsync.model.change import PlanFile
from billsync.model.ports import Answer
from billsync.model.state import Desired, Snapshot
from tests.support.clock import FakeClock
from tests.support.subscription_rows import FEATURES, fee_card, subscription_row

PATH = "/openmeter/plans/plan-1"


class Shelf:
    """A remote with one answer, which remembers what it was asked for."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[str] = []

    def get(self, path: str, query: Any = ()) -> Answer:
        self.asked.append(path)
        return self._answer

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        raise AssertionError(f"{method} {path}")


def over(shelf: Shelf) -> Subscribers:
    """Subscribers where the comparison read nothing."""
    connection = Connection(shelf, FakeClock(), "test", "openmeter")
    comparison = Comparison(PlanFile("test", None, "diff", (), ()), Snapshot())
    return Subscribers(connection, Desired(), comparison, Index(), FEATURES)


def plan_row(*cards: dict[str, Any]) -> dict[str, Any]:
    phases = [{"key": "default", "rate_cards": list(cards)}]
    return {"id": "plan-1", "currency": "USD", "phases": phases, "deleted_at": "2026-10-01T00:00:00Z"}


ACME = Subscriber(subscription_row(fee_card("base", "10")), ("acme", "default"), None)


def test_a_plan_version_that_is_in_no_list_is_read_by_its_id_once() -> None:
    shelf = Shelf(Answer(200, plan_row(fee_card("base", "10"))))
    subscribers = over(shelf)

    found = [subscribers.cards_of(ACME) for _ in range(2)]

    assert [[slot.item.key for slot in one.of("default")] for one in found if one] == [["base"], ["base"]]
    assert shelf.asked == [PATH]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404, None, "no such plan"),
        Answer(200, {"id": "plan-1"}),
        Answer(200, plan_row({**fee_card("base", "10"), "price": {"type": "barter"}})),
    ],
)
def test_a_plan_version_that_can_not_be_read_has_no_cards(answer: Answer) -> None:
    shelf = Shelf(answer)
    subscribers = over(shelf)

    assert [subscribers.cards_of(ACME) for _ in range(2)] == [None, None]
    assert shelf.asked == [PATH]


def test_a_subscription_without_a_plan_has_no_cards_of_one() -> None:
    shelf = Shelf(Answer(404, None))
    custom = Subscriber({**ACME.row, "plan": None, "plan_id": None}, ACME.names, None)

    assert over(shelf).cards_of(custom) is None
    assert shelf.asked == []
