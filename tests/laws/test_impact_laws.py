"""What the impact makes of a subscription is what the server shows of one that has the new version."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.local.app import create_app
from billsync.model.address import Address, Symbol
from billsync.rating.prices import FlatPrice, UnitPrice
from billsync.rating.timeline import item_life, phase_lives
from billsync.report.billing.attached import attached
from billsync.report.billing.subscribed import Subscribed, subscribed
from billsync.report.impact.addon_repricing import with_new_addon
from billsync.report.impact.repricing import PlanCards, declared_slots, plan_cards, repriced
from tests.support.budgets import examples
from tests.support.clock import FakeClock
from tests.support.prepaid import account, feature, fee_card, posted, usage_card

Cards = Mapping[str, int]
"""Amounts by key: a fee, or for the keys of features a price of each unit."""

BASE = "http://local/api/v3/openmeter"
FEES, PLANS_USAGE, ADDONS_USAGE = ("a", "b", "c"), ("u",), ("v",)
DAY = timedelta(days=1).total_seconds()


def amounts(keys: Iterable[str]) -> st.SearchStrategy[Cards]:
    return st.dictionaries(st.sampled_from(tuple(keys)), st.integers(1, 9), max_size=3)


PLAN = amounts((*FEES, *PLANS_USAGE)).filter(bool)
FEES_ONLY = amounts(FEES).filter(bool)
WITH_USAGE = amounts((*FEES, *ADDONS_USAGE)).filter(bool)


class Shop:
    """A server on which versions are sold, and subscriptions to them."""

    def __init__(self) -> None:
        self.clock = FakeClock(datetime(2026, 9, 1, tzinfo=UTC))
        app = create_app(":memory:", clock=self.clock.now, randomness=Random(1).randbytes)
        self.server = httpx.Client(transport=httpx.WSGITransport(app=app), base_url=BASE)
        self.ids = {key: feature(self.server, key) for key in (*PLANS_USAGE, *ADDONS_USAGE)}
        self.made = 0

    def name(self, what: str) -> str:
        """A key that nothing has yet."""
        self.made += 1
        return f"{what}_{self.made}"

    @property
    def keys(self) -> Mapping[str, str]:
        return {server_id: key for key, server_id in self.ids.items()}

    def cards(self, cards: Cards) -> list[dict[str, Any]]:
        return [
            usage_card(key, self.ids[key], price={"type": "unit", "amount": str(amount)})
            if key in self.ids
            else fee_card(key, str(amount), "in_advance")
            for key, amount in sorted(cards.items())
        ]

    def addon(self, cards: Cards, instances: str) -> str:
        body = {"key": self.name("more"), "name": "More", "currency": "USD", "instance_type": instances}
        made = str(posted(self.server, "/addons", {**body, "rate_cards": self.cards(cards)})["id"])
        posted(self.server, f"/addons/{made}/publish", None)
        return made

    def plan(self, cards: Cards, addon: str) -> str:
        phases = [{"key": "main", "name": "Main", "rate_cards": self.cards(cards)}]
        body = {"key": self.name("plan"), "name": "Plan", "currency": "USD", "billing_cadence": "P1M", "phases": phases}
        made = str(posted(self.server, "/plans", body)["id"])
        terms = {"name": "More", "addon": {"id": addon}, "from_plan_phase": "main"}
        posted(self.server, f"/plans/{made}/addons", terms)
        posted(self.server, f"/plans/{made}/publish", None)
        return made

    def subscription(self, plan: str) -> str:
        return account(self.server, self.name("customer")).subscribe(plan)

    def attach(self, subscription: str, addon: str, quantity: int) -> dict[str, Any]:
        body = {"addon": {"id": addon}, "quantity": quantity, "timing": "immediate"}
        return dict(posted(self.server, f"/subscriptions/{subscription}/addons", body))

    def shown(self, subscription: str) -> Subscribed:
        return subscribed(self.server.get(f"/subscriptions/{subscription}").json(), self.keys)


@pytest.fixture(scope="module")
def shop() -> Shop:
    """One for all examples: names and time go on."""
    return Shop()


def declared(cards: Cards) -> dict[str, Any]:
    """Cards as files declare them, in canonical form."""
    found = []
    for key, amount in cards.items():
        is_usage = key in (*PLANS_USAGE, *ADDONS_USAGE)
        price = {"type": "unit" if is_usage else "flat", "amount": Decimal(amount)}
        card = {"key": key, "name": key.title(), "billing_cadence": "P1M", "price": price}
        more = {"feature": Symbol(Address("feature", (key,)))} if is_usage else {"payment_term": "in_advance"}
        found.append({**card, **more})
    return {"key": "main", "rate_cards": found, "currency": "USD"}


def plan(cards: Cards) -> PlanCards:
    return plan_cards({"currency": "USD", "phases": [declared(cards)]})


def costs(one: Subscribed, moment: datetime) -> dict[tuple[str, str], Decimal]:
    """What is in force at a moment: by key and kind of price, the amounts of items of one key added up."""
    found: dict[tuple[str, str], Decimal] = {}
    for phase in phase_lives(one.timeline):
        for item in phase.phase.items:
            life, price = item_life(item, phase.life), item.card.price
            assert isinstance(price, FlatPrice | UnitPrice)
            if life.start <= moment and not life.is_over_at(moment):
                key = item.key, type(price).__name__
                found[key] = found.get(key, Decimal(0)) + price.amount
    return found


@settings(max_examples=examples(12), deadline=None)
@given(sold=PLAN, old=FEES_ONLY, new=FEES_ONLY, quantity=st.integers(1, 4), days=st.sampled_from([0, 3]))
def test_a_new_addon_version_in_a_quantity_costs_what_the_server_shows(
    shop: Shop, sold: Cards, old: Cards, new: Cards, quantity: int, days: int
) -> None:
    """A new version of an add-on, bought in a quantity, is estimated to cost what the server then shows."""
    check_addon(shop, sold, old, new, quantity, days)


@settings(max_examples=examples(12), deadline=None)
@given(sold=PLAN, old=WITH_USAGE, new=WITH_USAGE, days=st.sampled_from([0, 3]))
def test_a_new_version_of_a_single_addon_costs_what_the_server_then_shows(
    shop: Shop, sold: Cards, old: Cards, new: Cards, days: int
) -> None:
    check_addon(shop, sold, old, new, 1, days)


def check_addon(shop: Shop, sold: Cards, old: Cards, new: Cards, quantity: int, days: int) -> None:
    """Two customers, one with the old version of the add-on, one with the new."""
    instances = "single" if quantity == 1 else "multiple"
    first = shop.addon(old, instances)
    acme = shop.subscription(shop.plan(sold, first))
    second = shop.addon(new, instances)
    birch = shop.subscription(shop.plan(sold, second))
    shop.clock.advance(days * DAY)
    has = attached(shop.attach(acme, first, quantity), shop.keys)
    shop.attach(birch, second, quantity)

    now = shop.clock.now()
    fields = declared(new)
    changed = with_new_addon(shop.shown(acme), has, lambda key: declared_slots(key, fields, fields), now=now)

    assert costs(changed, now) == costs(shop.shown(birch), now)


@settings(max_examples=examples(12), deadline=None)
@given(old=PLAN, new=PLAN, more=WITH_USAGE, days=st.sampled_from([0, 3]))
def test_a_new_version_of_a_plan_costs_what_the_server_then_shows(
    shop: Shop, old: Cards, new: Cards, more: Cards, days: int
) -> None:
    addon = shop.addon(more, "single")
    acme = shop.subscription(shop.plan(old, addon))
    birch = shop.subscription(shop.plan(new, addon))
    shop.clock.advance(days * DAY)
    for one in (acme, birch):
        shop.attach(one, addon, 1)

    changed = repriced(shop.shown(acme), plan(new), plan(old))

    now = shop.clock.now()
    assert (costs(changed.subscribed, now), changed.notes) == (costs(shop.shown(birch), now), ())
