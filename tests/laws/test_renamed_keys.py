"""A renamed key: what was given and sold under the old one is not given and sold again under the new one.

The reason why the old entity stays makes no difference; nor does what tells that both are one.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from billsync.model.change import PlanFile
from billsync.model.state import Desired
from tests.support.end_state import end_state
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

Document = dict[str, Any]
GRANT: Document = {"key": "welcome", "name": "Welcome", "amount": "500", "currency": "USD", "funding_method": "none"}
SUBSCRIPTION: Document = {"key": "default", "plan": "basic"}
ACMEE: Document = {"key": "acmee", "name": "Acme Inc.", "grants": [GRANT], "subscriptions": [SUBSCRIPTION]}
PLAN: Document = {
    "key": "basic",
    "name": "Basic",
    "currency": "USD",
    "billing_cadence": "P1M",
    "phases": [
        {"key": "default", "name": "Default", "rate_cards": [{"key": "fee", "name": "Fee", "price": {"type": "free"}}]}
    ],
}
BOTH = ["doubled-grant", "doubled-subscription"]


def files(*customers: Document, **beside: Any) -> Desired:
    return declared(yaml.safe_dump({"_info": {"owner": "us"}, "plans": [PLAN], "customers": list(customers), **beside}))


def codes(plan: PlanFile) -> list[str]:
    return sorted({guard.code for guard in plan.guards})


def renamed(**changed: Any) -> Document:
    return {**ACMEE, "key": "acme", **changed}


@pytest.mark.parametrize("mode", ["sync", "apply"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {}),
        ({"name": "Acme"}, {"name": "  ACME "}),
        ({"primary_email": "a@acme.example"}, {"name": "New", "primary_email": "A@acme.example"}),
        ({"labels": {"stripe": "cus_123"}}, {"name": "New", "labels": {"billing": "cus_123"}}),
        ({}, {"name": "New", "usage_attribution": {"subject_keys": ["acmee-2", "acme"]}}),
    ],
)
def test_a_renamed_customer_gets_nothing_twice(mode: str, old: Document, new: Document) -> None:
    world = World()
    old = {"usage_attribution": {"subject_keys": ["acme"]}, **old} if "usage_attribution" in new else old
    world.sync(files({**ACMEE, **old}))

    plan = world.plan(files(renamed(**new)), mode=mode, deletes=mode == "sync")

    claimed = "usage_attribution" in new
    assert codes(plan) == ([] if claimed else BOTH)
    assert [step.id for step in plan.steps if claimed] == []


def test_another_customer_is_no_renamed_one() -> None:
    world = World()
    world.sync(files(ACMEE))

    plan = world.plan(files(renamed(name="Somebody else")))

    assert codes(plan) == ["cancel"]


def test_the_guards_name_the_way_out_and_their_flags() -> None:
    world = World()
    world.sync(files(ACMEE))
    new = files(renamed(grants=[{**GRANT, "key": "hello"}]))

    stopped = world.sync(new)
    allowed = world.sync(new, allow={"doubled-grant": "", "doubled-subscription": "", "cancel": ""})

    assert [(guard.flag, guard.reason) for guard in stopped.plan.guards] == [
        (
            "--allow doubled-grant",
            "grant/acmee/welcome is active, yours, no longer declared, and looks like the new grant/acme/hello; if it "
            "is the same under another key, add `moved: [{kind: customer, from: acmee, to: acme}, "
            "{kind: grant, customer: acme, from: welcome, to: hello}]`",
        ),
        (
            "--allow doubled-subscription",
            "subscription/acmee/default is active, yours, no longer declared, and looks like the new "
            "subscription/acme/default; if it is the same under another key, add "
            "`moved: [{kind: customer, from: acmee, to: acme}]`",
        ),
    ]
    assert allowed.plan.guards == ()
    assert end_state(world).balances == {"acme": {"USD": "500"}, "acmee": {"USD": "500"}}


def test_a_renamed_customer_that_only_external_names_gets_nothing_twice() -> None:
    world = World()
    world.sync(files(ACMEE))
    with world.http() as http:
        http.post("customers", json={"key": "acme", "name": "Acme Inc."}).raise_for_status()
    grant = {**GRANT, "customer": "acme"}
    external = {
        "external": {"customers": ["acme", "acmee"]},
        "grants": [grant],
        "subscriptions": [{"plan": "basic", "customer": "acme"}],
    }

    plan = world.plan(declared(yaml.safe_dump({"_info": {"owner": "us"}, "plans": [PLAN], **external})))

    assert codes(plan) == BOTH


def test_a_grant_of_a_customer_deleted_in_the_same_run_still_counts() -> None:
    """The credits of a customer that is deleted in the same run still count as granted."""
    world = World()
    world.sync(files({**ACMEE, "subscriptions": []}))

    plan = world.plan(files(renamed(subscriptions=[])), allow={"customer-credit": ""})

    assert codes(plan) == ["doubled-grant"]


def test_what_was_cancelled_is_not_sold_again_to_a_renamed_customer() -> None:
    world = World()
    world.sync(files({**ACMEE, "grants": []}))
    with world.http() as http:
        row = http.get("subscriptions").json()["data"][0]
        http.post(f"subscriptions/{row['id']}/cancel", json={"timing": "immediate"}).raise_for_status()

    plan = world.plan(files(renamed(grants=[])), allow={"customer-credit": ""})

    assert codes(plan) == ["doubled-subscription"]


def test_a_renamed_customer_without_money_is_told_where_the_old_one_stays() -> None:
    world = World()
    world.sync(files({"key": "acmee", "name": "Acme Inc."}))
    new = files({"key": "acme", "name": "Acme Inc."})

    assert codes(world.plan(new, mode="apply", deletes=False)) == ["doubled-customer"]
    assert codes(world.plan(new)) == []


def test_a_claimed_subject_names_the_way_out_too() -> None:
    world = World()
    subjects = {"usage_attribution": {"subject_keys": ["acme-prod"]}}
    world.sync(files({**ACMEE, **subjects}))

    plan = world.plan(files(renamed(**subjects)))

    assert [change.hint for change in plan.changes if change.code == "claimed"] == [
        "if it is the same under another key, add `moved: [{kind: customer, from: acmee, to: acme}]`; else take it "
        "from customer/acmee first, in the files or on the server"
    ]


@pytest.mark.parametrize("few", [0, 200])
@pytest.mark.parametrize(("moved", "found"), [(("grants",), BOTH[:1]), (("subscriptions",), ["cancel", *BOTH[1:]])])
def test_a_grant_moved_to_a_similar_declared_customer_is_not_doubled(
    moved: tuple[str, ...], found: list[str], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credit that moves to a similar declared customer stops the run instead of being granted twice."""
    monkeypatch.setattr("billsync.core.changes.read_set.FEW", few)
    world = World()
    bare = {"key": "acme", "name": "Acme Inc."}
    world.sync(files(ACMEE, bare))
    left = {name: value for name, value in ACMEE.items() if name not in moved}

    plan = world.plan(files(left, {**bare, **{name: ACMEE[name] for name in moved}}))

    assert codes(plan) == found
    assert {guard.reason.rpartition("key, ")[2] for guard in plan.guards if guard.code in BOTH} == {
        "remove customer/acmee from the files and add `moved: [{kind: customer, from: acmee, to: acme}]`"
    }


def test_a_trait_that_many_customers_share_is_no_evidence_of_a_rename() -> None:
    """A trait that many declared customers share is no evidence that one of them is a renamed customer."""
    world = World()
    others = [{"key": f"c{number}", "name": "Acme Inc."} for number in range(11)]
    world.sync(files({**ACMEE, "subscriptions": []}, *others))
    given = {**others[0], "grants": ACMEE["grants"]}

    plan = world.plan(files({"key": "acmee", "name": "Acme Inc."}, given, *others[1:]))

    assert codes(plan) == []
