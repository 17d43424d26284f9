"""Cards whose periods are longer or shorter than their plan's: what the next charge is more or less after a restore, as
not all usage is sent again, is in the loss report, and `verify` explains it to the cent."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.app.recovery.resending import resend
from billsync.app.recovery.verifying import verify
from billsync.report.recovery.losses.accounting import complete
from billsync.report.recovery.restore.choices import Choices, Usage
from tests.support.budgets import examples
from tests.support.call_shop import send_calls
from tests.support.old_organization import DAY, empty_at_the_same_time, restored
from tests.support.recoveries import events_of, recovery_of
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

SHOP = """
_info: {{owner: shop, defaults: {{plan: {{currency: USD, billing_cadence: {plan}, settlement_mode: {mode}}},
  addon: {{currency: USD}}}}}}
meters: [{{key: calls, name: Calls, event_type: call, aggregation: count}}]
features: [{{key: calls, name: Calls, meter: calls}}, {{key: extra, name: Extra, meter: calls}}]
addons:
- {{key: more, name: More, instance_type: single, rate_cards: [
    {{feature: extra, billing_cadence: {addon}, price: {{type: unit, amount: "1"}}}}]}}
plans:
- {{key: pro, name: Pro, addons: [{{addon: more}}], phases: [{{key: main, name: Main, rate_cards: [
    {{feature: calls, billing_cadence: {card}, price: {{type: graduated, tiers: [
      {{up_to_amount: "30", unit_price: {{amount: "0.5"}}}}, {{unit_price: {{amount: "0.1"}}}}]}}}}]}}]}}
customers:
- {{key: acme, name: Acme, usage_attribution: {{subject_keys: [acme]}}, subscription: {{plan: pro, {addons}}},
   grants: [{{key: g, name: G, amount: "5000", currency: USD, funding_method: none}}]}}
"""
NONE, MORE = "addons: []", "addons: [{addon: more}]"
CADENCES = st.sampled_from(["P1M", "P3M"])


KNOWN = [
    ("credit_only", ("P1M", "P3M", "P3M"), (NONE, MORE)),  # counts usage from before it was attached
    ("credit_only", ("P1M", "P1M", "P3M"), (MORE, MORE)),  # a month of the same events was charged
    ("credit_then_invoice", ("P3M", "P1M", "P3M"), (NONE, NONE)),  # months on a quarter's invoice
]


@pytest.mark.parametrize(("mode", "cadences", "attached"), KNOWN)
def test_usage_of_other_periods_than_the_plans_is_accounted_for(
    mode: str, cadences: tuple[str, str, str], attached: tuple[str, str]
) -> None:
    is_accounted_for(mode, cadences, attached, (40, 35))


@pytest.mark.exhaustive
@given(
    mode=st.sampled_from(["credit_only", "credit_then_invoice"]),
    cadences=st.tuples(CADENCES, CADENCES, CADENCES),
    attached=st.sampled_from([(NONE, NONE), (MORE, MORE), (NONE, MORE)]),
    days=st.sampled_from([(5, 6), (20, 20), (40, 35)]),
)
@settings(max_examples=examples(4), deadline=None)
def test_usage_of_any_periods_is_accounted_for(
    mode: str, cadences: tuple[str, str, str], attached: tuple[str, str], days: tuple[int, int]
) -> None:
    is_accounted_for(mode, cadences, attached, days)


def is_accounted_for(
    mode: str, cadences: tuple[str, str, str], attached: tuple[str, str], days: tuple[int, int]
) -> None:
    """The loss report has what the next charge is more or less."""
    old, (plan, card, addon) = World(seed=1), cadences
    for lasts, addons, calls in zip(days, attached, (20, 30), strict=True):
        change = "" if addons == attached[0] else "change: immediate, "
        text = SHOP.format(mode=mode, plan=plan, card=card, addon=addon, addons=f"{change}{addons}")
        assert not old.sync(declared(text), allow={"change": "", "bills-twice": ""}).plan.guards
        send_calls(old, calls)
        old.clock.advance(lasts * DAY)
    recovery, events = recovery_of(old, has_events=True), events_of(old)
    new = empty_at_the_same_time(old, hours=0)

    found = restored(new, recovery, events=events)
    resend(new.connection(), recovery, events, Choices(), found, lambda text: None)

    proof = verify(new.connection(), recovery, found.accounts)
    (due,) = (promise.due for promise in recovery.promises.values())
    (will,) = (promise.due for promise in recovery_of(new).promises.values())
    assert due is not None
    assert will is not None
    said = sum((one.money.get("USD", Decimal()) for one in found.accounts if one.money), Decimal())
    assert will.get("USD", Decimal()) - due.get("USD", Decimal()) == said
    assert proof.unexplained == ()
    assert complete(recovery, found.accounts, events=len(events)) == ()


def test_usage_of_a_longer_period_that_is_not_sent_has_no_known_cost() -> None:
    """No charge of the running month has it, and the report says so."""
    old = World(seed=1)
    text = SHOP.format(mode="credit_only", plan="P1M", card="P3M", addon="P3M", addons=NONE)
    old.sync(declared(text))
    send_calls(old, 20)
    old.clock.advance(5 * DAY)
    recovery, events = recovery_of(old, has_events=True), events_of(old)

    sides = [
        [one.how for one in restored(empty_at_the_same_time(old), recovery, choices, events=events).accounts]
        for choices in (Choices(), Choices(usage=Usage.NONE))
    ]

    said = "what cards with a longer period than their plan's would have charged for them isn't known"
    assert [any(said in how for how in hows) for hows in sides] == [False, True]
