"""A subscription that begins in a later phase of its plan: those before it stay in every view, and take no time."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.local.conftest import Hands
from tests.support.prepaid import Account, account, feature, fee_card, plan, posted, usage_card

V1, V2 = "http://local/api/v1", "http://local/api/v2"
START, FORTNIGHT, MONTH = "2026-09-01T12:00:00Z", "2026-09-15T12:00:00Z", "2026-10-01T12:00:00Z"
LENGTHS = {"trial": {"duration": "P14D"}, "intro": {"duration": "P1M"}, "main": {}}
SKIPPED = [("trial", START, START)]
BEGUN = [*SKIPPED, ("intro", START, MONTH), ("main", MONTH, None)]


@pytest.fixture
def acme(server: httpx.Client) -> Account:
    feature(server, "calls")
    return account(server)


def cards(acme: Account, limit: int, *, static: bool) -> list[dict[str, Any]]:
    terms = {"type": "static", "config": {"limit": limit}} if static else {"type": "metered", "limit": limit}
    calls = usage_card("calls", acme.server.get("/features").json()["data"][0]["id"], entitlement=terms)
    once = {"key": "once", "name": "Once", "price": {"type": "flat", "amount": "5"}, "payment_term": "in_advance"}
    return [fee_card("fee", str(limit), "in_advance"), calls, once]


def sold(acme: Account, *, static: bool = False) -> str:
    phases = [
        {"key": key, "name": key.title(), "rate_cards": cards(acme, 10 * place, static=static), **length}
        for place, (key, length) in enumerate(LENGTHS.items(), 1)
    ]
    return plan(acme.server, phases=phases)


def begin(acme: Account, phase: str = "intro", **more: Any) -> dict[str, Any]:
    body = {"customerId": acme.id, "plan": {"key": "plan"}, "settlementMode": "credit_only", "startingPhase": phase}
    return dict(posted(acme.server, f"{V1}/subscriptions", {**body, **more}))


def v3(acme: Account, subscription: str) -> dict[str, Any]:
    return dict(acme.server.get(f"/subscriptions/{subscription}").json())


def v1(acme: Account, subscription: str) -> dict[str, Any]:
    return dict(acme.server.get(f"{V1}/subscriptions/{subscription}").json())


def phases(shown: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    """Key and time of each phase, in v1 or v3."""
    return [
        (one["key"], one.get("active_from") or one["activeFrom"], one.get("active_to") or one.get("activeTo"))
        for one in shown["phases"]
    ]


def items(phase: dict[str, Any]) -> Iterator[tuple[str, str, str, str | None]]:
    """Key, id and time of each item of a phase, in v1 or v3."""
    for item in phase["items"]:
        key = item["rate_card"]["key"] if "rate_card" in item else item["key"]
        begins = item.get("active_from") or item["activeFrom"]
        yield key, item["id"], begins, item.get("active_to") or item.get("activeTo")


def ids(phase: dict[str, Any]) -> dict[str, str]:
    return {key: one for key, one, _, _ in items(phase)}


def access(acme: Account) -> list[tuple[str, str]]:
    rows = acme.server.get(f"{acme.path}/entitlement-access").json()["data"]
    return [(row["type"], row.get("config", "")) for row in rows]


# Every view says the same


def test_every_view_shows_skipped_phases_without_length(acme: Account) -> None:
    """Every view shows the skipped phases without length, in the order of the plan."""
    sold(acme)
    made = begin(acme)["id"]

    newer, older = v3(acme, made), v1(acme, made)
    (listed,) = acme.server.get("/subscriptions").json()["data"]

    assert listed == newer
    assert phases(newer) == phases(older) == BEGUN
    for one, other in zip(newer["phases"], older["phases"], strict=True):
        assert one["id"] == other["id"]
        assert list(items(one)) == list(items(other))
        assert {key: [item["id"] for item in timeline] for key, timeline in other["itemTimelines"].items()} == {
            key: [item_id] for key, item_id in ids(one).items()
        }
    assert [(key, begins, ends) for key, _, begins, ends in items(newer["phases"][0])] == [
        ("calls", START, START),
        ("fee", START, START),
        ("once", START, START),
    ]
    assert newer["current_period"] == older["alignment"]["currentAlignedBillingPeriod"] == {"from": START, "to": MONTH}


def test_an_item_brings_its_feature_and_an_entitlement_of_its_own_time(acme: Account) -> None:
    sold(acme)
    made = begin(acme)["id"]

    found = [phase["itemTimelines"]["calls"][0]["included"] for phase in v1(acme, made)["phases"]]

    brought = [one["entitlement"] for one in found]
    assert {one["feature"]["key"] for one in found} == {"calls"}
    assert len({one["id"] for one in brought}) == 3
    assert [(one["activeFrom"], one.get("activeTo"), one["issueAfterReset"]) for one in brought] == [
        (START, START, 10),
        (START, MONTH, 20),
        (MONTH, None, 30),
    ]
    assert {one["annotations"]["subscription.id"] for one in brought} == {made}
    assert {one["subjectKey"] for one in brought} == {"acme"}
    every = {name: acme.server.get(f"{name}/entitlements").json() for name in (V1, V2)}
    assert {one["id"]: one for one in every[V1]} == {one["id"]: one for one in brought}
    assert {one["id"] for one in every[V2]["items"]} == {one["id"] for one in brought}
    assert [acme.server.get(f"{V1}/entitlements/{one['id']}").json() for one in brought] == brought
    active = acme.server.get(f"{V2}/entitlements", params={"excludeInactive": "true"}).json()["items"]
    assert [one["id"] for one in active] == [brought[1]["id"]]
    held = acme.server.get(f"{V2}/customers/acme/entitlements").json()["items"]
    assert [one["id"] for one in held] == [brought[1]["id"]]
    shown = acme.server.get(f"{V2}/customers/acme/entitlements/calls/value").json()
    assert (shown["balance"], shown["totalAvailableGrantAmount"]) == (20, 20)


def test_the_entitlement_of_a_subscription_is_read_but_not_changed_by_hand(acme: Account) -> None:
    sold(acme)
    begin(acme)
    path = f"{V2}/customers/acme/entitlements/calls"
    body = {"type": "boolean", "featureKey": "calls"}

    writes = [
        acme.server.post(f"{path}/grants", json={"amount": 1, "effectiveAt": START}),
        acme.server.post(f"{path}/reset", json={}),
        acme.server.put(f"{path}/override", json=body),
        acme.server.delete(path),
    ]

    assert [answer.status_code for answer in writes] == [403] * 4
    (grant,) = acme.server.get(f"{path}/grants").json()["items"]
    assert (grant["amount"], grant["annotations"]) == (20, {"issueAfterReset": True})


@pytest.mark.parametrize(("phase", "place"), [("trial", 1), ("intro", 2), ("main", 3)])
def test_only_phases_from_the_first_one_on_are_charged_and_give_access(acme: Account, phase: str, place: int) -> None:
    sold(acme, static=True)
    begin(acme, phase)

    assert access(acme) == [("static", f'{{"limit": {10 * place}}}')]
    assert {row["unique_reference_id"].split("/")[1] for row in acme.charges()}.isdisjoint(list(LENGTHS)[: place - 1])
    fees = [row for row in acme.charges() if "/fee/" in row["unique_reference_id"]]
    assert fees[0]["price"]["amount"] == str(10 * place)


def test_an_anchor_in_the_past_prorates_the_first_fee(acme: Account) -> None:
    """With an anchor in the past the first fee is prorated, and periods end at the anchor."""
    sold(acme)
    made = begin(acme, "main", billingAnchor="2026-08-17T12:00:00Z")["id"]

    period = {"from": START, "to": "2026-09-17T12:00:00Z"}
    assert v3(acme, made)["current_period"] == period
    assert phases(v3(acme, made)) == [("trial", START, START), ("intro", START, START), ("main", START, None)]
    fee = next(row for row in acme.charges() if "/fee/" in row["unique_reference_id"])
    assert (fee["service_period"], fee["amount_after_proration"]["amount"]) == (period, "15.48")


def test_one_that_starts_later_skips_its_phases_then(acme: Account, hands: Hands) -> None:
    sold(acme)
    made = begin(acme, timing=FORTNIGHT)["id"]
    before = v3(acme, made)
    hands.move(days=20)

    assert phases(before)[0] == ("trial", FORTNIGHT, FORTNIGHT)
    assert "current_period" not in before
    assert [phases(v3(acme, made)), phases(v1(acme, made))] == [phases(before)] * 2
    assert [ids(one) for one in v3(acme, made)["phases"]] == [ids(one) for one in before["phases"]]


def test_a_change_and_a_migration_answer_with_the_skipped_phases(acme: Account, hands: Hands) -> None:
    sold(acme)
    made = begin(acme)["id"]
    hands.move(hours=1)
    body = {"timing": "immediate", "plan": {"key": "plan"}, "startingPhase": "main"}
    changed = posted(acme.server, f"{V1}/subscriptions/{made}/change", body)["next"]
    hands.move(hours=1)
    sold(acme)
    moved = posted(acme.server, f"{V1}/subscriptions/{changed['id']}/migrate", {"startingPhase": "intro"})["next"]

    hour, two = "2026-09-01T13:00:00Z", "2026-09-01T14:00:00Z"
    assert phases(changed) == [("trial", hour, hour), ("intro", hour, hour), ("main", hour, None)]
    assert phases(moved)[:2] == [("trial", two, two), ("intro", two, "2026-10-01T14:00:00Z")]
    for one in (changed, moved):
        assert [phase["id"] for phase in v3(acme, one["id"])["phases"]] == [phase["id"] for phase in one["phases"]]


# What happens later leaves the skipped phases alone


@pytest.mark.parametrize("timing", ["immediate", "next_billing_cycle"])
def test_a_cancellation_leaves_what_was_skipped_as_it_is(acme: Account, hands: Hands, timing: str) -> None:
    sold(acme)
    made = begin(acme)["id"]
    before = v3(acme, made)
    hands.move(days=2)

    after = posted(acme.server, f"/subscriptions/{made}/cancel", {"timing": timing})

    ends = MONTH if timing == "next_billing_cycle" else "2026-09-03T12:00:00Z"
    assert after["phases"][0] == before["phases"][0]
    assert phases(after) == [("trial", START, START), ("intro", START, ends), ("main", MONTH, MONTH)]
    assert (after["current_period"], phases(v1(acme, made))) == ({"from": START, "to": ends}, phases(after))
    moved = [ids(one) != ids(other) for one, other in zip(before["phases"], after["phases"], strict=True)]
    assert moved == [False, timing == "immediate", True]


def test_an_end_makes_static_entitlements_of_skipped_phases_anew(acme: Account) -> None:
    """Every end makes static entitlements anew, in skipped phases too."""
    sold(acme, static=True)
    made = begin(acme)["id"]
    before = ids(v3(acme, made)["phases"][0])

    after = ids(posted(acme.server, f"/subscriptions/{made}/cancel", {"timing": "next_billing_cycle"})["phases"][0])

    assert {key for key in before if before[key] != after[key]} == {"calls"}


@pytest.mark.parametrize("undo", ["v3", "v1"])
def test_an_end_that_is_taken_back_brings_later_phases_again(acme: Account, undo: str) -> None:
    sold(acme)
    made = begin(acme)["id"]
    before = v3(acme, made)
    posted(acme.server, f"/subscriptions/{made}/cancel", {"timing": "next_billing_cycle"})

    path = f"/subscriptions/{made}/unschedule-cancelation" if undo == "v3" else f"{V1}/subscriptions/{made}/restore"
    posted(acme.server, path, None)

    after = v3(acme, made)
    assert phases(after) == BEGUN
    assert [phase["id"] for phase in after["phases"]] == [phase["id"] for phase in before["phases"]]
    assert after["phases"][0] == before["phases"][0]


def edit(acme: Account, subscription: str, **operation: Any) -> int:
    body = {"customizations": [operation]}
    return acme.server.patch(f"{V1}/subscriptions/{subscription}", json=body).status_code


def test_a_skipped_phase_takes_no_items_and_is_not_taken_out(acme: Account, hands: Hands) -> None:
    sold(acme)
    made = begin(acme)["id"]
    hands.move(days=2)
    before = v3(acme, made)
    card = {
        "type": "flat_fee",
        "key": "seats",
        "name": "Seats",
        "billingCadence": "P1M",
        "price": {"type": "flat", "amount": "7"},
    }

    answers = [
        edit(acme, made, op="add_item", phaseKey="trial", rateCard=card),
        edit(acme, made, op="remove_item", phaseKey="trial", itemKey="fee"),
        edit(acme, made, op="remove_phase", phaseKey="trial", shift="next"),
    ]

    assert answers == [403, 403, 403]
    assert v3(acme, made) == before


def test_an_edit_of_the_current_phase_leaves_the_skipped_phase(acme: Account, hands: Hands) -> None:
    """An edit of the current phase leaves the skipped phase as it is."""
    sold(acme)
    made = begin(acme)["id"]
    hands.move(days=2)
    before = v3(acme, made)

    answers = [
        edit(acme, made, op="remove_item", phaseKey="intro", itemKey="fee"),
        edit(acme, made, op="stretch_phase", phaseKey="intro", extendBy="P7D"),
    ]

    after = v3(acme, made)
    assert answers == [200, 200]
    assert after["phases"][0] == before["phases"][0]
    assert phases(after)[1:] == [("intro", START, "2026-10-08T12:00:00Z"), ("main", "2026-10-08T12:00:00Z", None)]
    assert "fee" not in ids(after["phases"][1])
    assert [ends for _, _, _, ends in items(v1(acme, made)["phases"][0])] == [START] * 3


def test_a_skipped_phase_that_is_stretched_is_lived_through_after_all(acme: Account) -> None:
    sold(acme)
    made = begin(acme)["id"]

    answer = edit(acme, made, op="stretch_phase", phaseKey="trial", extendBy="P7D")

    week = "2026-09-08T12:00:00Z"
    assert answer == 200
    assert phases(v3(acme, made))[:2] == [("trial", START, week), ("intro", week, "2026-10-08T12:00:00Z")]


def test_an_add_on_does_not_reach_into_skipped_phases(acme: Account, hands: Hands) -> None:
    body = {"key": "seats", "name": "Seats", "currency": "USD", "instance_type": "single"}
    addon = posted(acme.server, "/addons", {**body, "rate_cards": [fee_card("fee", "3", "in_advance")]})["id"]
    posted(acme.server, f"/addons/{addon}/publish", None)
    draft = {"key": "plan", "name": "Plan", "currency": "USD", "billing_cadence": "P1M"}
    given = [
        {"key": key, "name": key, "rate_cards": [fee_card("fee", "10", "in_advance")], **length}
        for key, length in LENGTHS.items()
    ]
    made = posted(acme.server, "/plans", {**draft, "phases": given})["id"]
    posted(acme.server, f"/plans/{made}/addons", {"name": "A", "addon": {"id": addon}, "from_plan_phase": "trial"})
    posted(acme.server, f"/plans/{made}/publish", None)
    subscription = begin(acme)["id"]
    before = v3(acme, subscription)["phases"][0]
    bought = {"addon": {"id": addon}, "quantity": 1, "timing": "immediate"}
    hands.move(days=1)
    posted(acme.server, f"/subscriptions/{subscription}/addons", bought)

    after = v3(acme, subscription)["phases"]

    assert after[0] == before
    assert [phase["items"][0]["rate_card"]["price"]["amount"] for phase in after] == ["10", "13", "13"]
