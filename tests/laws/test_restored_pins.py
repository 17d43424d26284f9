"""Customers have their own billing profile again before anything of theirs is invoiced, and plans their currencies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest

from billsync.app.planning.carrying_out import carry_out
from billsync.app.recovery.owing import owe
from billsync.app.recovery.pinning import pin, second_part, until_customers
from billsync.app.recovery.restoring import Restore, planned
from billsync.app.recovery.setting_up import make_set_up
from billsync.app.recovery.verifying import verify
from billsync.model.recovery import Accounted, Fate, Recovery
from billsync.model.result import Status
from billsync.report.recovery.losses.accounting import complete
from billsync.report.recovery.proof.departures import Aspect
from billsync.report.recovery.restore.choices import Choices
from billsync.report.recovery.restore.pins import with_profiles
from tests.local.test_apps_and_profiles import profile
from tests.support.call_shop import ACME, BIRCH, CATALOG
from tests.support.crash_harness import Wire
from tests.support.old_organization import (
    COINED,
    DAY,
    balances,
    coined,
    costs_of_coins,
    empty_at_the_same_time,
    lived_through,
)
from tests.support.recoveries import recovery_of
from tests.support.world import NoJournal, World, Wrap, as_it_is, declared, rows_of

pytestmark = pytest.mark.thorough


def with_profile(world: World) -> str:
    """Make a profile, and return its id."""
    with world.http() as http:
        made: dict[str, Any] = http.post("/profiles", json=profile(http)).json()
    return str(made["id"])


def departs_in_billing(
    world: World, recovery: Recovery, accounts: Iterable[Accounted]
) -> list[tuple[str, str, str, bool]]:
    """Who has other billing than before: whose, what it was and is, and whether the loss report says so."""
    found = verify(world.connection(), recovery, accounts)
    assert found.compared[Aspect.BILLING] == 3
    several = [one for one in found.departures if one.aspect is Aspect.BILLING]
    return [(one.customer, one.want, one.have, one.is_explained) for one in several]


LEDGER = {"type": "external_invoicing", "name": "Ledger", "create_billing_profile": False}
COINS = "external: {currencies: [COINS]}\n"


def with_coins(text: str) -> str:
    """The files with a plan that has a card in a custom currency, and a customer on it."""
    coiner = "- {key: coiner, name: Coiner, currency: USD, subscription: {plan: coined}}\n"
    return COINS + text.replace("customers:\n", f"{COINED.lstrip()}customers:\n") + coiner


def lost_shop(app: str = "") -> World:
    """A shop with a custom currency, and a customer with a profile of its own, of the ledger's app if that is named."""
    world = World(seed=1)
    with world.http() as http:
        coined(http)
    assert not world.sync(declared(with_coins(CATALOG.format(fee="31") + ACME + BIRCH))).plan.guards
    world.clock.advance(3 * DAY)
    with world.http() as http:
        apps = installed(http) if app else {}
        eu = http.post("/profiles", json=profile(http, **apps)).json()["id"]
        acme = next(row["id"] for row in rows_of(http, "customers") if row["key"] == "acme")
        assert http.put(f"/customers/{acme}/billing", json={"billing_profile": {"id": eu}}).is_success
    return world


def installed(http: httpx.Client) -> dict[str, Any]:
    """The apps of a profile, on a ledger that is installed now."""
    app = http.post("/app-catalog/install", json=LEDGER).json()["app"]["id"]
    return {"apps": {purpose: {"id": app} for purpose in ("tax", "invoicing", "payment")}}


def restore_once(world: World, recovery: Recovery, wrap: Wrap = as_it_is, **allow: str) -> Restore:
    """A whole restore, as the command goes about it."""
    connection = world.connection(wrap)
    found = planned(connection, recovery, Choices(), {name.replace("_", "-"): "" for name in allow})
    made = make_set_up(connection, found.set_up, NoJournal())
    first = carry_out(connection, until_customers(found.plan), journal=NoJournal(), known=found.known)
    pinned = pin(connection, with_profiles(found.pins, made.profiles), NoJournal())
    rest, held = second_part(found.plan, {one.step.id: one for one in first.results}, (), connection.kinds)
    report = carry_out(connection, rest, journal=NoJournal(), known=found.known)
    owe(connection, found.debts)
    assert [one.reason for one in (*first.results, *report.results, *held) if one.reason] == []
    assert (made.failed, pinned.failed) == ({}, {})
    return found


def billed_by(world: World) -> dict[str, str]:
    """The name of the billing profile of each customer."""
    with world.http() as http:
        names = {row["id"]: row["name"] for row in rows_of(http, "profiles")}
        ids = {row["key"]: row["id"] for row in rows_of(http, "customers")}
        billing = {key: http.get(f"/customers/{name}/billing").json() for key, name in ids.items()}
    return {key: names[one["billing_profile"]["id"]] for key, one in billing.items()}


def test_currencies_come_before_plans_and_profiles_before_customers() -> None:
    """Nothing is made twice, and every customer is billed as before."""
    old = lost_shop()
    recovery, new, again = recovery_of(old), empty_at_the_same_time(old), Wire()

    found = restore_once(new, recovery)
    restore_once(new, recovery, again.wrap)

    made = "custom currencies", "billing profiles"
    assert {(one.fate, one.code) for one in found.accounts if one.kind in made} == {(Fate.RESTORED, "")}
    assert complete(recovery, found.accounts) == ()
    assert again.transport.writes == ()
    assert billed_by(new) == billed_by(old)
    assert balances(new) == balances(old)
    assert departs_in_billing(new, recovery, ()) == []
    with old.http() as before, new.http() as http:
        assert costs_of_coins(http) == costs_of_coins(before)


class Doubling(httpx.BaseTransport):
    """Sends what makes a currency, a cost or a profile twice."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and request.url.path.endswith(("/profiles", "/custom")):
            self._inner.handle_request(request)
        return self._inner.handle_request(request)


def test_what_arrives_twice_is_there_once() -> None:
    old = lost_shop()
    recovery, new = recovery_of(old), empty_at_the_same_time(old)
    made = planned(new.connection(), recovery, Choices()).set_up

    found = make_set_up(new.connection(Doubling), made, NoJournal())

    with old.http() as before, new.http() as http:
        assert sorted(row["name"] for row in rows_of(http, "profiles")) == ["EU", "openmeter-sandbox"]
        assert costs_of_coins(http) == costs_of_coins(before)
    assert found.failed == {}


def test_what_needs_another_currency_of_the_same_code_is_lost() -> None:
    """A code is taken for ever, and prices would be rounded otherwise."""
    old = lost_shop()
    recovery, new = recovery_of(old), empty_at_the_same_time(old)
    with new.http() as http:
        coined(http, precision=2)

    found = restore_once(new, recovery)

    assert complete(recovery, found.accounts) == ()
    assert {(one.what, one.code) for one in found.accounts if one.fate is Fate.LOST} == {
        ("custom currency COINS", "made-elsewhere"),
        ("plan/coined@1", "refers-to-gone"),
        ("subscription/coiner/default", "refers-to-gone"),
    }
    assert found.loses_to_others


def test_credit_and_debts_in_a_custom_currency_are_lost_with_their_money() -> None:
    """No server has any (customer-facts.md §7.2, §11): a snapshot that was edited."""
    old = lost_shop()
    recovery = recovery_of(old)
    [grant] = recovery.live.of("grant")
    rows = {**recovery.live.rows, "grant": (replace(grant, fields={**grant.fields, "currency": "COINS"}),)}
    owing = replace(recovery.credit[str(grant.parent_id)], debts={"COINS": Decimal(5)})
    edited = replace(
        recovery,
        live=replace(recovery.live, rows=rows),
        credit={**recovery.credit, str(grant.parent_id): owing},
    )

    found = restore_once(empty_at_the_same_time(old), edited)

    lost = {(one.what, one.code): one.money for one in found.accounts if one.fate is Fate.LOST}
    assert complete(edited, found.accounts) == ()
    assert lost == {
        ("grant/acme/welcome", "custom-credit"): {"COINS": Decimal(469)},
        ("debt of acme in COINS", "debt"): {"COINS": Decimal(-5)},
    }


def test_nobody_is_billed_by_another_profile_unless_that_is_allowed() -> None:
    """A customer whose profile can't be made comes back whole once its app is installed, in a further restore."""
    old = lost_shop("ledger")
    recovery, held, allowed = recovery_of(old), empty_at_the_same_time(old), empty_at_the_same_time(old)

    first = restore_once(held, recovery)
    without = billed_by(held)
    with held.http() as http:
        installed(http)
    then = restore_once(held, recovery)
    anyhow = restore_once(allowed, recovery, default_billing="")

    how = "its billing profile 'EU' can't be made here: there is no app of the type external_invoicing: install its app"
    lost = {one.what: one for one in first.accounts if one.fate is Fate.LOST and one.customer == "acme"}
    assert complete(recovery, first.accounts) == ()
    assert [{*one.held} for one in (first, then, anyhow)] == [{"acme"}, set(), set()]
    assert without.keys() == {"birch", "coiner"}
    assert lost["customer/acme"].how == f"{how} 'Ledger' first"
    assert lost["grant/acme/welcome"].money == {"USD": Decimal(469)}
    assert billed_by(held) == billed_by(old)
    assert balances(held) == balances(old)
    assert departs_in_billing(held, recovery, then.accounts) == []
    assert departs_in_billing(allowed, recovery, anyhow.accounts) == [("acme", "EU", "the default", True)]


def test_another_default_profile_stops_a_restore() -> None:
    old = lost_shop()
    with old.http() as http:
        assert http.post("/profiles", json=profile(http, name="Ours", default=True, **installed(http))).is_success
    recovery, new = recovery_of(old), empty_at_the_same_time(old)

    stopped = planned(new.connection(), recovery, Choices()).plan.guards
    with new.http() as http:
        installed(http)
    restore_once(new, recovery)

    reason = "customers without a billing profile of their own would be billed by another one than before: "
    assert [(one.code, one.reason.removeprefix(reason)) for one in stopped] == [
        ("default-billing", "there is no app of the type external_invoicing: install its app 'Ledger' first")
    ]
    assert billed_by(new) == billed_by(old) == {"acme": "EU", "birch": "Ours", "coiner": "Ours"}


class Refusing(httpx.BaseTransport):
    """Sets nobody's billing."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PUT" and request.url.path.endswith("/billing"):
            return httpx.Response(412, json={"type": "about:blank", "title": "No", "status": 412, "detail": "no"})
        return self._inner.handle_request(request)


def test_whoever_lacks_its_billing_gets_nothing_that_another_profile_bills() -> None:
    """Neither grants nor a subscription; others get theirs. What failed in the first part isn't tried again."""
    old = lived_through([(0, CATALOG.format(fee="31") + ACME + BIRCH)], days=3)
    eu = with_profile(old)
    with old.http() as http:
        acme = next(row["id"] for row in rows_of(http, "customers") if row["key"] == "acme")
        assert http.put(f"/customers/{acme}/billing", json={"billing_profile": {"id": eu}}).is_success
    recovery, new = recovery_of(old), empty_at_the_same_time(old)
    with_profile(new)
    found, connection = planned(new.connection(), recovery, Choices()), new.connection()
    first = carry_out(connection, until_customers(found.plan), journal=NoJournal(), known=found.known)
    ended = {result.step.id: result for result in first.results}

    failed = pin(new.connection(Refusing), found.pins, NoJournal()).failed or {}
    rest, held = second_part(found.plan, ended, failed, connection.kinds)
    carry_out(connection, rest, journal=NoJournal(), known=found.known)
    feature = next(name for name, result in ended.items() if result.step.address.kind == "feature")
    broken = {**ended, feature: replace(ended[feature], status=Status.FAILED)}
    without_feature, blocked = second_part(found.plan, broken, (), connection.kinds)

    assert [*failed] == ["acme"]
    assert {(one.step.address.kind, one.step.address.names[0]) for one in held} == {
        ("grant", "acme"), ("subscription", "acme")
    }  # fmt: skip
    assert {one.status for one in held} == {Status.BLOCKED}
    with new.http() as http:
        assert len(rows_of(http, "subscriptions")) == 1
    assert {step.address.kind for step in without_feature.steps} == {"grant"}
    assert {one.step.address.kind for one in blocked} == {"plan", "subscription"}
