"""A subscription to a version by its number never gets another price than the number meant."""

from __future__ import annotations

import pytest

from billsync.app.planning.pipeline import everything
from billsync.core.dump.dump import dump
from billsync.kinds.registry import KINDS
from billsync.model.change import Outcome, PlanFile
from tests.support.end_state import end_state
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

PLAN = """\
_info: {{owner: payments}}
plans:
  - key: pro
    name: Pro
    currency: USD
    billing_cadence: P1M
    phases:
      - {{key: default, name: Default, rate_cards: [{{key: fee, name: Fee, price: {{type: flat, amount: {price}}}}}]}}
"""
CUSTOMER = "customers: [{key: acme, name: Acme, subscription: {plan: pro%s}}]\n"


def shop(price: int, subscription: str = "") -> str:
    return PLAN.format(price=price) + CUSTOMER % subscription


def refusals(plan: PlanFile) -> dict[str, str]:
    return {c.address.text: c.code for c in plan.changes if c.outcome is Outcome.REFUSED}


@pytest.fixture
def digest() -> str:
    """The digest that a dump writes for the first price."""
    world = World()
    world.sync(declared(shop(2)))
    world.sync(declared(shop(3)))
    connection = world.connection()
    document = dump(everything(connection), KINDS, connection.routes).document
    subscription = document["customers"][0]["subscription"]
    assert subscription["version"] == 1
    return str(subscription["version_digest"])


def by_digest(digest: str) -> str:
    return f", version: 1, version_digest: '{digest}'"


def test_the_digest_of_the_live_version_is_no_difference(digest: str) -> None:
    world = World()
    world.sync(declared(shop(2)))
    world.sync(declared(shop(3)))

    plan = world.plan(declared(shop(3, by_digest(digest))))

    assert (refusals(plan), plan.steps) == ({}, ())


def test_an_empty_server_gives_no_other_price_under_the_same_number(digest: str) -> None:
    world = World()

    run = world.sync(declared(shop(3, by_digest(digest))))

    assert refusals(run.plan) == {"subscription/acme/default": "version-differs"}
    assert end_state(world).running("acme") == 0


def test_an_empty_server_gives_the_price_that_was_meant(digest: str) -> None:
    world = World()

    run = world.sync(declared(shop(2, by_digest(digest))))

    assert (refusals(run.plan), end_state(world).running("acme")) == ({}, 1)


def test_a_number_without_a_digest_is_refused_where_the_plan_is_new() -> None:
    world = World()

    run = world.sync(declared(shop(3, ", version: 1")))

    assert refusals(run.plan) == {"subscription/acme/default": "version-unproven"}
    assert end_state(world).running("acme") == 0


def test_a_number_without_a_digest_is_taken_where_the_version_is_live() -> None:
    world = World()
    world.sync(declared(PLAN.format(price=2)))

    run = world.sync(declared(shop(2, ", version: 1")))

    assert (refusals(run.plan), end_state(world).running("acme")) == ({}, 1)


def test_a_live_version_with_another_content_is_refused(digest: str) -> None:
    world = World()
    world.sync(declared(shop(5)))

    plan = world.plan(declared(shop(5, by_digest(digest))))

    assert refusals(plan) == {"subscription/acme/default": "version-differs"}


def test_a_digest_is_the_same_on_every_server_and_for_every_spelling(digest: str) -> None:
    world = World(seed=7)
    world.sync(declared("features: [{key: other, name: Other}]\n" + shop(2).replace("amount: 2", 'amount: "2.00"')))
    world.sync(declared("features: [{key: other, name: Other}]\n" + shop(3)))

    plan = world.plan(declared(shop(3, by_digest(digest))))

    assert (refusals(plan), plan.steps) == ({}, ())
