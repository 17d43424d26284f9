"""The customer side of the local server, where the recordings say nothing: the clock moving on, edges, many at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.local.conftest import Hands
from tests.support.recorder import Recorder

FEE = {
    "key": "fee",
    "name": "Fee",
    "billing_cadence": "P1M",
    "payment_term": "in_advance",
    "price": {"type": "flat", "amount": "10"},
}
GRANT = {"name": "Welcome", "funding_method": "none", "currency": "USD", "amount": "10"}


def phase(key: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "name": key.title(), "rate_cards": [FEE], **more}


@pytest.fixture
def plan(server: httpx.Client) -> str:
    """The id of an active plan with one phase."""
    return published(server, "pro", [phase("main")])


@pytest.fixture
def customer(server: httpx.Client) -> str:
    made: str = server.post("/customers", json={"key": "acme", "name": "Acme"}).json()["id"]
    return made


def published(server: httpx.Client, key: str, phases: list[dict[str, Any]]) -> str:
    body = {"key": key, "name": key, "currency": "USD", "billing_cadence": "P1M", "phases": phases}
    made: str = server.post("/plans", json=body).json()["id"]
    assert server.post(f"/plans/{made}/publish").status_code == 200
    return made


def subscribe(server: httpx.Client, customer: str, plan: str, **more: Any) -> dict[str, Any]:
    answer = server.post("/subscriptions", json={"customer": {"id": customer}, "plan": {"id": plan}, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def send_event(server: httpx.Client, event_id: str, subject: str) -> None:
    event = {"specversion": "1.0", "id": event_id, "source": "s", "type": "t", "subject": subject}
    assert server.post("/events", json=event).status_code == 202


def grant(server: httpx.Client, customer: str, **more: Any) -> httpx.Response:
    return server.post(f"/customers/{customer}/credits/grants", json={**GRANT, **more})


def balance(server: httpx.Client, customer: str, **query: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = server.get(f"/customers/{customer}/credits/balance", params=query).json()["balances"]
    return found


def test_a_canceled_subscription_has_ended_once_its_period_is_over(
    server: httpx.Client, hands: Hands, customer: str, plan: str
) -> None:
    made = subscribe(server, customer, plan)
    server.post(f"/subscriptions/{made['id']}/cancel", json={"timing": "next_billing_cycle"})

    periods = []
    for days in (30, 10):
        hands.move(days=days)
        read = server.get(f"/subscriptions/{made['id']}").json()
        assert (read["status"], read["active_to"]) == ("inactive", "2026-10-01T12:00:00Z")
        periods.append(read["current_period"])

    nothing_is_left = {"from": "2026-10-01T12:00:00Z", "to": "2026-10-01T12:00:00Z"}
    assert periods == [nothing_is_left] * 2


def test_a_scheduled_successor_is_active_once_its_time_has_come(
    server: httpx.Client, hands: Hands, customer: str, plan: str
) -> None:
    other = published(server, "team", [phase("main")])
    made = subscribe(server, customer, plan)
    body = {"customer": {}, "plan": {"id": other}, "timing": "next_billing_cycle"}
    changed = server.post(f"/subscriptions/{made['id']}/change", json=body).json()

    hands.move(days=40)
    listed = server.get("/subscriptions", params={"filter[status]": "active"}).json()["data"]

    assert changed["next"]["status"] == "scheduled"
    assert "current_period" not in changed["next"]
    assert [row["id"] for row in listed] == [changed["next"]["id"]]
    assert listed[0]["current_period"] == {"from": "2026-10-01T12:00:00Z", "to": "2026-11-01T12:00:00Z"}


def test_periods_of_an_anchor_on_the_31st_end_with_the_month(
    server: httpx.Client, hands: Hands, customer: str, plan: str
) -> None:
    made = subscribe(server, customer, plan, billing_anchor="2020-01-31T00:00:00+01:00")

    hands.move(days=181)
    read = server.get(f"/subscriptions/{made['id']}").json()

    assert read["billing_anchor"] == "2020-01-30T23:00:00Z"
    assert made["current_period"] == {"from": "2026-09-01T12:00:00Z", "to": "2026-09-30T23:00:00Z"}
    assert read["current_period"] == {"from": "2027-02-28T23:00:00Z", "to": "2027-03-30T23:00:00Z"}


def test_phases_start_after_the_sum_of_the_lengths_before_them(server: httpx.Client, customer: str) -> None:
    phases = [phase("a", duration="P1M"), phase("b", duration="P1M"), phase("c")]
    made = subscribe(server, customer, published(server, "steps", phases))

    windows = [(shown["active_from"], shown.get("active_to")) for shown in made["phases"]]

    assert windows == [
        ("2026-09-01T12:00:00Z", "2026-10-01T12:00:00Z"),
        ("2026-10-01T12:00:00Z", "2026-11-01T12:00:00Z"),
        ("2026-11-01T12:00:00Z", None),
    ]


def test_an_end_before_a_later_phase_empties_that_phase(server: httpx.Client, customer: str) -> None:
    """An end before a later phase leaves that phase without length; taking the end back restores the phase."""
    phases = [phase("trial", duration="P14D"), phase("paid")]
    made = subscribe(server, customer, published(server, "trial", phases))

    canceled = server.post(f"/subscriptions/{made['id']}/cancel", json={"timing": "next_billing_cycle"}).json()
    restored = server.post(f"/subscriptions/{made['id']}/unschedule-cancelation").json()

    assert canceled["active_to"] == "2026-09-15T12:00:00Z"
    assert [shown["active_to"] for shown in canceled["phases"]] == ["2026-09-15T12:00:00Z"] * 2
    assert [shown.get("active_to") for shown in restored["phases"]] == ["2026-09-15T12:00:00Z", None]
    assert "active_to" not in restored


def test_a_subscription_may_end_in_the_instant_it_began(server: httpx.Client, customer: str, plan: str) -> None:
    made = subscribe(server, customer, plan)

    ended = server.post(f"/subscriptions/{made['id']}/cancel", json={}).json()
    again = subscribe(server, customer, plan)

    assert (ended["status"], ended["active_to"]) == ("inactive", made["active_from"])
    assert again["status"] == "active"


def test_of_several_subscriptions_made_at_once_one_stays(server: httpx.Client, customer: str, plan: str) -> None:
    body = {"customer": {"id": customer}, "plan": {"id": plan}}

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: server.post("/subscriptions", json=body).status_code, range(4)))

    assert sorted(answers) == [201, 409, 409, 409]


def test_customers_are_found_by_the_plan_they_are_on_now(
    server: httpx.Client, hands: Hands, customer: str, plan: str
) -> None:
    server.post("/customers", json={"key": "bolt", "name": "Bolt"})
    made = subscribe(server, customer, plan)

    before = server.get("/customers", params={"filter[plan_key]": "pro"}).json()["data"]
    server.post(f"/subscriptions/{made['id']}/cancel", json={})
    after = server.get("/customers", params={"filter[plan_key]": "pro"}).json()["data"]

    assert [row["key"] for row in before] == ["acme"]
    assert after == []


def test_a_subject_that_is_another_customers_key_is_that_customers(server: httpx.Client) -> None:
    first = server.post("/customers", json={"key": "first", "name": "F"}).json()["id"]
    attribution = {"subject_keys": ["first", "own"]}
    second = server.post("/customers", json={"key": "second", "name": "S", "usage_attribution": attribution})
    for subject in ("first", "own"):
        send_event(server, subject, subject)

    rows = server.get("/events").json()["data"]
    of_second = server.get("/events", params={"filter[customer_id]": second.json()["id"]}).json()["data"]

    owners = {row["event"]["subject"]: row["customer"]["id"] for row in rows}
    assert owners == {"first": first, "own": second.json()["id"]}
    assert [row["event"]["id"] for row in of_second] == ["own"]


def test_a_full_last_page_of_events_is_followed_by_an_empty_one(server: httpx.Client, hands: Hands) -> None:
    """Events are read page by page, and a full last page is followed by an empty page."""
    for number in range(4):
        hands.move(seconds=1)
        send_event(server, f"e{number}", "x")

    pages, cursor = [], None
    while len(pages) < 3:
        query = {"page[size]": 2} | ({"page[after]": cursor} if cursor else {})
        answer = server.get("/events", params=query).json()
        pages.append([row["event"]["id"] for row in answer["data"]])
        cursor = answer["meta"]["page"]["next"]

    assert pages == [["e3", "e2"], ["e1", "e0"], []]
    assert cursor is None


def test_an_event_without_a_time_happened_now(server: httpx.Client) -> None:
    send_event(server, "e", "x")

    assert server.get("/events").json()["data"] == [
        {
            "event": {
                "id": "e",
                "source": "s",
                "specversion": "1.0",
                "type": "t",
                "subject": "x",
                "time": "2026-09-01T12:00:00Z",
                "datacontenttype": "application/json",
            },
            "ingested_at": "2026-09-01T12:00:00Z",
            "stored_at": "2026-09-01T12:00:00Z",
            "validation_errors": [{"code": "validation_error", "message": "no customer found for event subject: x"}],
        }
    ]


def test_a_credit_expires_when_its_time_has_come(server: httpx.Client, hands: Hands, customer: str) -> None:
    made = grant(server, customer, expires_after="P1M").json()
    funded = balance(server, customer)

    hands.move(days=30)
    read = server.get(f"/customers/{customer}/credits/grants/{made['id']}").json()
    rows = server.get(f"/customers/{customer}/credits/transactions").json()["data"]

    assert funded == [{"currency": "USD", "live": "10", "settled": "10", "pending": "0"}]
    assert (read["status"], read["expires_at"]) == ("expired", "2026-10-01T12:00:00Z")
    assert balance(server, customer) == [{"currency": "USD", "live": "0", "settled": "0", "pending": "0"}]
    assert [(row["type"], row["amount"], row["booked_at"]) for row in rows] == [
        ("expired", "-10", "2026-10-01T12:00:00Z"),
        ("funded", "10", "2026-09-01T12:00:00Z"),
    ]


def test_credits_bought_on_an_invoice_wait_for_it(server: httpx.Client, hands: Hands, customer: str) -> None:
    purchase = {"currency": "USD", "per_unit_cost_basis": "0.5"}
    terms = {"funding_method": "invoice", "purchase": purchase, "effective_at": "2026-09-11T12:00:00Z"}
    made = grant(server, customer, **terms).json()

    hands.move(days=10)
    read = server.get(f"/customers/{customer}/credits/grants/{made['id']}").json()

    assert (made["status"], made["purchase"]["settlement_status"]) == ("pending", "pending")
    assert (read["status"], read["purchase"]["settlement_status"]) == ("active", "settled")
    assert balance(server, customer) == [{"currency": "USD", "live": "10", "settled": "10", "pending": "0"}]


def test_a_voided_credit_does_not_expire_as_well(server: httpx.Client, hands: Hands, customer: str) -> None:
    made = grant(server, customer, expires_after="P10D").json()
    server.post(f"/customers/{customer}/credits/grants/{made['id']}/void")

    hands.move(days=20)
    rows = server.get(f"/customers/{customer}/credits/transactions").json()["data"]

    assert [row["type"] for row in rows] == ["voided", "funded"]
    assert balance(server, customer) == [{"currency": "USD", "live": "0", "settled": "0", "pending": "0"}]


def test_an_amount_keeps_every_digit(server: httpx.Client, customer: str) -> None:
    amount = "9" * 60 + ".99"

    made = grant(server, customer, amount=amount).json()

    assert made["amount"] == amount
    assert balance(server, customer)[0]["settled"] == amount


def test_a_length_that_leads_out_of_the_calendar_is_refused(
    server: httpx.Client, customer: str, openapi: Recorder
) -> None:
    with openapi.wrong_on_purpose():
        answer = grant(server, customer, expires_after="P9999Y")

    assert answer.status_code == 400
    assert server.get(f"/customers/{customer}/credits/grants").json()["data"] == []


def test_of_several_grants_with_one_key_made_at_once_one_stays(server: httpx.Client, customer: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: grant(server, customer, key="welcome").status_code, range(4)))

    assert sorted(answers) == [201, 409, 409, 409]
    assert balance(server, customer)[0]["settled"] == "10"


def test_a_static_entitlement_is_read_as_the_database_writes_json(server: httpx.Client, customer: str) -> None:
    feature = server.post("/features", json={"key": "tier", "name": "Tier"}).json()["id"]
    config = {"seats": 5, "on": True, "a": [1, {"ä": None}], "rate": 0.5}
    card = {
        "key": "tier",
        "name": "Tier",
        "feature": {"id": feature},
        "price": {"type": "free"},
        "entitlement": {"type": "static", "config": config},
    }
    subscribe(server, customer, published(server, "static", [phase("main", rate_cards=[card])]))

    held = server.get(f"/customers/{customer}/entitlement-access").json()["data"]

    text = '{"a": [1, {"ä": null}], "on": true, "rate": 0.5, "seats": 5}'
    assert held == [{"type": "static", "feature_key": "tier", "has_access": True, "config": text}]
