"""Customers whose billing can't collect are named before the first write (customer-facts.md §5.9)."""

from collections.abc import Mapping

import httpx
import pytest

from billsync.app.comparing.difference import DiffScope, difference, intended
from billsync.app.planning.plan_files import carry_out_plan_file
from billsync.core.diffing.diff import Mode
from billsync.core.plan_file import from_json, to_json
from billsync.model.change import PlanFile
from tests.support.stripe_server import StripeServer
from tests.support.world import NoJournal, World, as_it_is, declared, rows_of

CATALOG = """
_info: {owner: shop, defaults: {plan: {currency: USD, billing_cadence: P1M}}}
plans:
  - {key: free, name: Free, phases: [{key: default, name: Default, rate_cards: [
      {key: base, name: Base, price: {type: free}}]}]}
  - {key: paid, name: Paid, phases: [{key: default, name: Default, rate_cards: [
      {key: base, name: Base, billing_cadence: P1M, price: {type: flat, amount: "25"}}]}]}
"""
CUSTOMERS = """
customers:
  - {key: acme, name: Acme, subscription: {plan: paid}}
  - {key: birch, name: Birch, subscription: {plan: free}}
"""
NEEDS_CUSTOMER = (
    "billing-setup",
    "the customer of a plan with prices can't be billed: it is billed by Stripe, and has no Stripe customer",
    ("subscription/acme/default",),
)


@pytest.fixture
def world() -> World:
    return World()


class Wrapped:
    """Makes servers that bill by Stripe, and keeps the last of them."""

    def __init__(self, data: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self.data = data or {}
        self.server = StripeServer(httpx.MockTransport(lambda _: httpx.Response(500)))

    def __call__(self, transport: httpx.BaseTransport) -> httpx.BaseTransport:
        self.server = StripeServer(transport, self.data)
        return self.server


def stops(plan: PlanFile) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.code, one.reason, tuple(address.text for address in one.addresses)) for one in plan.guards]


def planned(world: World, text: str, wrap: object = as_it_is, **allow: str) -> PlanFile:
    connection = world.connection(wrap)  # type: ignore[arg-type]
    return intended(connection, declared(text), Mode("sync", deletes=True, allow=allow)).plan


def test_a_new_customer_without_stripe_data_stops_a_plan_with_prices(world: World) -> None:
    wrap = Wrapped()

    plan = planned(world, CATALOG + CUSTOMERS, wrap)

    assert stops(plan) == [NEEDS_CUSTOMER]
    assert sorted(wrap.server.reads) == ["apps", "profiles"]


def test_a_live_customer_is_asked_for_its_own_data(world: World) -> None:
    world.sync(declared(CATALOG + "customers: [{key: acme, name: Acme}, {key: birch, name: Birch}]"))
    with world.http() as http:
        ids = {row["key"]: row["id"] for row in rows_of(http, "customers")}
    ready = {"customer_id": "cus_1", "default_payment_method_id": "pm_1"}

    without, no_method, with_all = (
        stops(planned(world, CATALOG + CUSTOMERS, Wrapped(data)))
        for data in ({}, {ids["acme"]: {"customer_id": "cus_1"}}, {ids["acme"]: ready})
    )

    assert without == [NEEDS_CUSTOMER]
    assert [reason.partition(": ")[2] for _, reason, _ in no_method] == [
        "it is charged by Stripe, and has no default payment method, unless Stripe itself has one for it"
    ]
    assert with_all == []


def test_only_customers_who_get_a_plan_with_prices_are_asked(world: World) -> None:
    world.sync(declared(CATALOG + CUSTOMERS))
    wrap = Wrapped()

    plan = planned(world, CATALOG + CUSTOMERS + "  - {key: cedar, name: Cedar, subscription: {plan: free}}\n", wrap)

    assert (stops(plan), wrap.server.reads) == ([], [])


def test_a_sandbox_needs_nothing(world: World) -> None:
    assert stops(planned(world, CATALOG + CUSTOMERS)) == []


def test_a_policy_that_forbids_the_flag_is_named_and_stops_the_run(world: World) -> None:
    text = (CATALOG + CUSTOMERS).replace("_info: {", "_info: {policy: {forbid: [billing-setup]}, ", 1)

    for plan in (
        planned(world, text, Wrapped(), **{"billing-setup": ""}),
        difference(world.connection(Wrapped()), declared(text), DiffScope({"billing-setup": ""})).plan,
    ):
        (guard,) = plan.guards
        assert guard.flag == ""
        assert guard.reason.startswith(f"{NEEDS_CUSTOMER[1]}; the policy at -:")
        assert guard.reason.endswith("forbids it, so that `--allow billing-setup` changes nothing")


def test_the_flag_lets_it_pass_and_diff_says_the_same(world: World) -> None:
    text, wrap = CATALOG + CUSTOMERS, Wrapped()

    allowed = planned(world, text, wrap, **{"billing-setup": ""})
    shown = difference(world.connection(wrap), declared(text), DiffScope({})).plan
    nameless = difference(world.connection(wrap), declared(text), DiffScope({}, is_anonymous=True)).plan

    assert stops(allowed) == []
    assert stops(shown) == [NEEDS_CUSTOMER]
    assert [reason for _, reason, _ in stops(nameless)] == ["customers of plans with prices can't be billed"]


READY = {"customer_id": "cus_1", "default_payment_method_id": "pm_1"}
NOBODY = CUSTOMERS.replace(", subscription: {plan: paid}", "").replace(", subscription: {plan: free}", "")


@pytest.mark.parametrize(
    ("then", "now", "said"),
    [
        ({"acme": READY}, {"acme": READY}, ""),
        ({"acme": READY}, {"acme": {"customer_id": "cus_1"}}, "has_payment_method is false, was true"),
        ({"acme": READY}, {}, "problem is it is billed by Stripe, and has no Stripe customer"),
        (None, {"acme": READY}, "may_need_setup is true, was false"),
    ],
)
def test_a_plan_file_is_stale_where_billing_is_set_up_otherwise(
    world: World,
    then: Mapping[str, Mapping[str, str]] | None,
    now: Mapping[str, Mapping[str, str]],
    said: str,
) -> None:
    world.sync(declared(CATALOG + NOBODY))
    with world.http() as http:
        ids = {str(row["key"]): str(row["id"]) for row in rows_of(http, "customers")}
    before = as_it_is if then is None else Wrapped({ids[key]: data for key, data in then.items()})
    plan = difference(world.connection(before), declared(CATALOG + CUSTOMERS), DiffScope({})).plan
    after = world.connection(Wrapped({ids[key]: data for key, data in now.items()}))

    report = carry_out_plan_file(after, from_json(to_json(plan)), journal=NoJournal())

    reasons = {result.step.address.text: result.reason for result in report.results}
    assert said in reasons.pop("subscription/acme/default")
    assert report.succeeded == (not said)
    assert set(reasons.values()) == {""}
