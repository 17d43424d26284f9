"""What only the older API v1 can do with subscriptions and plans, where the recordings say nothing."""

from typing import Any

import httpx
import pytest

from tests.local.conftest import Hands
from tests.support.prepaid import Account, account, feature, fee_card, plan, posted, usage_card

V1 = "http://local/api/v1"
NOBODY = "01J00000000000000000000000"
FEE = {
    "type": "flat_fee",
    "key": "fee",
    "name": "Fee",
    "billingCadence": "P1M",
    "price": {"type": "flat", "amount": "9.50"},
}


def phase(key: str, *cards: dict[str, Any], duration: str | None = None) -> dict[str, Any]:
    return {"key": key, "name": key.title(), "duration": duration, "rateCards": list(cards)}


def custom(*phases: dict[str, Any], **more: Any) -> dict[str, Any]:
    given = list(phases) or [phase("main", FEE)]
    return {"name": "Own", "currency": "USD", "billingCadence": "P1M", "phases": given, **more}


@pytest.fixture
def acme(server: httpx.Client) -> Account:
    return account(server)


@pytest.fixture
def trial(server: httpx.Client) -> str:
    """A plan with a trial of fourteen days before its main phase."""
    return plan(
        server,
        phases=[
            {"key": "trial", "name": "Trial", "duration": "P14D", "rate_cards": [fee_card("fee", "1", "in_advance")]},
            {"key": "main", "name": "Main", "rate_cards": [fee_card("fee", "30", "in_advance")]},
        ],
    )


def create(acme: Account, **body: Any) -> httpx.Response:
    return acme.server.post(f"{V1}/subscriptions", json={"customerId": acme.id, **body})


def v3(acme: Account, subscription: str) -> dict[str, Any]:
    return dict(acme.server.get(f"/subscriptions/{subscription}").json())


def next_version(server: httpx.Client, amount: str, **more: Any) -> str:
    return plan(server, fee_card("fee", amount, "in_advance"), **more)


# A start and a first phase


def test_a_subscription_starts_later_at_any_date(acme: Account, trial: str, hands: Hands) -> None:
    made = create(acme, plan={"key": "plan"}, timing="2026-10-15T00:00:00Z").json()
    before = v3(acme, made["id"])["status"]

    hands.move(days=45)

    assert (made["activeFrom"], made["billingAnchor"]) == ("2026-10-15T00:00:00Z",) * 2
    assert (before, v3(acme, made["id"])["status"]) == ("scheduled", "active")


@pytest.mark.parametrize("timing", ["next_billing_cycle", "2026-09-01T11:57:59Z", "tomorrow"])
def test_a_subscription_cannot_start_with_a_cycle_or_in_the_past(acme: Account, trial: str, timing: str) -> None:
    """A subscription can start neither at the next cycle, which it doesn't have yet, nor in the past."""
    assert create(acme, plan={"key": "plan"}, timing=timing).status_code == 400


def test_a_subscription_may_have_begun_up_to_two_minutes_ago(acme: Account, trial: str) -> None:
    made = create(acme, plan={"key": "plan"}, timing="2026-09-01T11:58:00Z")

    assert (made.status_code, made.json()["status"]) == (201, "active")


def test_phases_before_the_first_one_asked_for_take_no_time(acme: Account, trial: str) -> None:
    made = create(acme, plan={"key": "plan"}, startingPhase="main", settlementMode="credit_only").json()

    first, main = v3(acme, made["id"])["phases"]
    assert (first["active_from"], first["active_to"]) == ("2026-09-01T12:00:00Z",) * 2
    assert main["active_from"] == "2026-09-01T12:00:00Z"
    assert acme.states()[0] == ("main/fee/v[0]/period[0]", "final")
    assert acme.balance() == ("-30", "-30")


def test_a_plan_is_sold_in_its_active_version(acme: Account, trial: str) -> None:
    """A plan is sold in its active version, whichever version the request names."""
    next_version(acme.server, "5")

    made = create(acme, plan={"key": "plan", "version": 1}, name="Named", metadata={"team": "a"}).json()

    assert (made["plan"]["version"], made["name"], made["metadata"]) == (2, "Named", {"team": "a"})


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"plan": {"key": "nothing"}}, 404),
        ({"plan": {"key": "plan"}, "startingPhase": "nothing"}, 400),
        ({"plan": {"key": "plan"}, "settlementMode": "later"}, 400),
        ({"plan": {"key": "plan"}, "customerId": NOBODY}, 404),
        ({"customPlan": custom(phase("main"))}, 400),
        ({"customPlan": custom(currency="ZZZ")}, 400),
        ({"customPlan": custom(phase("main", {**FEE, "featureKey": "nothing"}))}, 400),
    ],
)
def test_what_v1_refuses_to_make_is_not_there(acme: Account, trial: str, body: dict[str, Any], status: int) -> None:
    answer = create(acme, **body)

    assert answer.status_code == status
    assert acme.server.get("/subscriptions").json()["data"] == []


def test_v1_needs_a_customer(acme: Account, trial: str) -> None:
    answer = acme.server.post(f"{V1}/subscriptions", json={"plan": {"key": "plan"}})

    assert answer.status_code == 400


# A plan of its own


def test_a_plan_of_its_own_may_have_usage_and_phases(acme: Account) -> None:
    feature(acme.server, "calls")
    tiers = [
        {"upToAmount": "10", "flatPrice": {"type": "flat", "amount": "1"}},
        {"unitPrice": {"type": "unit", "amount": "0.10"}},
    ]
    calls = {
        "type": "usage_based",
        "key": "calls",
        "name": "Calls",
        "featureKey": "calls",
        "billingCadence": "P1M",
        "price": {"type": "tiered", "mode": "graduated", "tiers": tiers, "minimumAmount": "2"},
        "discounts": {"usage": {"quantity": "3"}},
    }
    plan_body = custom(phase("trial", {**FEE, "price": None}, duration="P14D"), phase("main", FEE, calls))

    made = create(acme, customPlan=plan_body).json()

    shown = acme.server.get(f"{V1}/subscriptions/{made['id']}").json()
    first, main = shown["phases"]
    assert [item["price"] for item in first["items"]] == [None]
    assert main["items"][0] == {**main["itemTimelines"]["calls"][0]}
    assert main["items"][0]["price"] == {
        "type": "tiered",
        "mode": "graduated",
        "minimumAmount": "2",
        "tiers": [
            {"upToAmount": "10", "flatPrice": {"type": "flat", "amount": "1"}, "unitPrice": None},
            {"flatPrice": None, "unitPrice": {"type": "unit", "amount": "0.1"}},
        ],
    }
    assert main["items"][0]["featureKey"] == "calls"
    assert main["items"][0]["discounts"] == {"usage": {"quantity": "3"}}
    assert main["items"][1]["price"] == {"type": "flat", "amount": "9.5", "paymentTerm": "in_advance"}
    assert "plan" not in shown


def test_beside_a_plan_of_its_own_names_labels_and_modes_go_unheard(acme: Account) -> None:
    made = create(acme, customPlan=custom(), name="N", metadata={"team": "a"}, settlementMode="credit_only").json()

    assert (made["name"], made["settlementMode"]) == ("Own", "credit_then_invoice")
    assert v3(acme, made["id"])["labels"] == {}


def test_a_plan_of_its_own_is_in_the_way_of_another_subscription(acme: Account, trial: str) -> None:
    create(acme, customPlan=custom())

    again = create(acme, plan={"key": "plan"})

    codes = [entry["code"] for entry in again.json()["extensions"]["validationErrors"]]
    assert (again.status_code, len(codes)) == (409, 2)


# Changes


def test_a_change_keeps_labels_and_anchor_and_takes_the_name_of_the_plan(
    acme: Account, trial: str, hands: Hands
) -> None:
    made = create(acme, plan={"key": "plan"}, name="First", metadata={"team": "a"}).json()
    hands.move(days=20)

    body = {"timing": "immediate", "plan": {"key": "plan"}, "startingPhase": "main"}
    following = posted(acme.server, f"{V1}/subscriptions/{made['id']}/change", body)["next"]

    assert (following["name"], following["metadata"]) == ("Plan", {"team": "a"})
    assert following["billingAnchor"] == made["billingAnchor"]
    assert [one["activeFrom"] for one in following["phases"]] == ["2026-09-21T12:00:00Z"] * 2


def test_a_migrated_subscription_keeps_its_name(acme: Account, trial: str) -> None:
    """A subscription moves to the newest version with its own name and the plan's settlement mode."""
    made = create(acme, plan={"key": "plan"}, name="First", settlementMode="credit_only").json()
    next_version(acme.server, "5")

    moved = posted(acme.server, f"{V1}/subscriptions/{made['id']}/migrate", {})["next"]

    assert (moved["plan"]["version"], moved["name"]) == (2, "First")
    assert moved["settlementMode"] == "credit_then_invoice"


def test_a_subscription_moves_to_an_archived_version_but_not_down(acme: Account, trial: str) -> None:
    made = create(acme, plan={"key": "plan"}).json()
    next_version(acme.server, "5")
    next_version(acme.server, "6")

    def to(subscription: str, version: int) -> httpx.Response:
        path = f"{V1}/subscriptions/{subscription}/migrate"
        return acme.server.post(path, json={"targetVersion": version})

    up = to(made["id"], 2)
    down = to(up.json()["next"]["id"], 1)

    assert (up.status_code, down.status_code) == (200, 400)


def test_phases_before_the_starting_phase_stay_without_length(acme: Account) -> None:
    """Phases before the starting phase stay without length, and are not made anew."""
    feature_id = feature(acme.server, "calls")

    def cards(limit: str) -> list[dict[str, Any]]:
        config = {"entitlement": {"type": "static", "config": limit}}
        return [fee_card("fee", "1", "in_advance"), usage_card("calls", feature_id, **config)]

    lengths = {"trial": {"duration": "P14D"}, "intro": {"duration": "P1M"}, "main": {}}
    plan(
        acme.server,
        phases=[
            {"key": key, "name": key, "rate_cards": cards(f'"{key}"'), **length} for key, length in lengths.items()
        ],
    )
    made = create(acme, plan={"key": "plan"}, startingPhase="intro", settlementMode="credit_only").json()["id"]
    before = v3(acme, made)
    answer = acme.server.post(f"/subscriptions/{made}/cancel", json={"timing": "next_billing_cycle"})
    after = v3(acme, made)

    starts, month = "2026-09-01T12:00:00Z", "2026-10-01T12:00:00Z"
    assert answer.status_code == 200
    assert [(one["key"], one["active_from"], one.get("active_to")) for one in before["phases"]] == [
        ("trial", starts, starts),
        ("intro", starts, month),
        ("main", month, None),
    ]
    assert {(item["active_from"], item["active_to"]) for item in after["phases"][0]["items"]} == {(starts, starts)}
    assert [one["id"] for one in after["phases"]] == [one["id"] for one in before["phases"]]
    assert {one["phases"][0]["items"][1]["id"] for one in (before, after)} == {before["phases"][0]["items"][1]["id"]}
    access = acme.server.get(f"{acme.path}/entitlement-access").json()["data"]
    assert [(row["feature_key"], row["config"]) for row in access] == [("calls", '"\\"intro\\""')]
    assert [row["service_period"]["from"] for row in acme.charges()] == [starts, starts]


def test_a_deleted_successor_frees_its_time_and_its_label(acme: Account, trial: str) -> None:
    """A deleted successor frees its time, and the label of the subscription before it."""
    made = create(acme, plan={"key": "plan"}, startingPhase="main").json()
    path = f"/subscriptions/{made['id']}"
    change = {"customer": {}, "plan": {"key": "plan"}, "timing": "next_billing_cycle"}
    following = posted(acme.server, f"{path}/change", change)["next"]["id"]

    answer = acme.server.delete(f"{V1}/subscriptions/{following}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert (v3(acme, made["id"])["status"], v3(acme, made["id"])["labels"]) == ("canceled", {})
    assert posted(acme.server, f"{path}/unschedule-cancelation", None)["status"] == "active"
    assert [row["id"] for row in acme.server.get("/subscriptions").json()["data"]] == [made["id"]]


def test_a_subscription_is_restored_instead_of_the_one_to_follow(acme: Account, trial: str) -> None:
    made = create(acme, plan={"key": "plan"}).json()["id"]
    change = {"customer": {}, "plan": {"key": "plan"}, "timing": "next_billing_cycle"}
    following = posted(acme.server, f"/subscriptions/{made}/change", change)["next"]["id"]

    answers = [acme.server.post(f"{V1}/subscriptions/{one}/restore").status_code for one in (following, made, made)]

    assert answers == [403, 200, 403]
    assert (v3(acme, made)["status"], v3(acme, made)["labels"]) == ("active", {})
    assert acme.server.get(f"/subscriptions/{following}").status_code == 404


def test_v1_shows_every_version_of_an_item(acme: Account, hands: Hands) -> None:
    seats = {"key": "seats", "name": "Seats", "currency": "USD", "instance_type": "multiple"}
    addon = posted(acme.server, "/addons", {**seats, "rate_cards": [fee_card("fee", "3", "in_advance")]})["id"]
    posted(acme.server, f"/addons/{addon}/publish", None)
    body = {"key": "plan", "name": "Plan", "currency": "USD", "billing_cadence": "P1M"}
    main = {"key": "main", "name": "Main", "rate_cards": [fee_card("fee", "30", "in_advance")]}
    made = posted(acme.server, "/plans", {**body, "phases": [main]})["id"]
    posted(acme.server, f"/plans/{made}/addons", {"name": "A", "addon": {"id": addon}, "from_plan_phase": "main"})
    posted(acme.server, f"/plans/{made}/publish", None)
    subscription = acme.subscribe(made)
    hands.move(days=1)
    bought = {"addon": {"id": addon}, "quantity": 2, "timing": "immediate"}
    posted(acme.server, f"/subscriptions/{subscription}/addons", bought)

    (shown,) = acme.server.get(f"{V1}/subscriptions/{subscription}").json()["phases"]

    timeline = [
        (item["activeFrom"], item.get("activeTo"), item["price"]["amount"]) for item in shown["itemTimelines"]["fee"]
    ]
    assert timeline == [
        ("2026-09-01T12:00:00Z", "2026-09-02T12:00:00Z", "30"),
        ("2026-09-02T12:00:00Z", None, "36"),
    ]
    assert [item["price"]["amount"] for item in shown["items"]] == ["36"]


def test_v1_does_not_show_what_only_v3_can_say(acme: Account) -> None:
    conversion = {"operation": "divide", "conversion_factor": "1000", "rounding": "none"}
    card = usage_card("calls", feature(acme.server, "calls"), unit_config=conversion)
    subscription = acme.subscribe(plan(acme.server, card))

    assert acme.server.get(f"{V1}/subscriptions/{subscription}").status_code == 400
    assert acme.server.post(f"{V1}/subscriptions/{subscription}/migrate", json={}).status_code == 400


# Plans


def test_a_plan_made_through_v1_settles_its_subscriptions_by_credits(acme: Account) -> None:
    body = {**custom(), "key": "credits", "settlementMode": "credit_only"}
    made = posted(acme.server, f"{V1}/plans", body)
    posted(acme.server, f"/plans/{made['id']}/publish", None)

    asked = {"customer": {"id": acme.id}, "plan": {"id": made["id"]}}
    subscribed = posted(acme.server, "/subscriptions", asked)

    assert made["phases"][0]["rateCards"][0]["price"]["paymentTerm"] == "in_advance"
    assert acme.server.get(f"/plans/{made['id']}").json()["settlement_mode"] == "credit_only"
    assert subscribed["settlement_mode"] == "credit_only"
    assert acme.balance() == ("-9.5", "-9.5")


def test_a_second_draft_of_a_plan_is_refused_through_v1_too(acme: Account) -> None:
    body = {**custom(), "key": "credits"}
    first = acme.server.post(f"{V1}/plans", json=body)

    second = acme.server.post(f"{V1}/plans", json=body)

    assert (first.status_code, second.status_code) == (201, 400)
