"""Who was in the middle of a phase is restored differently: the days, and all the money, as two servers come to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import pytest

from billsync.app.recovery.resending import resend
from billsync.app.recovery.verifying import verify
from billsync.local.server.editions import AUGUST, KONNECT_LATER, Edition
from billsync.model.recovery import Recovery
from billsync.model.value import decimal_text
from billsync.report.recovery.losses.accounting import complete
from billsync.report.recovery.restore.choices import Choices
from billsync.report.recovery.snapshot.items import Event
from tests.support.old_organization import DAY, balances, empty_at_the_same_time, restored
from tests.support.recoveries import events_of, recovery_of
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

FEE = "{{key: fee, name: Fee, billing_cadence: P1M, payment_term: {term}, price: {{type: flat, amount: '{amount}'}}}}"
SHOP = """
_info: {{owner: shop}}
plans:
- key: pro
  name: Pro
  currency: USD
  billing_cadence: P1M
  settlement_mode: credit_only
  phases:
  - {{key: trial, name: T, duration: {lasts}, rate_cards: [{{key: fee, name: Fee, price: {{type: free}}}}]}}
  - {{key: half, name: H, duration: P1M, rate_cards: [{half}]}}
  - {{key: main, name: M, rate_cards: [{main}]}}
customers:
- {{key: acme, name: A, subscription: {{plan: pro}}, grants: [
    {{key: g, name: G, amount: "500", currency: USD, funding_method: none}}]}}
"""


@pytest.mark.parametrize(
    ("edition", "lasts", "term", "days", "hours", "said", "money"),
    [
        (AUGUST, "P14D", "in_advance", 6, 1, "phase trial lasts 6 days longer", "5.91"),
        (AUGUST, "P14D", "in_arrears", 6, 1, "phase trial lasts 6 days longer", "5.91"),
        (AUGUST, "P14D", "in_advance", 6, 240, "phase half lasts 2 days longer", "6.62"),
        (AUGUST, "P2M", "in_advance", 35, 1, "phase trial lasts 35 days longer", "34.88"),
        pytest.param(
            KONNECT_LATER, "P14D", "in_advance", 20, 1, "phase trial, which was over, lasts 14 days again", "14.30",
            marks=pytest.mark.generation("konnect@1.2"),
        ),
    ],
)  # fmt: skip
def test_the_middle_of_a_trial_costs_what_the_report_says(
    edition: Edition, lasts: str, term: str, days: int, hours: int, said: str, money: str
) -> None:
    half, main = (FEE.format(term=term, amount=amount) for amount in (10, 30))
    old = World(seed=1, edition=edition)
    old.sync(declared(SHOP.format(lasts=lasts, half=half, main=main)))
    old.clock.advance(days * DAY)
    recovery, new = recovery_of(old), empty_at_the_same_time(old, hours=hours)

    found = restored(new, recovery)

    lines = [one for one in found.accounts if one.money]
    assert complete(recovery, found.accounts) == ()
    again = [one for one in found.accounts if one.code == "phase-again" and said in one.how]
    texts = [f"its next charge is {decimal_text(-one.money['USD'])} USD less" for one in again]
    assert [text in one.how for text, one in zip(texts, again, strict=True)] == [True]
    assert verify(new.connection(), recovery, found.accounts).unexplained == ()
    for world in (new, old):
        world.clock.advance((new.clock.now() - world.clock.now()).total_seconds() + 110 * DAY * (world is new))
    assert -sum(one.money["USD"] for one in lines) == Decimal(money)
    assert balances(new)["acme"]["USD"] - balances(old)["acme"]["USD"] == Decimal(money)


USED = """
_info: {{owner: shop}}
meters: [{{key: calls, name: Calls, event_type: call, aggregation: count}}]
features: [{{key: calls, name: Calls, meter: calls}}]
plans:
- key: pro
  name: Pro
  currency: USD
  billing_cadence: P1M
  settlement_mode: credit_only
  phases:
  - {{key: trial, name: T, duration: P14D, rate_cards: [{{feature: calls, price: {first}}}]}}
  - {{key: main, name: M, rate_cards: [{{feature: calls, price: {{type: unit, amount: "3"}}}}]}}
customers:
- {{key: acme, name: A, usage_attribution: {{subject_keys: [acme]}}, subscription: {{plan: pro}}, grants: [
    {{key: g, name: G, amount: "500", currency: USD, funding_method: none}}]}}
"""


FREE, PRICED = "{type: free}", "{type: unit, amount: '1'}"


@dataclass(frozen=True)
class Used:
    """A recovery snapshot of somebody who is past a trial and used something since, its events, and the balance after
    the next renewal, had nothing been lost."""

    recovery: Recovery
    events: tuple[Event, ...]
    afterwards: Decimal


@pytest.fixture(scope="module")
def used() -> Mapping[tuple[str, Edition], Used]:
    """By the price of usage in the trial, and the edition of the old server."""
    return {(first, edition): _used(first, edition) for first in (FREE, PRICED) for edition in (AUGUST, KONNECT_LATER)}


def _used(first: str, edition: Edition) -> Used:
    old = World(seed=1, edition=edition)
    old.sync(declared(USED.format(first=first)))
    old.clock.advance(33 * DAY)
    call = {"specversion": "1.0", "source": "test", "type": "call", "subject": "acme"}
    with old.http() as http:
        assert http.post("/events", json=[{**call, "id": str(number)} for number in range(5)]).is_success
    old.clock.advance(5)
    recovery, events = recovery_of(old, has_events=True), events_of(old)
    old.clock.advance(40 * DAY)
    return Used(recovery, events, balances(old)["acme"]["USD"])


@pytest.mark.generation("konnect@1.2")
@pytest.mark.parametrize(
    ("first", "edition", "money", "said"),
    [
        (FREE, AUGUST, {"USD": Decimal(-15)}, "charges nothing for it, in place of 15 USD"),
        (PRICED, AUGUST, {}, "by the prices of that, in place of 15 USD: the difference isn't known"),
        (FREE, KONNECT_LATER, {}, "charges nothing for it; what it would have cost isn't known"),
    ],
)
def test_usage_that_the_first_phase_prices_again_has_a_line(
    used: Mapping[tuple[str, Edition], Used], first: str, edition: Edition, money: dict[str, Decimal], said: str
) -> None:
    """Konnect begins no subscription in a later phase, so that usage sent at its start counts in a phase that was over:
    the loss report says so, and, where the snapshot knows, for how much."""
    old, new = used[first, edition], World(seed=2, edition=KONNECT_LATER)
    new.clock.advance((old.recovery.header.taken_at - new.clock.now()).total_seconds() + 3600)

    found = restored(new, old.recovery, events=old.events)
    resend(new.connection(), old.recovery, old.events, Choices(), found, lambda text: None)

    (line,) = (one for one in found.accounts if one.code == "usage-in-first-phase")
    assert (line.customer, line.money, line.count) == ("acme", money, 0)
    assert said in line.how
    assert complete(old.recovery, found.accounts, events=len(old.events)) == ()
    new.clock.advance(40 * DAY)
    if money:
        assert old.afterwards - balances(new)["acme"]["USD"] == money["USD"]
