"""Debts come back to the cent, each once: they pay nothing of the credit that is left, and later credit pays them
first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import httpx
import pytest

from billsync.app.recovery.owing import owe
from billsync.app.recovery.restoring import planned
from billsync.app.recovery.verifying import verify
from billsync.local.server.editions import AUGUST, KONNECT_LATER, Edition
from billsync.model.ports import RemoteError
from billsync.model.recovery import Fate, Recovery
from billsync.report.recovery.losses.accounting import DEBT, complete
from billsync.report.recovery.restore.choices import Choices
from tests.support.crash_harness import Wire
from tests.support.events import send
from tests.support.old_organization import DAY, balances, empty_at_the_same_time, lived_through, restored
from tests.support.recoveries import recovery_of
from tests.support.world import World, declared, rows_of

pytestmark = pytest.mark.thorough

SHOP = """
_info: {owner: shop}
meters: [{key: calls, name: Calls, event_type: call, aggregation: count}]
features: [{key: calls, name: Calls, meter: calls}]
plans:
- key: pro
  name: Pro
  currency: USD
  billing_cadence: P1M
  settlement_mode: credit_only
  phases: [{key: main, name: Main, rate_cards: [
    {key: fee, name: Fee, billing_cadence: P1M, payment_term: in_advance, price: {type: flat, amount: "30"}},
    {feature: calls, price: {type: unit, amount: "0.5"}}]}]
customers:
- {key: bare, name: A, subscription: {plan: pro}}
- {key: part, name: B, subscription: {plan: pro}, grants: [
    {key: g, name: G, amount: "12.34", currency: USD, funding_method: none}]}
- {key: bound, name: C, subscription: {plan: pro}, grants: [
    {key: g, name: G, amount: "50", currency: USD, funding_method: none, filters: {features: [calls]}}]}
- {key: later, name: D, subscription: {plan: pro}, grants: [
    {key: g, name: G, amount: "7", currency: USD, funding_method: none, effective_at: "2026-11-01T00:00:00Z"}]}
- {key: promised, name: F, subscription: {plan: pro}}
- {key: turned, name: G, subscription: {plan: pro}, grants: [
    {key: g, name: G, amount: "7", currency: USD, funding_method: none, effective_at: "2026-09-05T00:00:00Z"}]}
- {key: rich, name: E, subscription: {plan: pro}, grants: [
    {key: g, name: G, amount: "500", currency: USD, funding_method: none, expires_after: P1Y}]}
"""
OWED = {"bare": "30", "part": "17.66", "bound": "30", "later": "30", "promised": "23", "turned": "30"}
PROMISED = "promised"
"""Has credit from November on, which pays a part of the debt then."""
TURNED = "turned"
"""Has credit that came too late for the debt, and could pay a fee of now."""

BALANCES = {
    key: {"USD": Decimal(amount)}
    for key, amount in {
        "bare": "-30",
        "part": "-17.66",
        "bound": "20",
        "later": "-30",
        "promised": "-23",
        "turned": "-23",
        "rich": "470",
    }.items()
}
TOP_UP = {"name": "Top-up", "currency": "USD", "amount": "20", "funding_method": "none"}


@pytest.fixture(scope="module")
def old() -> tuple[World, Recovery]:
    """Customers of whom some owe a fee, or a part of it, and its recovery snapshot."""
    grant = '{key: g, name: G, amount: "7", currency: USD, funding_method: none, effective_at: "2026-11-01T00:00:00Z"}'
    then = SHOP.replace("F, subscription: {plan: pro}", f"F, subscription: {{plan: pro}}, grants: [{grant}]")
    world = lived_through([(0, SHOP), (2, then)], days=8)
    return world, recovery_of(world)


def test_balances_are_as_they_were_and_go_on_so(old: tuple[World, Recovery]) -> None:
    """Grants that can't pay a debt have left what they had, and a later grant leaves the same in both organizations."""
    world, recovery = old
    new = empty_at_the_same_time(world)

    found = restored(new, recovery)

    lines = {one.what: (one.fate, one.code, one.money) for one in found.accounts if one.kind == DEBT}
    assert complete(recovery, found.accounts) == ()
    assert lines == {f"debt of {key} in USD": (Fate.DIFFERENT, "debt-as-fee", {}) for key in OWED}
    assert verify(new.connection(), recovery, found.accounts).unexplained == ()
    assert balances(new) == BALANCES
    for each in (world, new):
        world_after(each)
    assert credits_of(new) == credits_of(world)
    assert balances(new)[TURNED] == balances(world)[TURNED]


def test_credit_for_a_feature_pays_the_debt_for_it_as_before() -> None:
    """Usage that no credit paid is owed for its feature, and a fee for none: each comes back as it was."""
    usage = SHOP[: SHOP.index("- {key: bare")] + "- {key: used, name: U, usage_attribution: {subject_keys: [u]}}\n"
    old = lived_through([(0, usage.replace("]}}", "]}, subscription: {plan: pro}}"))], days=1)
    with old.http() as http:
        for number in range(5):
            send(http, f"u{number}", type="call", subject="u")
    old.clock.advance(31 * DAY)
    recovery, new = recovery_of(old), empty_at_the_same_time(old)

    found = restored(new, recovery)
    (again,) = (one for one in found.accounts if one.kind == DEBT)
    for world in (old, new):
        with world.http() as http:
            [customer] = rows_of(http, "customers")
            top_up = {**TOP_UP, "amount": "2", "filters": {"features": ["calls"]}}
            assert http.post(f"customers/{customer['id']}/credits/grants", json=top_up).is_success
    before, after = (next(iter(recovery_of(world).credit.values())) for world in (old, new))

    assert again.how == "one-off fees of 2.5 USD for calls, 60 USD make it again, which no call ever takes back"
    assert (
        (after.debts, after.owed)
        == (before.debts, before.owed)
        == ({"USD": Decimal("60.5")}, {"USD": {"calls": Decimal("0.5")}})
    )


def credits_of(world: World) -> Mapping[str, tuple[object, ...]]:
    """What is left of each grant, debts and balances by customer; of two of them, a snapshot can't tell which part of
    their balances is which."""
    found = recovery_of(world)
    keys = {row.id: str(row.fields["key"]) for row in found.live.of("customer")}
    names = {row.id: str(row.fields.get("key") or row.fields["name"]) for row in found.live.of("grant")}
    return {
        keys[customer]: (
            {names[one]: left for one, left in credit.left.items() if not names[one].startswith("restore:")},
            credit.debts,
            credit.unexplained,
            [(row["settled"], row["pending"]) for row in credit.balances],
        )
        for customer, credit in found.credit.items()
        if keys[customer] not in (PROMISED, TURNED)
    }


def world_after(world: World) -> None:
    """Every customer gets some credit by hand, and credit that could have paid a debt is taken back."""
    world.clock.advance(DAY)
    with world.http() as http:
        for row in http.get("customers").json()["data"]:
            grants = f"customers/{row['id']}/credits/grants"
            for grant in http.get(grants).json()["data"] or ():
                if row["key"] == TURNED and grant.get("key") == "g":
                    assert http.post(f"{grants}/{grant['id']}/void").is_success
            assert http.post(grants, json=TOP_UP).status_code == 201


class Losing(httpx.BaseTransport):
    """Carries a fee out, and loses the answer, a number of times."""

    def __init__(self, inner: httpx.BaseTransport, times: int) -> None:
        self._inner, self._times = inner, times

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._inner.handle_request(request)
        if request.method == "POST" and request.url.path.endswith("/charges") and self._times:
            self._times -= 1
            raise httpx.ReadError("lost")
        return answer


@pytest.mark.parametrize("times", [1, 3])
def test_a_debt_is_made_once_though_answers_are_lost(old: tuple[World, Recovery], times: int) -> None:
    """After three of them the run ends, and the next one finds the fee. One for another snapshot's debt is none."""
    world, recovery = old
    new = empty_at_the_same_time(world)
    debts = restored(new, recovery, owes=False).debts

    try:
        owe(new.connection(lambda inner: Losing(inner, times)), debts)
    except RemoteError:
        assert times == 3
    wire = Wire()
    again = owe(new.connection(wire.wrap), debts)

    assert (again.made, again.known) == ((0, 6) if times == 1 else (5, 1))
    assert balances(new) == BALANCES
    assert owe(new.connection(), debts).made == 0
    with pytest.raises(RemoteError, match=f"customer {debts[0].customer} owed 99 USD, and a fee of .* is there for it"):
        owe(new.connection(), [replace(debts[0], fees=(replace(debts[0].fees[0], amount=Decimal(99)),)), *debts[1:]])


@pytest.mark.parametrize(
    ("edition", "lost"),
    [
        (AUGUST, {"bare"}),
        pytest.param(KONNECT_LATER, set(OWED), marks=pytest.mark.generation("konnect@1.2")),
    ],
)
def test_what_cannot_be_owed_again_is_lost_with_its_money(
    old: tuple[World, Recovery], edition: Edition, lost: set[str]
) -> None:
    """A customer who is another's, and an API without fees."""
    world, recovery = old
    new = World(seed=2, edition=edition)
    new.clock.advance((world.clock.now() - new.clock.now()).total_seconds())
    assert not new.sync(declared("_info: {owner: other}\ncustomers: [{key: bare, name: Other}]")).plan.guards

    found = planned(new.connection(), recovery, Choices())

    lines = {str(one.customer): one for one in found.accounts if one.kind == DEBT}
    assert {key for key, one in lines.items() if one.fate is Fate.LOST} == lost
    assert {one.customer for one in found.debts} == OWED.keys() - lost
    assert {key: lines[key].money for key in lost} == {key: {"USD": -Decimal(OWED[key])} for key in lost}
