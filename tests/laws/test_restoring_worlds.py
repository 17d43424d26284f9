"""A property of `restore`: of any world, credit and content come back, the loss report explains the rest, and a second
restore writes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.app.recovery.verifying import verify
from billsync.local.server.editions import AUGUST, KONNECT, KONNECT_LATER, Edition
from billsync.model.recovery import Accounted, Fate
from billsync.report.recovery.losses.accounting import complete
from billsync.report.recovery.proof.departures import Aspect, Proof
from tests.support.budgets import examples
from tests.support.old_organization import (
    DAY,
    Balances,
    balances,
    empty_at_the_same_time,
    paused,
    restored,
    writes_of_another,
)
from tests.support.recoveries import recovery_of
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

ALLOWED = {
    "unmarked-plan": "",
    "cancel": "",
    "dearer-plan": "",
    "bills-twice": "",
    "trial-again": "",
    "change": "",
    "void": "",
}


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer that comes with a version: its plan, quantity of an add-on, grants, and what it does at last."""

    comes: int
    plan: str
    seats: int
    grants: tuple[tuple[str, str], ...]
    mode: str
    does: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Shop:
    """Fees by version, the days of a trial, if there is one, customers, days between the versions, and the hours for
    which its restore breaks off before anybody is subscribed."""

    fees: tuple[int, ...]
    trial: int | None
    customers: tuple[Customer, ...]
    days: int
    pause: int = 0


TERMS = (
    "",
    "expires_after: P1Y",
    "priority: 1",
    "filters: {features: [calls]}",
    'effective_at: "2026-12-24T00:00:00Z"',
    "priority: 1, filters: {features: [calls]}",
    "priority: 1, filters: {features: [calls, texts]}, expires_after: P1M",
    "priority: 1, filters: {features: [calls, texts]}, expires_after: P40D",
    "priority: 1, expires_after: P40D",
)
"""Of a grant: those of the first priority might pay a fee before the credit that a restore gives for it."""
CUSTOMERS = st.builds(
    Customer,
    comes=st.integers(0, 2),
    plan=st.sampled_from(["pro", "basic"]),
    seats=st.integers(0, 2),
    grants=st.lists(
        st.tuples(st.sampled_from(["1", "12.34", "500"]), st.sampled_from(TERMS)),
        max_size=3,
    ).map(tuple),
    mode=st.just("credit_only"),  # the embedded server takes no credits for invoices of fees in advance
    does=st.sampled_from(["nothing", "ends", "changes", "leaves", "waits", "voids"]),
)
HOSTED = ("nothing", "ends", "changes", "leaves")
"""What a customer can do on Konnect, which has no call to begin later, and none to void a grant."""
SHOPS = st.builds(
    Shop,
    fees=st.lists(st.integers(1, 90), min_size=1, max_size=3, unique=True).map(tuple),
    trial=st.one_of(st.none(), st.integers(3, 40)),
    customers=st.lists(CUSTOMERS, min_size=1, max_size=4).map(
        lambda several: tuple(replace(one, key=f"c{number}") for number, one in enumerate(several))
    ),
    days=st.integers(0, 25),
    pause=st.sampled_from([0, 0, 7, 50]),
)


def files(shop: Shop, version: int, *, at_last: bool = False) -> str:
    """The files of a shop once a version is out."""
    there = [one for one in shop.customers if min(one.comes, len(shop.fees) - 1) <= version]
    customers = "".join(f"\n{_customer(one, at_last=at_last)}" for one in there) or " []"
    trial = "" if shop.trial is None else TRIAL.format(days=shop.trial)
    return FILES.format(fee=shop.fees[version], seat=version + 1, trial=trial, customers=customers)


FILES = """
_info: {{owner: shop, defaults: {{plan: {{currency: USD, billing_cadence: P1M}}, addon: {{currency: USD}}}}}}
meters: [{{key: calls, name: Calls, event_type: call, aggregation: count}}]
features: [{{key: calls, name: Calls, meter: calls}}, {{key: texts, name: Texts}}]
addons:
- {{key: seats, name: Seats, instance_type: multiple, rate_cards: [
    {{key: seat, name: Seat, billing_cadence: P1M, payment_term: in_advance,
      price: {{type: flat, amount: "{seat}"}}}},
    {{feature: texts, billing_cadence: P1M, payment_term: in_advance, price: {{type: flat, amount: "2"}}}}]}}
plans:
- key: pro
  name: Pro
  addons: [{{addon: seats}}]
  phases:
  {trial}
  - {{key: main, name: Main, rate_cards: [
      {{key: fee, name: Fee, billing_cadence: P1M, payment_term: in_advance, price: {{type: flat, amount: "{fee}"}}}},
      {{feature: calls, billing_cadence: P1M, payment_term: in_advance, price: {{type: flat, amount: "6"}}}},
      {{key: late, name: Late, billing_cadence: P1M, payment_term: in_arrears, price: {{type: flat, amount: "4"}}}}]}}
- key: basic
  name: Basic
  phases: [{{key: main, name: Main, rate_cards: [
    {{key: fee, name: Fee, billing_cadence: P1M, payment_term: in_advance, price: {{type: flat, amount: "10"}}}}]}}]
customers:{customers}
"""
TRIAL = (
    "- {{key: trial, name: Trial, duration: P{days}D, rate_cards: [{{key: fee, name: Fee, price: {{type: free}}}}]}}"
)


def _customer(one: Customer, *, at_last: bool) -> str:
    state = ", state: voided" if at_last and one.does == "voids" else ""
    grants = ", ".join(
        f'{{key: g{number}, name: G{number}, amount: "{amount}", currency: USD, funding_method: none'
        f"{f', {more}' if more else ''}{state}}}"
        for number, (amount, more) in enumerate(one.grants)
    )
    return f"- {{key: {one.key}, name: {one.key}, grants: [{grants}], subscription: {{{_subscription(one, at_last)}}}}}"


def _subscription(one: Customer, at_last: bool) -> str:
    plan, more = one.plan, ""
    if one.does == "waits":
        more = ', start: "2027-03-01T00:00:00Z"'
    elif one.plan == "pro" and one.seats:
        more = f", addons: [{{addon: seats, quantity: {one.seats}}}]"
    if at_last and one.does == "ends":
        more += ", ends: at_renewal"
    if at_last and one.does == "leaves":
        more += ", ends: immediate"
    if at_last and one.does == "changes":
        plan, more = ("basic" if plan == "pro" else "pro"), ", change: at_renewal"
    return f"plan: {plan}, settlement_mode: {one.mode}{more}"


def hosted(shop: Shop) -> Shop:
    """The shop without anything that Konnect has no call for."""
    several = tuple(replace(one, seats=0, does=one.does if one.does in HOSTED else "ends") for one in shop.customers)
    return replace(shop, customers=several)


def lived(shop: Shop, edition: Edition = AUGUST) -> World:
    """The shop on a server, after all its versions."""
    world = World(seed=1, edition=edition)
    for version in range(len(shop.fees)):
        _synced(world, files(shop, version))
        world.clock.advance(shop.days * DAY + 3600)
    _synced(world, files(shop, len(shop.fees) - 1, at_last=True))
    world.clock.advance(7200)
    return world


def _synced(world: World, text: str) -> None:
    run: Any = world.sync(declared(text), allow=ALLOWED)
    assert not [guard for guard in run.plan.guards if guard.code not in ("addons-lost",)], run.plan.guards


@given(SHOPS)
@settings(max_examples=examples(3), deadline=None)
def test_any_world_comes_back(shop: Shop) -> None:
    comes_back(lived(shop), shop.pause)


@pytest.mark.parametrize(
    "edition",
    [
        pytest.param(edition, marks=pytest.mark.generation(f"{edition.dialect}@{edition.generation}"))
        for edition in (KONNECT, KONNECT_LATER)
    ],
    ids=lambda edition: edition.generation,
)
@given(shop=SHOPS)
@settings(max_examples=examples(2), deadline=None)
def test_any_world_comes_back_on_konnect(edition: Edition, shop: Shop) -> None:
    """Though it shows neither the start nor the phase of a subscription: each of these is said to be guessed, and
    nothing that it doesn't show counts as compared."""
    accounts, proof = comes_back(lived(hosted(shop), edition), shop.pause)

    rows = [one for one in accounts if one.kind == "subscription" and one.count]  # and no lines about money only
    begun = [one for one in rows if one.fate is not Fate.LOST]
    said = [one for one in begun if "its server showed no start" in one.how]
    assert [one.what for one in begun if one not in said] == []
    assert not {Aspect.PHASE, Aspect.DUE} & proof.compared.keys()


def as_reported(want: Balances, accounts: Iterable[Accounted]) -> Balances:
    """The balances without the debts that a server can't have again, and with what is left of credits for fees."""
    found = {name: dict(amounts) for name, amounts in want.items()}
    for one in accounts:
        for code, amount in one.money.items() if one.code in ("debt", "fee-smaller") else ():
            found[str(one.customer)][code] = found[str(one.customer)].get(code, Decimal(0)) - amount
    return {name: {code: amount for code, amount in amounts.items() if amount} for name, amounts in found.items()}


def comes_back(old: World, pause: int) -> tuple[tuple[Accounted, ...], Proof]:
    """The fates of a world's rows, and the proof of its restore into an empty server; a second one writes nothing.

    What is left of a credit for a fee, after a pause, is what the report says.
    """
    recovery, new = recovery_of(old), empty_at_the_same_time(old, hours=3)
    if pause:
        paused(new, recovery, hours=pause)

    found = restored(new, recovery)

    assert complete(recovery, found.accounts) == ()
    if not any(one.code == "phase-again" for one in found.accounts):  # its fees to come are credit until then
        assert balances(new) == as_reported(balances(old), found.accounts)
    proof = verify(new.connection(), recovery, found.accounts)
    assert [(one.customer, one.aspect, one.want, one.have) for one in proof.unexplained] == []
    assert writes_of_another(new, recovery) == ()
    return found.accounts, proof
