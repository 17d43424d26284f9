"""The amounts in the guards about changes are those that the embedded server books when the change is made.

It books fees of subscriptions that are paid from credits alone. Their amounts are those of invoices, but for what comes
back (customer-facts.md §5.8); recordings of a real server judge it.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.core.observed.index import Index
from billsync.local.app import create_app
from billsync.model.address import Address
from billsync.model.state import Row
from billsync.report.billing.subscribed import Subscribed, subscribed
from billsync.report.impact.moving import IMMEDIATE
from billsync.report.moves.advance import billed_ahead, billed_at_start
from billsync.report.moves.quantities import QuantitySet, quantity_changes
from billsync.report.moves.sides import Sides
from billsync.report.moves.terms import PlanTerms, Start, begun, live_terms
from billsync.report.moves.twice import QuantityChange
from tests.support.budgets import examples
from tests.support.clock import FakeClock
from tests.support.prepaid import Account, account, fee_card, posted

pytestmark = pytest.mark.thorough

BASE = "http://local/api/v3/openmeter"
PLENTY, BASE_FEE = "100000", "1"
CADENCES = ("P1W", "P1M", "P3M", "P1Y")
AMOUNTS = st.decimals(min_value=1, max_value=500, places=2).map(str)
SECONDS = st.integers(1, int(timedelta(days=45).total_seconds()))
DAY, SETTLING = 86_400, 5
"""Seconds: periods begin at whole days, and what is booked is looked at a moment later."""
BETWEEN_RENEWALS = SECONDS.filter(lambda seconds: 0 < seconds % DAY < DAY - SETTLING)


class Shop:
    """A server on which plans of one fee in advance, and of one paid once, are sold."""

    def __init__(self) -> None:
        self.clock = FakeClock(datetime(2026, 9, 1, tzinfo=UTC))
        app = create_app(":memory:", clock=self.clock.now, randomness=Random(1).randbytes)
        self.server = httpx.Client(transport=httpx.WSGITransport(app=app), base_url=BASE)
        self.made = 0

    def plan(self, amount: str, cadence: str, once: str = "", *, pro_rated: bool = True) -> dict[str, Any]:
        self.made += 1
        cards = [fee_card("base", amount, "in_advance", billing_cadence=cadence)]
        if once:
            setup = fee_card("setup", once, "in_advance")
            cards.append({name: value for name, value in setup.items() if name != "billing_cadence"})
        body = {
            "key": f"plan_{self.made}",
            "name": "Plan",
            "currency": "USD",
            "billing_cadence": cadence,
            "pro_rating_enabled": pro_rated,
            "phases": [{"key": "main", "name": "Main", "rate_cards": cards}],
        }
        made = posted(self.server, "/plans", body)
        return dict(posted(self.server, f"/plans/{made['id']}/publish", None))

    def offering(self, amount: str, cadence: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """A monthly plan, and an add-on of it with one fee in advance."""
        self.made += 1
        body = {"key": f"addon_{self.made}", "name": "Seats", "currency": "USD", "instance_type": "multiple"}
        card = fee_card("seats", amount, "in_advance", billing_cadence=cadence)
        addon = posted(self.server, "/addons", {**body, "rate_cards": [card]})
        addon = posted(self.server, f"/addons/{addon['id']}/publish", None)
        base = fee_card("base", BASE_FEE, "in_advance")
        plan = {"key": f"plan_{self.made}", "name": "Plan", "currency": "USD", "billing_cadence": "P1M"}
        phases = [{"key": "main", "name": "Main", "rate_cards": [base]}]
        made = posted(self.server, "/plans", {**plan, "phases": phases})
        posted(
            self.server,
            f"/plans/{made['id']}/addons",
            {"addon": {"id": addon["id"]}, "name": "Seats", "from_plan_phase": "main"},
        )
        return dict(posted(self.server, f"/plans/{made['id']}/publish", None)), dict(addon)

    def set_quantity(self, subscription: str, addon: dict[str, Any], number: int, timing: str) -> None:
        """Attach an add-on, or change its quantity."""
        path = f"/subscriptions/{subscription}/addons"
        rows = self.server.get(path).json()["data"]
        if not rows:
            body = {"addon": {"id": addon["id"]}, "quantity": number, "timing": timing}
            posted(self.server, path, body)
            return
        body = {"quantity": number, "timing": timing}
        answer = self.server.patch(f"http://local/api/v1{path}/{rows[0]['id']}", json=body)
        assert answer.is_success, answer.text

    def quantity_change(
        self, subscription: str, addon: dict[str, Any], number: int, *, is_immediate: bool
    ) -> tuple[QuantityChange, ...]:
        """The change of a quantity as a run would work it out."""
        path = f"/subscriptions/{subscription}"
        row, rows = (self.server.get(one).json() for one in (path, f"{path}/addons"))
        version = Address("addon", (addon["key"],), addon["version"])
        found = Index({addon["id"]: version}, versions={version.unversioned(): (Row("addon", addon["id"], addon),)})
        link = Row("subscription", subscription, {**row, "addons": rows["data"]})
        call = QuantitySet(link, Address("subscription", ("acme", "default")), version, number, is_immediate)
        return quantity_changes([call], Sides(self.clock.now(), found, {}))

    def customer(self) -> Account:
        self.made += 1
        found = account(self.server, f"customer_{self.made}")
        found.grant(PLENTY)
        return found

    def shown(self, subscription: str) -> Subscribed:
        return subscribed(self.server.get(f"/subscriptions/{subscription}").json(), {})

    def change(self, subscription: str, plan: dict[str, Any]) -> str:
        body = {
            "customer": {},
            "plan": {"id": plan["id"]},
            "timing": IMMEDIATE,
            "settlement_mode": "credit_only",
        }
        return str(posted(self.server, f"/subscriptions/{subscription}/change", body)["next"]["id"])


def terms(plan: dict[str, Any]) -> PlanTerms:
    found = live_terms(Address("plan", (plan["key"],), plan["version"]), plan, {})
    assert isinstance(found, PlanTerms)
    return found


def usd(amounts: Any) -> Decimal:
    return Decimal(amounts.get("USD", 0))


@settings(max_examples=examples(25), deadline=None)
@given(
    old=st.tuples(AMOUNTS, st.sampled_from(CADENCES)),
    new=st.tuples(AMOUNTS, st.sampled_from(CADENCES), st.one_of(st.just(""), AMOUNTS)),
    pro_rated=st.booleans(),
    seconds=BETWEEN_RENEWALS,
)
def test_a_change_at_once_costs_what_the_guard_says(
    old: tuple[str, str], new: tuple[str, str, str], pro_rated: bool, seconds: int
) -> None:
    """The new fees, and the unused part of the old one, are those that the server books and gives back."""
    shop = Shop()
    customer, plan = shop.customer(), shop.plan(*new, pro_rated=pro_rated)
    subscription = customer.subscribe(shop.plan(*old)["id"])
    shop.clock.advance(seconds)
    running, now = shop.shown(subscription), shop.clock.now()
    settled = Decimal(customer.balance()[1])

    ahead = billed_ahead(running, now)
    start = billed_at_start(begun(terms(plan), Start(now, running.timeline.anchor, "credit_then_invoice")))
    following = shop.change(subscription, plan)
    shop.clock.advance(SETTLING)

    rows = customer.charges(**{"page[size]": "1000"})
    booked = [row for row in rows if row["unique_reference_id"].startswith(following) and row["status"] == "final"]
    assert ahead is not None
    assert usd(start) == sum(Decimal(row["amount_after_proration"]["amount"]) for row in booked)
    assert Decimal(customer.balance()[1]) == settled + usd(ahead.unused) - usd(start)


CHANGES = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from(["immediate", "next_billing_cycle"]), SECONDS), min_size=1, max_size=4
)


@settings(max_examples=examples(10), deadline=None)
@given(amount=AMOUNTS, cadence=st.sampled_from(("P1M", "P3M", "P1Y")), first=st.integers(0, 3), changes=CHANGES)
def test_a_quantity_costs_what_the_guards_and_notes_say(
    amount: str, cadence: str, first: int, changes: list[tuple[int, str, int]]
) -> None:
    """Each quantity of an add-on, at once or at renewal, is billed and gives back what is worked out before."""
    shop = Shop()
    customer = shop.customer()
    plan, addon = shop.offering(amount, cadence)
    subscription = customer.subscribe(plan["id"])
    if first:
        shop.set_quantity(subscription, addon, first, IMMEDIATE)
    for number, timing, seconds in changes:
        shop.clock.advance(seconds)
        (change,) = shop.quantity_change(subscription, addon, number, is_immediate=timing == IMMEDIATE)
        until_renewal = change.running.renewal_after(shop.clock.now()) - shop.clock.now()
        if change.have == number or until_renewal < timedelta(minutes=1):
            continue
        before, now = change.before(), change.now()
        settled = Decimal(customer.balance()[1])
        shop.set_quantity(subscription, addon, number, timing)
        if timing != IMMEDIATE:
            shop.clock.advance(until_renewal.total_seconds())
            settled -= Decimal(BASE_FEE)
        shop.clock.advance(SETTLING)
        assert Decimal(customer.balance()[1]) == settled + usd(before.unused if before else {}) - usd(now)
