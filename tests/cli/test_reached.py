from decimal import Decimal
from typing import Any

import pytest

from billsync.app.reading.metering import live_subscription, query
from billsync.app.server.connection import Connection
from billsync.model.ports import Answer, RemoteError
from billsync.report.billing.usage import MeterSlice
from tests.support.clock import FakeClock
from tests.support.subscription_rows import FEATURES, subscription_row, unit, usage_card


class Answering:
    """A remote that answers every call with the same body."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        return self._answer

    def get(self, path: str, query: Any = ()) -> Answer:
        return self._answer


def asked(answer: Answer) -> tuple[Any, ...]:
    connection = Connection(Answering(answer), FakeClock(), "test", "openmeter")
    return query(connection, MeterSlice("m1", b"{}"), {})


ROW = {"from": "2026-09-01T00:00:00Z", "to": "2026-10-01T00:00:00Z", "value": "5", "dimensions": {}}


def test_rows_of_usage_are_passed_on() -> None:
    assert asked(Answer(200, {"data": [ROW]})) == (ROW,)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"data": None},
        {"data": ["x"]},
        {"data": [{**ROW, "value": Decimal(5)}]},
        {"data": [{**ROW, "value": "NaN"}]},
        {"data": [{**ROW, "from": "yesterday"}]},
        {"data": [{**ROW, "dimensions": "x"}]},
    ],
)
def test_what_is_no_usage_is_the_servers_error(body: Any) -> None:
    with pytest.raises(RemoteError, match="the answer is not a meter's usage"):
        asked(Answer(200, body))


def test_a_refused_query_says_what_the_server_said() -> None:
    with pytest.raises(RemoteError, match="POST /openmeter/meters/m1/query: no such dimension"):
        asked(Answer(400, None, "no such dimension"))


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (
            subscription_row(usage_card("api", {"type": "barter"})),
            "phases.0.items.0.rate_card.price.type is 'barter'",
        ),
        (subscription_row(usage_card("api", unit("much"))), "phases.0.items.0.rate_card.price.amount is 'much'"),
        ({**subscription_row(), "billing_cadence": "monthly"}, "billing_cadence is 'monthly'"),
    ],
)
def test_a_subscription_that_can_not_be_read_is_named_with_the_field(row: dict[str, Any], why: str) -> None:
    with pytest.raises(RemoteError) as raised:
        live_subscription(row, FEATURES)

    assert str(raised.value) == f"subscription sub-1 can't be read ({why})"


def test_a_subscription_without_phases_is_not_guessed_from_its_plan() -> None:
    assert live_subscription({**subscription_row(), "phases": None}, FEATURES) is None
