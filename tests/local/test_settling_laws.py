"""Laws of the local server's credit ledger, over random lives of a customer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from random import Random

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.local import create_app
from tests.local.conftest import BASE, START, Hands
from tests.support.budgets import examples
from tests.support.events import send
from tests.support.prepaid import Account, account, feature, fee_card, plan, usage_card

HOURS = st.sampled_from((0, 1, 5, 24, 24 * 7, 24 * 29, 24 * 31))
AMOUNTS = st.sampled_from(("1", "7.5", "20", "100"))


@dataclass(frozen=True)
class Use:
    """Usage now, or some hours ago."""

    n: int
    late: int

    def __call__(self, found: Account, hands: Hands, number: int) -> None:
        time = (hands.now - timedelta(hours=self.late)).strftime("%Y-%m-%dT%H:%M:%SZ")
        send(found.server, str(number), data={"n": self.n}, time=time)


@dataclass(frozen=True)
class Give:
    """A grant, with or without an expiry, a feature, and a start to come."""

    amount: str
    priority: int
    days: int | None
    only_calls: bool
    waits: bool

    def __call__(self, found: Account, hands: Hands, number: int) -> None:
        more: dict[str, object] = {"priority": self.priority}
        if self.days is not None:
            more["expires_after"] = f"P{self.days}D"
        if self.only_calls:
            more["filters"] = {"features": ["calls"]}
        if self.waits:
            more["effective_at"] = (hands.now + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%SZ")
        found.grant(self.amount, **more)


@dataclass(frozen=True)
class Void:
    """Takes back what is left of one of the grants, if anything is."""

    place: int

    def __call__(self, found: Account, hands: Hands, number: int) -> None:
        grants = found.server.get(f"{found.path}/credits/grants").json()["data"]
        if grants:
            found.void(grants[self.place % len(grants)]["id"])


@dataclass(frozen=True)
class Stop:
    """Ends the subscription, now or with its period, unless it has an end already."""

    timing: str

    def __call__(self, found: Account, hands: Hands, number: int) -> None:
        rows = found.server.get("/subscriptions").json()["data"]
        found.server.post(f"/subscriptions/{rows[0]['id']}/cancel", json={"timing": self.timing})


@dataclass(frozen=True)
class Wait:
    hours: int

    def __call__(self, found: Account, hands: Hands, number: int) -> None:
        hands.move(hours=self.hours, seconds=1)


Action = Callable[[Account, Hands, int], None]
GRANTS = st.builds(
    Give, AMOUNTS, st.integers(1, 3), st.sampled_from((None, 10, 40)), st.booleans(), st.sampled_from((False, True))
)
USES = st.builds(Use, st.integers(1, 30), st.sampled_from((0, 0, 2, 48)))
VOIDS = st.builds(Void, st.integers(0, 5))
WAITS = st.builds(Wait, HOURS)
STOPS = st.builds(Stop, st.sampled_from(("immediate", "next_billing_cycle")))
STEADY = st.lists(st.one_of(USES, USES, GRANTS, VOIDS, WAITS), max_size=14)
LIVES = st.lists(st.one_of(USES, USES, GRANTS, VOIDS, WAITS, STOPS), max_size=14)


def lived(actions: list[Action], *, looks: bool) -> Account:
    """The customer after a life in which somebody looked after each step, or never."""
    hands = Hands(START)
    app = create_app(":memory:", clock=hands, randomness=Random(1).randbytes)
    found = account(httpx.Client(transport=httpx.WSGITransport(app=app), base_url=BASE))
    calls = usage_card("calls", feature(found.server, "calls"), commitments={"minimum_amount": "5"})
    found.subscribe(
        plan(found.server, calls, fee_card("seat", "10", "in_advance"), fee_card("desk", "3", "in_arrears"))
    )
    for number, action in enumerate(actions):
        action(found, hands, number)
        hands.move(microseconds=1)
        if looks:
            found.charges()
    hands.move(days=70)
    return found


@settings(max_examples=examples(12), deadline=None)
@given(LIVES)
def test_what_is_booked_does_not_depend_on_who_looks_when(actions: list[Action]) -> None:
    often, once = lived(actions, looks=True), lived(actions, looks=False)

    assert (often.balance(), often.rows(), sorted(often.states())) == (
        once.balance(),
        once.rows(),
        sorted(once.states()),
    )


@settings(max_examples=examples(12), deadline=None)
@given(STEADY)
def test_the_rows_add_up_to_the_balance_and_only_calls_has_restricted_ones(actions: list[Action]) -> None:
    found = lived(actions, looks=False)

    rows = found.rows(**{"page[size]": "1000"})
    _, settled = found.balance()
    _, other = found.balance(**{"filter[feature_key]": "storage"})
    _, unrestricted = found.balance(**{"filter[feature_key][exists]": "false"})
    _, calls = found.balance(**{"filter[feature_key]": "calls"})

    assert sum(Decimal(amount) for _, amount, _ in rows) == Decimal(settled)
    assert calls == settled
    assert other == unrestricted


@settings(max_examples=examples(12), deadline=None)
@given(STEADY)
def test_nothing_is_paid_twice(actions: list[Action]) -> None:
    found = lived(actions, looks=False)

    rows = found.rows(**{"page[size]": "1000"})
    charges = found.charges(**{"page[size]": "1000"})

    consumed = -sum(Decimal(amount) for kind, amount, _ in rows if kind == "consumed")
    booked = [row["totals"]["booked"]["credits_total"] for row in charges if row["type"] == "usage_based"]
    fees = [
        row["amount_after_proration"]["amount"]
        for row in charges
        if row["type"] == "flat_fee" and row["status"] == "final"
    ]
    assert consumed == sum(map(Decimal, booked + fees))
