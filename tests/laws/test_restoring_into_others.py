"""A restore into an organization that holds others' things under the snapshot's keys gives none of them anything, and
says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from billsync.app.recovery.resending import Resent, resend
from billsync.app.recovery.restoring import planned
from billsync.model.address import Address
from billsync.model.recovery import Fate, Recovery
from billsync.report.recovery.losses.accounting import complete
from billsync.report.recovery.restore.choices import Choices
from billsync.report.recovery.snapshot.items import Event
from tests.support import call_shop
from tests.support.crash_harness import Wire
from tests.support.old_organization import balances, empty_at_the_same_time, lived_through, restored
from tests.support.recoveries import events_of, recovery_of
from tests.support.world import World, declared, rows_of

pytestmark = pytest.mark.thorough

SUM = '{key: calls, name: Calls, event_type: call, aggregation: sum, value_property: "$.n"}'
ACME = "{key: acme, name: Acme, usage_attribution: {subject_keys: [acme]}}"
CATALOG = call_shop.CATALOG.removesuffix("customers:\n")
SHOP = (
    CATALOG.format(fee="30")
    + f"""
customers:
- {ACME[:-1]}, subscription: {{plan: pro}}, grants: [
    {{key: welcome, name: W, amount: "500", currency: USD, funding_method: none}}]}}
"""
)
OTHER_CUSTOMER = "_info: {owner: other}\ncustomers: [{key: acme, name: Other Inc}]"
OTHER_METER = f"_info: {{owner: other}}\nmeters: [{SUM}]"
OTHER_PLAN = CATALOG.format(fee="99").replace("owner: shop", "owner: other")
OTHER_GRANT = SHOP.replace('amount: "500"', 'amount: "7"').replace("subscription: {plan: pro}, ", "")


def synced(text: str) -> Callable[[World], None]:
    def make(world: World) -> None:
        assert not world.sync(declared(text)).plan.guards

    return make


def by_hand(world: World) -> None:
    """A subscription that no file declares, on the plan of the files, with its own periods."""
    synced(CATALOG.format(fee="30"))(world)
    with world.http() as http:
        acme = made(http, "customers", key="acme", name="Acme", usage_attribution={"subject_keys": ["acme"]})
        (plan,) = rows_of(http, "plans")
        made(http, "subscriptions", customer={"id": acme["id"]}, plan={"id": plan["id"]})


def made(http: httpx.Client, path: str, **fields: Any) -> dict[str, Any]:
    answer = http.post(path, json=fields)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


GRANT, CHAIN, USAGE = "grant/acme/welcome", "subscription/acme/default", "usage of acme"
BLOCKED = {CHAIN: "blocked", USAGE: "usage-held-back"}
FOREIGN = {
    "customer": (synced(OTHER_CUSTOMER), {"customer/acme": "other-owner", GRANT: "blocked", **BLOCKED}, 0, 0),
    "plan": (synced(OTHER_PLAN), {"plan/pro@1": "other-owner", **BLOCKED}, 470, 0),
    "meter": (
        synced(OTHER_METER),
        {"meter/calls": "other-owner", "feature/calls": "blocked", "plan/pro@1": "blocked", **BLOCKED},
        470,
        0,
    ),
    "subscription": (by_hand, {CHAIN: "made-elsewhere", USAGE: "usage-held-back"}, 470, 0),
    "synced before": (synced(SHOP), {GRANT: "immutable-field", CHAIN: "no-timing", USAGE: "usage-held-back"}, 470, 0),
    "grant": (synced(OTHER_GRANT), {GRANT: "immutable-field"}, 7, 1),
}


@pytest.fixture(scope="module")
def lost() -> tuple[World, Recovery, tuple[Event, ...]]:
    """The shop with a usage event, its recovery snapshot, and the events of that."""
    old = lived_through([(0, SHOP)], days=10)
    with old.http() as http:
        call = {"specversion": "1.0", "id": "c", "source": "t", "type": "call", "subject": "acme"}
        assert http.post("events", json=[call]).is_success
    old.clock.advance(3600)
    return old, recovery_of(old, has_events=True), events_of(old)


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_anothers_is_given_nothing(name: str, lost: tuple[World, Recovery, tuple[Event, ...]]) -> None:
    """Neither credit nor usage nor a subscription: all that needs it is lost, and a second run writes nothing."""
    old, recovery, events = lost
    make, codes, credit, sent = FOREIGN[name]
    new = empty_at_the_same_time(old)
    make(new)
    new.clock.advance(3600)
    first, again = Wire(), Wire()

    for wire in (first, again):
        found = restored(new, recovery, wrap=wire.wrap, events=events)
        resent = resend(new.connection(wire.wrap), recovery, events, Choices(), found, lambda text: None)

        assert {one.what: one.code for one in found.accounts if one.fate is Fate.LOST} == codes
        assert found.loses_to_others is ("made-elsewhere" in codes.values())
        unowned = [one.what for one in found.accounts if one.code == "owner-not-set"]
        assert unowned == (["customer/acme"] if make is by_hand else [])
        assert complete(recovery, found.accounts, events=1) == ()
        assert resent.sent + resent.known == sent
    assert balances(new)["acme"].get("USD", 0) == credit
    assert again.transport.writes == ()


def test_what_is_anothers_is_used_where_that_is_said(lost: tuple[World, Recovery, tuple[Event, ...]]) -> None:
    """The refusal names the option; nothing of the other's customer changes, and it gets all that it had."""
    old, recovery, events = lost
    new, again = empty_at_the_same_time(old), Wire()
    synced(OTHER_CUSTOMER)(new)
    used = Choices(uses=frozenset({Address("customer", ("acme",))}))

    (refused,) = (
        one for one in planned(new.connection(), recovery, Choices()).plan.changes if one.code == "other-owner"
    )
    found = restored(new, recovery, used, events=events)
    restored(new, recovery, used, wrap=again.wrap, events=events)

    how = "the live one, which differs in currency, name, usage_attribution, is used as it is, with its owner other"
    assert "--use-live customer/acme;" in refused.hint
    assert [(one.code, one.how) for one in found.accounts if one.kind == "customer"] == [("used-as-it-is", how)]
    assert complete(recovery, found.accounts, events=len(events)) == ()
    assert (balances(new), again.transport.writes) == (balances(old), ())
    with new.http() as http:
        (acme,) = rows_of(http, "customers")
        assert (acme["name"], acme["labels"]["billsync_owner"]) == ("Other Inc", "other")


def test_a_refused_grant_is_lost_with_its_money(lost: tuple[World, Recovery, tuple[Event, ...]]) -> None:
    """What was left of it, less what a live grant under its key has."""
    old, recovery, _ = lost
    money = {}
    for name in ("customer", "grant"):
        new = empty_at_the_same_time(old)
        FOREIGN[name][0](new)
        money[name] = {one.what: dict(one.money) for one in restored(new, recovery).accounts}[GRANT]

    assert money == {"customer": {"USD": 470}, "grant": {"USD": 463}}


def test_usage_waits_for_a_subscription_that_failed(lost: tuple[World, Recovery, tuple[Event, ...]]) -> None:
    """Sent with its own time, it would be there already once a further run begins that, and never billed."""
    old, recovery, events = lost
    new = empty_at_the_same_time(old)
    found = planned(new.connection(), recovery, Choices(), events=events)

    first = resend(new.connection(), recovery, events, Choices(), found, lambda text: None)
    restored(new, recovery)
    then = resend(new.connection(), recovery, events, Choices(), found, lambda text: None)

    assert (first, then) == (Resent(held=1), Resent(sent=1))


def test_a_status_that_nobody_knows_begins_nothing(lost: tuple[World, Recovery, tuple[Event, ...]]) -> None:
    """Somebody who was paused, say, isn't billed."""
    old, recovery, _ = lost
    (row,) = recovery.live.of("subscription")
    paused = replace(row, fields={**row.fields, "status": "paused"})
    live = replace(recovery.live, rows={**recovery.live.rows, "subscription": (paused,)})

    found = restored(empty_at_the_same_time(old), replace(recovery, live=live))

    said = {one.what: (one.code, one.how) for one in found.accounts if one.fate is Fate.LOST}
    assert said[CHAIN] == ("unknown-value", "its status is unknown: 'paused'")
    assert not [step for step in found.plan.steps if step.address.kind == "subscription" or "restore:" in step.id]


def test_what_was_made_by_hand_is_not_lost_where_it_still_is() -> None:
    old = World(seed=1)
    by_hand(old)
    old.clock.advance(3600)

    found = restored(old, recovery_of(old))

    assert ({one.fate for one in found.accounts if one.kind == "subscription"}, found.loses_to_others) == (
        {Fate.RESTORED},
        False,
    )


def test_a_server_that_has_lost_nothing_is_left_alone() -> None:
    """A restore into the wrong server: its grants, debts and usage are there, and nobody owes anything twice."""
    poor = SHOP.replace('amount: "500"', 'amount: "5"')
    old = lived_through([(0, poor)], days=10)
    call_shop.send_calls(old, 3)
    old.clock.advance(3600)
    recovery, events, wire = recovery_of(old, has_events=True), events_of(old), Wire()
    old.clock.advance(3600)

    found = restored(old, recovery, wrap=wire.wrap, events=events)

    (debt,) = (one for one in found.accounts if one.kind == "debt")
    assert (found.debts, debt.fate, found.loses_to_others) == ((), Fate.RESTORED, False)
    assert not [one for one in found.accounts if one.fate is Fate.LOST]
    assert complete(recovery, found.accounts, events=len(events)) == ()
    assert wire.transport.writes == ()


TWO_PLANS = """
_info: {owner: shop, defaults: {plan: {currency: USD, billing_cadence: P1M, settlement_mode: credit_only}}}
plans:
- {key: basic, name: B, phases: [{key: main, name: M, rate_cards: [
    {key: fee, name: F, price: {type: flat, amount: "5"}, billing_cadence: P1M}]}]}
- {key: pro, name: P, phases: [{key: main, name: M, rate_cards: [
    {key: fee, name: F, price: {type: flat, amount: "9"}, billing_cadence: P1M}]}]}
customers:
"""
ON_PRO, TO_BASIC = (
    f"{TWO_PLANS}- {{key: acme, name: A, subscription: {{plan: {plan}}}}}"
    for plan in ("pro", "basic, change: at_renewal")
)


def test_a_plan_that_runs_here_is_no_change_that_was_scheduled() -> None:
    """A pipeline that ran first has subscribed the customer to the plan of after the renewal: nothing of that is
    restored, and the loss report says so."""
    old = lived_through([(0, ON_PRO), (5, TO_BASIC)], days=1)
    recovery, new = recovery_of(old), empty_at_the_same_time(old)
    synced(TO_BASIC)(new)

    found = planned(new.connection(), recovery, Choices())

    fates = [one.fate for one in found.accounts if one.kind == "subscription"]
    assert complete(recovery, found.accounts) == ()
    assert len(fates) == 2
    assert Fate.RESTORED not in fates
