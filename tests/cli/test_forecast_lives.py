"""What a forecast says is due is what the local server then books, over random lives in which add-ons come, change and
go, plans change and subscriptions end.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.cli.servers.database import open_database
from tests.support.addon_shop import LOCAL, rows
from tests.support.budgets import examples
from tests.support.command import Shell

pytestmark = pytest.mark.thorough

CATALOG = """\
_info: {owner: payments, defaults: {plan: {currency: USD, billing_cadence: P1M, settlement_mode: credit_only}}}
meters:
  - {key: calls, name: Calls, event_type: call, aggregation: sum, value_property: $.n}
features:
  - {key: calls, name: Calls, meter: calls}
addons:
  - key: boost
    name: Boost
    currency: USD
    instance_type: multiple
    rate_cards: [{key: base, name: Base, billing_cadence: P1M, price: {type: flat, amount: "3"}}]
  - key: seats
    name: Seats
    currency: USD
    instance_type: multiple
    rate_cards:
      - {key: seats, name: Seats, billing_cadence: P1M, payment_term: in_advance, price: {type: flat, amount: "30"}}
  - key: metered
    name: Metered
    currency: USD
    instance_type: single
    rate_cards: [{feature: calls, billing_cadence: P1M, price: {type: unit, amount: "0.333"}, discounts: {usage: "10"}}]
plans:
  - key: pro
    name: Pro
    phases:
      - key: default
        name: Default
        rate_cards:
          - {key: base, name: Base, billing_cadence: P1M, price: {type: flat, amount: "10"}}
          - {key: desk, name: Desk, billing_cadence: P1M, payment_term: in_advance, price: {type: flat, amount: "7"}}
    addons: [{addon: boost}, {addon: seats}, {addon: metered}]
  - key: other
    name: Other
    phases:
      - key: default
        name: Default
        rate_cards:
          - {key: base, name: Base, billing_cadence: P1M, price: {type: flat, amount: "20"}}
          - {feature: calls, billing_cadence: P1M, price: {type: unit, amount: "0.1"}}
    addons: [{addon: boost}]
customers:
  - key: acme
    name: Acme
    usage_attribution: {subject_keys: [acme]}
    subscription: {plan: pro}
    grants:
      - {key: first, name: First, amount: "90", currency: USD, funding_method: none}
      - {key: calls, name: For calls, amount: "5", currency: USD, funding_method: none, filters: {features: [calls]}}
"""
V1 = "http://local/api/v1"
Booked = Counter[tuple[str, str, str, str]]
TIMINGS = st.sampled_from(("immediate", "immediate", "next_billing_cycle"))
ADDONS = st.sampled_from(("boost", "seats", "metered"))


@dataclass
class Life:
    """A customer on the embedded server; each step that the server refuses changes nothing."""

    client: httpx.Client
    now: datetime

    @property
    def customer(self) -> str:
        return str(rows(self.client, "/customers")[0]["id"])

    def running(self) -> dict[str, Any] | None:
        """The subscription that is in force."""
        found = [row for row in rows(self.client, "/subscriptions") if row["status"] in ("active", "canceled")]
        return found[-1] if found else None

    def consumed(self) -> Booked:
        """How often something was booked: of which subscription, by which name, when, and how much."""
        query = {"filter[type]": "consumed", "page[size]": "500"}
        answer = self.client.get(f"/customers/{self.customer}/credits/transactions", params=query).json()["data"]
        return Counter(
            (row["labels"]["subscription_id"], row["name"], row["booked_at"], row["amount"]) for row in answer
        )

    def settled(self) -> Decimal:
        (row,) = self.client.get(f"/customers/{self.customer}/credits/balance").json()["balances"]
        return Decimal(row["settled"])


Step = Callable[[Life], None]


@dataclass(frozen=True)
class Attach:
    addon: str
    quantity: int
    timing: str

    def __call__(self, life: Life) -> None:
        (addon,) = (row["id"] for row in rows(life.client, "/addons") if row["key"] == self.addon)
        if found := life.running():
            body = {"addon": {"id": addon}, "quantity": self.quantity, "timing": self.timing}
            life.client.post(f"/subscriptions/{found['id']}/addons", json=body)


@dataclass(frozen=True)
class Change:
    """Another quantity of an add-on; 0 takes it away."""

    place: int
    quantity: int
    timing: str

    def __call__(self, life: Life) -> None:
        found = life.running()
        addons = rows(life.client, f"/subscriptions/{found['id']}/addons") if found else []
        if found and addons:
            chosen = addons[self.place % len(addons)]
            path = f"{V1}/subscriptions/{found['id']}/addons/{chosen['id']}"
            life.client.patch(path, json={"quantity": self.quantity, "timing": self.timing})


@dataclass(frozen=True)
class Move:
    """Another plan, or the same one anew."""

    plan: str
    timing: str

    def __call__(self, life: Life) -> None:
        if found := life.running():
            wanted = {"plan": {"key": self.plan}, "timing": self.timing, "settlement_mode": "credit_only"}
            body = {**wanted, "customer": {"id": found["customer_id"]}}
            life.client.post(f"/subscriptions/{found['id']}/change", json=body)


@dataclass(frozen=True)
class Cancel:
    timing: str

    def __call__(self, life: Life) -> None:
        if found := life.running():
            life.client.post(f"/subscriptions/{found['id']}/cancel", json={"timing": self.timing})


@dataclass(frozen=True)
class Use:
    n: int

    def __call__(self, life: Life) -> None:
        event = {"specversion": "1.0", "source": "test", "type": "call", "subject": "acme"}
        time = life.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        told = [{**event, "id": time, "time": time, "data": {"n": self.n}}]
        assert life.client.post("/events", json=told).is_success


STEPS = st.one_of(
    st.builds(Attach, ADDONS, st.integers(1, 3), TIMINGS),
    st.builds(Attach, ADDONS, st.just(1), TIMINGS),
    st.builds(Change, st.integers(0, 2), st.integers(0, 3), TIMINGS),
    st.builds(Change, st.integers(0, 2), st.integers(0, 3), TIMINGS),
    st.builds(Use, st.integers(1, 100)),
    st.builds(Move, st.sampled_from(("pro", "other")), TIMINGS),
    st.builds(Cancel, st.just("next_billing_cycle")),
)
WAITS = st.sampled_from((0, 1, 3600, 86_400, 6 * 86_400, 16 * 86_400))
LIVES = st.lists(st.tuples(STEPS, WAITS), max_size=8)


@contextmanager
def opened(shell: Shell) -> Iterator[Life]:
    app = open_database(".billsync/local.db", shell.clock, test_clock=False)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local/api/v3/openmeter") as client:
        yield Life(client, shell.clock.now())
    app.close()


@settings(max_examples=examples(10), deadline=None)
@given(LIVES)
def test_what_a_forecast_says_is_due_is_what_is_booked(steps: list[tuple[Step, int]]) -> None:
    with TemporaryDirectory() as folder, chdir(folder):
        shell = lived(steps)
        with opened(shell) as life:
            found, before = life.running(), life.consumed()
        if found is None:
            return

        forecast = told(shell)
        end = datetime.fromisoformat(found["current_period"]["to"])
        shell.clock.advance((end - shell.clock.now()).total_seconds() + 60)
        with opened(shell) as life:
            booked, settled = life.consumed() - before, life.settled()

    mine = Counter({row: count for row, count in booked.items() if row[0] == found["id"]})
    (currency,) = forecast["currencies"]
    left = Decimal(currency["credits_left"]) - Decimal(currency["debt_left"])
    assert (due_by_name(forecast), left - cost(booked - mine)) == (cost_by_name(mine), settled)


def lived(steps: list[tuple[Step, int]]) -> Shell:
    """A shell in which that life was lived."""
    Path("shop.yaml").write_text(CATALOG)
    shell = Shell()
    assert shell.run("sync", "shop.yaml", *LOCAL, "--yes").code == 0
    for step, seconds in steps:
        with opened(shell) as life:
            step(life)
        shell.clock.advance(seconds)
    return shell


def told(shell: Shell) -> dict[str, Any]:
    """The forecast of the only subscription that is in force."""
    ran = shell.run("forecast", "acme", *LOCAL, "--format", "json")
    assert ran.code == 0, ran
    (found,) = json.loads(ran.out)["subscriptions"]
    return dict(found)


def due_by_name(forecast: dict[str, Any]) -> dict[str, Decimal]:
    """What is due, before credits."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for one in forecast["due"]:
        found[one["name"]] += sum(Decimal(line["total"]) + Decimal(line["credits"]) for line in one["lines"])
    return {name: amount for name, amount in found.items() if amount}


def cost_by_name(booked: Booked) -> dict[str, Decimal]:
    names = {name for _, name, _, _ in booked}
    return {name: cost(Counter({row: count for row, count in booked.items() if row[1] == name})) for name in names}


def cost(booked: Booked) -> Decimal:
    return sum((-Decimal(amount) * count for (*_, amount), count in booked.items()), Decimal(0))
