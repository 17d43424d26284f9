"""How many requests an impact makes, over a made-up crowd (docs/impact.md says these numbers)."""

from collections import Counter
from io import StringIO

import pytest

from billsync.app.ending import Ended
from billsync.app.impact.facts import REQUESTS_AT_MOST, ImpactScope
from billsync.app.impact.impact import impact
from billsync.app.planning.pipeline import compare
from billsync.app.server.connection import Connection
from billsync.config import load
from billsync.core.diffing.diff import Mode
from billsync.kinds.registry import KINDS
from billsync.model.ports import Answer
from billsync.model.value import Plain
from billsync.render.impact.text import impact_text
from billsync.report.impact.impact import Impact
from tests.support.clock import FakeClock
from tests.support.crowd import NOW, Crowd, declared

pytestmark = pytest.mark.thorough

FEATURES = 4


def estimated(crowd: Crowd, *, periods: int = 1, sample: int | None = None) -> Impact:
    """The impact on every subscription. `crowd.asked` holds what it asked after the comparison."""
    connection = Connection(crowd, FakeClock(NOW), "crowd", "openmeter")
    desired, _ = load(["-"], registry=KINDS, stdin=StringIO(declared(crowd.plans, crowd.aggregation)))
    comparison = compare(connection, desired, Mode("diff", deletes=True, allow={}))
    crowd.asked.clear()
    return impact(connection, desired, comparison, ImpactScope("all", periods=periods, sample=sample))


def queries(crowd: Crowd, *, periods: int = 1, sample: int | None = None) -> int:
    """How many meter queries it takes."""
    estimated(crowd, periods=periods, sample=sample)
    return crowd.asked["meter queries"]


@pytest.mark.parametrize("customers", [20, 200])
def test_with_shared_anchors_queries_do_not_grow_with_customers(customers: int) -> None:
    """Where customers share a billing anchor, their number doesn't change the number of queries."""
    crowd = Crowd(plans=3, subscriptions=customers, customers=customers)

    assert queries(crowd) == FEATURES


def test_each_distinct_anchor_is_a_query_for_each_feature() -> None:
    assert queries(Crowd(plans=3, subscriptions=60, customers=60, anchors=20)) == FEATURES * 20


def test_each_period_is_a_query_for_each_feature() -> None:
    assert queries(Crowd(plans=3, subscriptions=30, customers=30), periods=3) == FEATURES * 3


def test_what_is_read_besides_is_every_list_once() -> None:
    crowd = Crowd(plans=3, subscriptions=60, customers=60)

    estimated(crowd)

    assert crowd.asked == Counter(
        {
            "counts of customers": 1,
            "balances": 1,
            "pages of customers": 1,
            "pages of features": 1,
            "pages of meters": 1,
            "counts of subscriptions": 3,  # a look at the last row of each list
            "pages of subscriptions": 3 * 3,
            "meter queries": FEATURES,
        }
    )


def test_pages_of_subscriptions_grow_while_the_server_is_quick() -> None:
    crowd = Crowd(plans=1, subscriptions=300, customers=300)

    estimated(crowd)

    assert crowd.asked["pages of subscriptions"] == 16  # 60 of five


@pytest.mark.parametrize(("customers", "names"), [(100, True), (101, False)])
def test_a_query_names_its_customers_while_they_are_few(customers: int, names: bool) -> None:
    bodies: list[Plain] = []

    class Heard(Crowd):
        """A crowd that remembers what its meters were asked."""

        def call(self, method: str, path: str, body: Plain = None) -> Answer:
            bodies.append(body)
            return Crowd.call(self, method, path, body)

    estimated(Heard(plans=1, subscriptions=customers, customers=customers))

    assert ["filters" in body for body in bodies] == [names] * FEATURES


def test_too_many_queries_stop_the_run_and_offer_a_sample() -> None:
    """Above the limit of requests the run ends before the first meter query, and offers a sample."""
    crowd = Crowd(plans=3, subscriptions=150, customers=150, anchors=150, aggregation="unique_count")

    with pytest.raises(Ended) as ended:
        estimated(crowd)

    (finding,) = ended.value.findings
    assert FEATURES * 150 > REQUESTS_AT_MOST
    assert (ended.value.code, finding.code, finding.detail) == (
        64,
        "many-requests",
        "It would need 600, as billing periods or add-ons differ.",
    )
    assert "--impact-sample 200" in finding.hint
    assert crowd.asked["meter queries"] == 0


def test_many_anchors_are_asked_for_by_days_where_values_add_up() -> None:
    crowd = Crowd(plans=3, subscriptions=150, customers=150, anchors=150)

    shown = estimated(crowd)

    # Two first days, two last days, and three spans of whole days, as one anchor is midnight.
    assert (crowd.asked["meter queries"], shown.meter_queries) == (FEATURES * 7, FEATURES * 7)


def test_a_sample_asks_for_its_own_periods_alone_and_says_so() -> None:
    crowd = Crowd(plans=3, subscriptions=150, customers=150, anchors=150)

    shown = estimated(crowd, sample=10)

    assert crowd.asked["meter queries"] == FEATURES * 10
    assert "A sample: 10 of 150 subscriptions." in impact_text(shown).splitlines()


def test_nobody_is_dropped() -> None:
    shown = estimated(Crowd(plans=3, subscriptions=70, customers=50))

    assert {name: len(verdicts) for name, verdicts in shown.verdicts.items()} == {
        "plan/plan_0@2": 24,
        "plan/plan_1@2": 23,
        "plan/plan_2@2": 23,
    }
