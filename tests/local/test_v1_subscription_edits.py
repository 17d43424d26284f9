"""Edits of running subscriptions, which only the older API v1 has."""

from typing import Any

import httpx
import pytest

from tests.local.conftest import Hands
from tests.support.prepaid import Account, account, feature, fee_card, plan, posted

V1 = "http://local/api/v1"
SEATS = {
    "type": "flat_fee",
    "key": "seats",
    "name": "Seats",
    "billingCadence": "P1M",
    "price": {"type": "flat", "amount": "7"},
}
ADD = {"op": "add_item", "phaseKey": "main", "rateCard": SEATS}
REMOVE = {"op": "remove_item", "phaseKey": "main", "itemKey": "fee"}
STRETCH = {"op": "stretch_phase", "phaseKey": "trial", "extendBy": "P1M"}
BONUS = {"key": "bonus", "name": "Bonus", "startAfter": "P7D", "duration": "P7D"}
START = "2026-09-01T12:00:00Z"


def card(key: str, amount: str) -> dict[str, Any]:
    return {**SEATS, "key": key, "name": key.title(), "price": {"type": "flat", "amount": amount}}


def adding(phase: str, key: str, amount: str = "1") -> dict[str, Any]:
    return {"op": "add_item", "phaseKey": phase, "rateCard": card(key, amount)}


@pytest.fixture
def acme(server: httpx.Client) -> Account:
    return account(server)


@pytest.fixture
def running(acme: Account) -> str:
    """A subscription with one phase, and a fee in it."""
    phases = [{"key": "main", "name": "Main", "rate_cards": [fee_card("fee", "30", "in_advance")]}]
    return acme.subscribe(plan(acme.server, phases=phases))


@pytest.fixture
def trial(acme: Account) -> str:
    """A subscription with a trial of a month, a ramp of a month, and a main phase."""
    lengths = {"trial": "P1M", "ramp": "P1M", "main": None}
    phases = [
        {"key": key, "name": key.title(), "rate_cards": [fee_card("fee", "30", "in_advance")]}
        | ({"duration": length} if length else {})
        for key, length in lengths.items()
    ]
    return acme.subscribe(plan(acme.server, phases=phases))


def edit(acme: Account, subscription: str, *operations: dict[str, Any], **more: Any) -> httpx.Response:
    body = {"customizations": list(operations), **more}
    return acme.server.patch(f"{V1}/subscriptions/{subscription}", json=body)


def edited(acme: Account, subscription: str, *operations: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = edit(acme, subscription, *operations, **more)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def shown(acme: Account, subscription: str) -> dict[str, Any]:
    return dict(acme.server.get(f"/subscriptions/{subscription}").json())


def items(acme: Account, subscription: str) -> dict[str, list[tuple[str, str | None]]]:
    """By phase: each item that is shown, and until when."""
    phases = shown(acme, subscription)["phases"]
    return {
        phase["key"]: [(item["rate_card"]["key"], item.get("active_to")) for item in phase["items"]] for phase in phases
    }


def starts(acme: Account, subscription: str) -> list[tuple[str, str]]:
    return [(phase["key"], phase["active_from"][:10]) for phase in shown(acme, subscription)["phases"]]


# Items


def test_an_edit_is_answered_with_the_subscription_without_its_phases(acme: Account, running: str) -> None:
    answer = edited(acme, running, ADD)

    assert (answer["id"], answer["status"], "phases" in answer) == (running, "active", False)


def test_an_item_is_added_to_the_current_phase_from_now_on(acme: Account, running: str, hands: Hands) -> None:
    hands.move(days=3)
    edited(acme, running, ADD)

    (phase,) = shown(acme, running)["phases"]
    fee, seats = phase["items"]
    assert (fee["active_from"], seats["active_from"]) == (START, "2026-09-04T12:00:00Z")
    assert seats["rate_card"] == {
        "key": "seats",
        "name": "Seats",
        "price": {"type": "flat", "amount": "7"},
        "currency": "USD",
        "billing_cadence": "P1M",
        "payment_term": "in_advance",
    }


def test_an_item_of_a_key_that_is_there_replaces_it_from_now_on(acme: Account, running: str, hands: Hands) -> None:
    before = shown(acme, running)["phases"][0]["items"][0]["id"]
    hands.move(days=3)
    edited(acme, running, adding("main", "fee", "40"))

    (item,) = shown(acme, running)["phases"][0]["items"]
    versions = acme.server.get(f"{V1}/subscriptions/{running}").json()["phases"][0]["itemTimelines"]["fee"]
    assert (item["rate_card"]["price"]["amount"], item["active_from"]) == ("40", "2026-09-04T12:00:00Z")
    assert [(one["activeFrom"], one.get("activeTo")) for one in versions] == [
        (START, "2026-09-04T12:00:00Z"),
        ("2026-09-04T12:00:00Z", None),
    ]
    assert before not in [one["id"] for one in versions]


def test_an_item_is_removed_from_now_on(acme: Account, running: str, hands: Hands) -> None:
    edited(acme, running, ADD)
    hands.move(days=3)
    edited(acme, running, REMOVE)

    assert items(acme, running) == {"main": [("seats", None)]}


def test_operations_come_one_after_the_other(acme: Account, running: str) -> None:
    edited(acme, running, REMOVE, adding("main", "fee", "40"), ADD)

    assert items(acme, running) == {"main": [("fee", None), ("seats", None)]}


def test_all_operations_happen_or_none(acme: Account, running: str) -> None:
    before = shown(acme, running)

    answer = edit(acme, running, ADD, {**REMOVE, "itemKey": "nothing"})

    assert (answer.status_code, shown(acme, running)) == (409, before)


def test_an_edit_at_the_next_cycle_is_seen_then(acme: Account, running: str, hands: Hands) -> None:
    edited(acme, running, adding("main", "fee", "40"), timing="next_billing_cycle")
    now = items(acme, running)
    hands.move(days=31)

    assert now == {"main": [("fee", "2026-10-01T12:00:00Z")]}
    assert items(acme, running) == {"main": [("fee", None)]}


def test_what_is_scheduled_can_be_taken_back(acme: Account, running: str, hands: Hands) -> None:
    edited(acme, running, adding("main", "fee", "40"), ADD, timing="next_billing_cycle")
    edited(acme, running, {"op": "unschedule_edit"})
    hands.move(days=31)

    assert items(acme, running) == {"main": [("fee", None)]}
    assert shown(acme, running)["phases"][0]["items"][0]["rate_card"]["price"]["amount"] == "30"


def test_a_phase_to_come_gets_and_loses_items_as_a_whole(acme: Account, trial: str) -> None:
    edited(acme, trial, adding("ramp", "extra"), {**REMOVE, "phaseKey": "ramp"})

    assert items(acme, trial)["ramp"] == [("extra", "2026-11-01T12:00:00Z")]


def test_an_edit_is_paid_from_credits_for_the_rest_of_the_period(acme: Account, running: str, hands: Hands) -> None:
    acme.grant("100")
    edited(acme, running, ADD)
    added = acme.balance()
    hands.move(days=3)
    edited(acme, running, adding("main", "fee", "40"))

    assert added == ("63", "63")
    assert acme.balance() == ("54", "54")


# Phases


def test_a_phase_is_stretched_and_later_ones_move(acme: Account, trial: str) -> None:
    edited(acme, trial, STRETCH)

    assert starts(acme, trial) == [("trial", "2026-09-01"), ("ramp", "2026-11-01"), ("main", "2026-12-01")]


def test_a_phase_is_shortened(acme: Account, trial: str) -> None:
    edited(acme, trial, {**STRETCH, "extendBy": "-P7D"})

    assert starts(acme, trial) == [("trial", "2026-09-01"), ("ramp", "2026-09-24"), ("main", "2026-10-25")]


def test_lengths_add_up_part_by_part_so_that_months_do_not_drift(acme: Account, hands: Hands) -> None:
    """From January 31, P1M + P1M is March 31, not the 28th."""
    hands.move(days=152)
    phases = [
        {"key": "trial", "name": "Trial", "duration": "P1M", "rate_cards": [fee_card("fee", "1", "in_advance")]},
        {"key": "main", "name": "Main", "rate_cards": [fee_card("fee", "1", "in_advance")]},
    ]
    subscription = acme.subscribe(plan(acme.server, phases=phases))
    before = starts(acme, subscription)
    edited(acme, subscription, STRETCH)

    assert (before[1], starts(acme, subscription)[1]) == (("main", "2027-02-28"), ("main", "2027-03-31"))


def test_a_phase_is_put_in_and_the_next_one_waits_for_its_end(acme: Account, trial: str) -> None:
    edited(acme, trial, {"op": "add_phase", "phase": BONUS}, adding("bonus", "gift"))

    assert starts(acme, trial) == [
        ("trial", "2026-09-01"),
        ("bonus", "2026-09-08"),
        ("ramp", "2026-09-15"),
        ("main", "2026-10-15"),
    ]
    assert items(acme, trial)["bonus"] == [("gift", "2026-09-15T12:00:00Z")]


@pytest.mark.parametrize(("shift", "main"), [("next", "2026-10-01"), ("prev", "2026-11-01")])
def test_a_phase_to_come_is_taken_out(acme: Account, trial: str, shift: str, main: str) -> None:
    edited(acme, trial, {"op": "remove_phase", "phaseKey": "ramp", "shift": shift})

    assert starts(acme, trial) == [("trial", "2026-09-01"), ("main", main)]


# Refusals


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        ({**ADD, "phaseKey": "nothing"}, 400),
        ({**REMOVE, "itemKey": "nothing"}, 409),
        (adding("trial", "late"), 403),
        ({**REMOVE, "phaseKey": "trial"}, 403),
        (adding("main", "fee"), 403),
        ({"op": "stretch_phase", "phaseKey": "trial", "extendBy": "P1M"}, 403),
        ({"op": "stretch_phase", "phaseKey": "ramp", "extendBy": "P0D"}, 400),
        ({"op": "stretch_phase", "phaseKey": "ramp", "extendBy": "soon"}, 400),
        ({"op": "stretch_phase", "phaseKey": "ramp", "extendBy": "-P1M"}, 409),
        ({"op": "stretch_phase", "phaseKey": "nothing", "extendBy": "P1M"}, 400),
        ({"op": "remove_phase", "phaseKey": "ramp", "shift": "next"}, 403),
        ({"op": "remove_phase", "phaseKey": "main", "shift": "sideways"}, 400),
        ({"op": "add_phase", "phase": {**BONUS, "key": "main"}}, 409),
        ({"op": "add_phase", "phase": BONUS}, 403),
        ({"op": "add_phase", "phase": {**BONUS, "startAfter": "P40D"}}, 400),
        ({"op": "add_phase", "phase": {**BONUS, "startAfter": "P1Y"}}, 400),
        ({"op": "add_phase"}, 400),
        ({"op": "add_item", "phaseKey": "ramp"}, 400),
        ({"op": "rename"}, 400),
        ({**ADD, "rateCard": {**SEATS, "featureKey": "nothing"}}, 400),
        ({**ADD, "rateCard": {**SEATS, "price": {"type": "flat", "amount": "-1"}}}, 400),
    ],
    ids=str,
)
def test_what_an_edit_may_not_do_changes_nothing(
    acme: Account, trial: str, hands: Hands, operation: dict[str, Any], status: int
) -> None:
    hands.move(days=32)
    before = shown(acme, trial)

    answer = edit(acme, trial, operation)

    assert (answer.status_code, shown(acme, trial)) == (status, before)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"customizations": []}, 400),
        ({"customizations": [ADD] * 101}, 400),
        ({"customizations": [ADD], "timing": "2026-10-01T12:00:00Z"}, 400),
        ({"customizations": [ADD], "timing": "later"}, 400),
    ],
)
def test_an_edit_needs_operations_and_a_time(acme: Account, running: str, body: dict[str, Any], status: int) -> None:
    answer = acme.server.patch(f"{V1}/subscriptions/{running}", json=body)

    assert answer.status_code == status


def test_the_next_cycle_lies_in_another_phase(acme: Account, trial: str) -> None:
    assert edit(acme, trial, adding("trial", "x"), timing="next_billing_cycle").status_code == 400


@pytest.mark.parametrize("timing", ["immediate", "next_billing_cycle"])
def test_only_an_active_subscription_is_edited(acme: Account, running: str, timing: str) -> None:
    acme.server.post(f"/subscriptions/{running}/cancel", json={"timing": timing})

    assert edit(acme, running, ADD).status_code == 403


def test_a_subscription_with_addons_is_not_edited(acme: Account) -> None:
    card = {"key": "extra", "name": "Extra", "price": {"type": "flat", "amount": "5"}, "payment_term": "in_advance"}
    body = {"key": "extra", "name": "Extra", "currency": "USD", "instance_type": "single", "rate_cards": [card]}
    addon = posted(acme.server, "/addons", body)["id"]
    posted(acme.server, f"/addons/{addon}/publish", None)
    phases = [{"key": "main", "name": "Main", "rate_cards": [fee_card("fee", "30", "in_advance")]}]
    body = {"key": "p", "name": "P", "currency": "USD", "billing_cadence": "P1M", "phases": phases}
    made = posted(acme.server, "/plans", body)["id"]
    posted(acme.server, f"/plans/{made}/addons", {"name": "x", "addon": {"id": addon}, "from_plan_phase": "main"})
    posted(acme.server, f"/plans/{made}/publish", None)
    subscription = acme.subscribe(made)
    attached = {"addon": {"id": addon}, "quantity": 1, "timing": "immediate"}
    posted(acme.server, f"/subscriptions/{subscription}/addons", attached)

    assert edit(acme, subscription, ADD).status_code == 403


def test_an_unknown_subscription_is_not_edited(acme: Account) -> None:
    assert edit(acme, "01J00000000000000000000000", ADD).status_code == 404


def test_a_feature_of_an_added_item_is_found_by_the_subscription(acme: Account, running: str) -> None:
    feature(acme.server, "calls")
    usage = {
        "type": "usage_based",
        "key": "calls",
        "name": "Calls",
        "featureKey": "calls",
        "billingCadence": "P1M",
        "price": {"type": "unit", "amount": "1"},
        "entitlementTemplate": {"type": "boolean"},
    }
    edited(acme, running, {"op": "add_item", "phaseKey": "main", "rateCard": usage})

    access = acme.server.get(f"/customers/{acme.id}/entitlement-access").json()["data"]
    assert [entry["feature_key"] for entry in access] == ["calls"]
