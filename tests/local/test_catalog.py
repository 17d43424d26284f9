"""Rules of the catalog that no recording shows (catalog-facts.md says them)."""

from typing import Any

import httpx
import pytest

from tests.local.conftest import Hands
from tests.support.local_answers import codes, made
from tests.support.recorder import WRONG_ON_PURPOSE, Recorder

METER = {"key": "calls", "name": "Calls", "aggregation": "count", "event_type": "call", "dimensions": {"model": "$.m"}}
FEE = {"key": "fee", "name": "Fee", "price": {"type": "flat", "amount": "10"}, "billing_cadence": "P1M"}


def plan(*cards: dict[str, Any], **fields: Any) -> dict[str, Any]:
    phases = [{"key": "default", "name": "Default", "rate_cards": list(cards)}]
    return {"key": "pro", "name": "Pro", "currency": "USD", "billing_cadence": "P1M", "phases": phases, **fields}


def test_a_time_is_echoed_when_it_is_given_and_stored_in_utc(server: httpx.Client) -> None:
    meter = made(server, "/meters", {**METER, "events_from": "2026-01-01T02:00:00.1234567+02:00"})

    read = server.get(f"/meters/{meter['id']}").json()

    assert meter["events_from"] == "2026-01-01T02:00:00.1234567+02:00"
    assert read["events_from"] == "2026-01-01T00:00:00.123456Z"


def test_a_deleted_meter_can_still_be_put_and_measured_with(server: httpx.Client) -> None:
    meter = made(server, "/meters", METER)
    server.delete(f"/meters/{meter['id']}")

    put = server.put(f"/meters/{meter['id']}", json={"name": "Still here"})
    feature = made(server, "/features", {"key": "calls", "name": "Calls", "meter": {"id": meter["id"]}})

    assert (put.status_code, put.json()["name"], "deleted_at" in put.json()) == (200, "Still here", True)
    assert feature["meter"] == {"id": meter["id"]}


@pytest.mark.parametrize("aggregation", ["avg", "min", "max"])
def test_a_feature_cannot_measure_an_average_or_an_extreme(server: httpx.Client, aggregation: str) -> None:
    meter = made(server, "/meters", {**METER, "aggregation": aggregation, "value_property": "$.v"})

    answer = server.post("/features", json={"key": "calls", "name": "Calls", "meter": {"id": meter["id"]}})

    assert answer.status_code == 400


def test_a_key_that_reads_as_an_id_is_refused_in_lower_case_too(server: httpx.Client) -> None:
    answer = server.post("/features", json={"key": "01arz3ndektsv4rrffq69g5fav", "name": "Id"})

    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({}, 201),
        ({"contains": "50%_off"}, 201),
        ({"or": [{"eq": "gpt"}, {"in": ["a", "b"]}]}, 201),
        ({"eq": ""}, 400),
        ({"or": [{"eq": "gpt", "neq": "x"}]}, 400),
    ],
)
def test_a_meter_filter_has_one_operator_everywhere(
    server: httpx.Client, condition: dict[str, Any], status: int
) -> None:
    meter = made(server, "/meters", METER)
    filtered = {"id": meter["id"], "filters": {"model": condition}}

    answer = server.post("/features", json={"key": "calls", "name": "Calls", "meter": filtered})

    assert answer.status_code == status
    assert status == 400 or answer.json()["meter"] == filtered


def test_the_highest_version_of_a_key_counts_even_when_it_was_deleted(server: httpx.Client) -> None:
    first = made(server, "/plans", plan(FEE))
    server.delete(f"/plans/{first['id']}")

    second = made(server, "/plans", plan(FEE))

    assert (first["version"], second["version"]) == (1, 2)


def test_a_deleted_draft_is_not_protected_from_a_put(server: httpx.Client) -> None:
    draft = made(server, "/plans", plan(FEE))
    server.delete(f"/plans/{draft['id']}")

    answer = server.put(f"/plans/{draft['id']}", json={"name": "Again", "phases": draft_phases(draft)})

    assert (answer.status_code, answer.json()["name"]) == (200, "Again")


def draft_phases(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**phase, "rate_cards": [FEE]} for phase in document["phases"]]


def test_publishing_archives_the_version_in_force_at_the_same_instant(server: httpx.Client, hands: Hands) -> None:
    first = made(server, "/plans", plan(FEE))
    server.post(f"/plans/{first['id']}/publish")
    hands.move(days=1)
    second = made(server, "/plans", plan(FEE))

    published = server.post(f"/plans/{second['id']}/publish").json()

    archived = server.get(f"/plans/{first['id']}").json()
    assert (archived["status"], archived["effective_to"]) == ("archived", published["effective_from"])


def test_a_usage_card_without_a_cadence_cannot_be_published(server: httpx.Client) -> None:
    """A usage card without a cadence is kept with the cadence `P0D`, and can't be published."""
    meter = made(server, "/meters", METER)
    feature = made(server, "/features", {"key": "calls", "name": "Calls", "meter": {"id": meter["id"]}})
    card = {"key": "calls", "name": "Calls", "feature": {"id": feature["id"]}, "price": {"type": "unit", "amount": "1"}}

    draft = made(server, "/plans", plan(card))
    refused = server.post(f"/plans/{draft['id']}/publish")

    assert draft["phases"][0]["rate_cards"][0]["billing_cadence"] == "P0D"
    assert codes(refused) == [
        "billing_cadence_invalid_value",
        "billing_cadence_invalid_value",
        "rate_card_billing_cadence_unaligned",
    ]


@pytest.mark.parametrize(
    ("discounts", "read"),
    [
        ({"percentage": 16.666667}, {"percentage": 16.666668}),
        ({"percentage": 0}, {"percentage": 0}),
        ({}, None),
    ],
)
def test_a_percentage_reads_as_its_float_and_no_discount_as_none(
    server: httpx.Client, discounts: dict[str, Any], read: dict[str, Any] | None
) -> None:
    draft = made(server, "/plans", plan({**FEE, "discounts": discounts}))

    assert draft["phases"][0]["rate_cards"][0].get("discounts") == read


def test_a_usage_period_of_nothing_becomes_the_cards_cadence(server: httpx.Client) -> None:
    feature = made(server, "/features", {"key": "seats", "name": "Seats"})
    template = {"type": "metered", "limit": 12345678901234567890, "usage_period": "P0D"}
    card = {**FEE, "key": "seats", "feature": {"id": feature["id"]}, "entitlement": template}

    draft = made(server, "/plans", plan(card))

    assert draft["phases"][0]["rate_cards"][0]["entitlement"] == {
        "type": "metered",
        "limit": 12345678901234567000,
        "usage_period": "P1M",
        "is_soft_limit": False,
    }


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"currency": "JPY"}, 201), ({"currency": "QQQ"}, 400), ({"currency": "TOKENS"}, 400)],
)
def test_a_plan_has_a_currency_that_exists(server: httpx.Client, fields: dict[str, str], status: int) -> None:
    answer = server.post("/plans", json=plan(FEE, **fields))

    assert answer.status_code == status


def test_only_the_first_phase_with_an_unknown_feature_is_named(server: httpx.Client) -> None:
    unknown = [{**FEE, "key": key, "feature": {"id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}} for key in ("one", "two")]
    phases = [
        {"key": "trial", "name": "Trial", "duration": "P1M", "rate_cards": [unknown[0]]},
        {"key": "default", "name": "Default", "rate_cards": [unknown[1]]},
    ]

    answer = server.post("/plans", json=plan(phases=phases))

    assert [issue["field"] for issue in answer.json()["extensions"]["validationErrors"]] == [
        "$.phases[?(@.key=='!UNSUPPORTED')].ratecards[?(@.key=='one')].featureKey"
    ]


def test_features_are_checked_before_tax_codes_and_card_keys_last(server: httpx.Client) -> None:
    """Features are checked before tax codes, and the keys of cards last."""
    feature = made(server, "/features", {"key": "seats", "name": "Seats"})
    other_key = {**FEE, "feature": {"id": feature["id"]}}
    no_feature = {**FEE, "key": "one", "feature": {"id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}}
    no_tax = {**FEE, "key": "two", "tax_config": {"code": {"id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}}}

    three, two, one = (
        server.post("/plans", json=plan(*cards))
        for cards in ((other_key, no_tax, no_feature), (other_key, no_tax), (other_key,))
    )

    assert codes(three) == ["rate_card_feature_not_found"]
    assert "extensions" not in two.json()
    assert codes(one) == ["rate_card_key_feature_key_mismatch"]


def test_every_rule_without_a_code_turns_the_answer_into_a_detail(server: httpx.Client) -> None:
    broken = {**FEE, "price": {"type": "flat", "amount": "-1"}}

    answer = server.post("/plans", json=plan(broken, billing_cadence="P2M"))

    assert "extensions" not in answer.json()


def test_labels_of_phases_and_cards_are_checked_and_never_shown(server: httpx.Client) -> None:
    good = made(server, "/plans", plan({**FEE, "labels": {"team": "a"}}))

    bad = server.post("/plans", json=plan({**FEE, "labels": {"kong_x": "a"}}, key="other"))

    assert good["phases"][0]["rate_cards"][0].keys() == {"key", "name", "price", "billing_cadence", "payment_term"}
    assert codes(bad) == ["invalid_label_key_prefix"]


def test_the_fresh_server_lists_171_fiat_currencies_by_code(server: httpx.Client, openapi: Recorder) -> None:
    everything = server.get("/currencies", params={"page[size]": 1000}).json()
    with openapi.wrong_on_purpose():
        refused = server.get("/currencies", params={"expand": "rates"})

    assert everything["meta"]["page"]["total"] == 171
    assert everything["data"][0] == {
        "type": "fiat",
        "code": "AED",
        "name": "United Arab Emirates Dirham",
        "symbol": "د.إ",
        "precision": 2,
        "decimal_mark": ".",
        "thousand_separator": ",",
    }
    assert [entry["field"] for entry in refused.json()["invalid_parameters"]] == ["0"]


def test_a_fresh_server_has_a_default_profile_and_two_system_tax_codes(server: httpx.Client) -> None:
    profiles = server.get("/profiles").json()["data"]
    tax_codes = {code["id"]: code for code in server.get("/tax-codes").json()["data"]}
    defaults = server.get("/defaults/tax-codes").json()

    assert [profile["default"] for profile in profiles] == [True]
    assert tax_codes[defaults["invoicing_tax_code"]["id"]]["key"] == "default"
    assert tax_codes[defaults["credit_grant_tax_code"]["id"]]["labels"] == {"openmeter_managed_by": "system"}


def test_problems_of_a_phase_come_before_those_of_its_cards(server: httpx.Client) -> None:
    """Problems of a phase are listed before the problems of its cards."""
    card = {
        **FEE,
        "billing_cadence": "PT1M",
        "discounts": {"usage": "1"},
        "currency": "EUR",
        "entitlement": {"type": "metered", "usage_period": "P1M"},
    }
    weekly = {**FEE, "billing_cadence": "P1W"}
    phases = [
        {"key": "first", "name": "First", "rate_cards": [card]},
        {"key": "second", "name": "Second", "duration": "PT1M", "rate_cards": [weekly]},
    ]

    draft = made(server, "/plans", plan(phases=phases))

    assert [issue["code"] for issue in draft["validation_errors"]] == [
        "plan_has_non_last_phase_with_no_duration",
        "entitlement_template_with_no_feature",
        "entitlement_template_issue_after_reset_required",
        "usage_discount_with_flat_price",
        "billing_cadence_invalid_value",
        "usage_discount_with_flat_price",
        "plan_has_last_phase_with_duration",
        "plan_phase_duration_less_then_an_hour",
        "plan_multiple_fiat_currencies",
        "rate_card_billing_cadence_unaligned",
    ]


@pytest.mark.parametrize(("name", "status"), [("😀" * 256, 201), ("😀" * 257, 400)], ids=["256", "257"])
def test_lengths_count_code_points(server: httpx.Client, name: str, status: int) -> None:
    answer = server.post("/customers", json={"key": name[:256], "name": name}, headers={WRONG_ON_PURPOSE: "length"})

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("path", "member", "value"),
    [
        ("/currencies/custom/01ARZ3NDEKTSV4RRFFQ69G5FAV/cost-bases", "rate", "5"),
        ("/currencies/custom/01ARZ3NDEKTSV4RRFFQ69G5FAV/cost-bases", "fiat_code", "USD"),
        ("/customers/01ARZ3NDEKTSV4RRFFQ69G5FAV/credits/grants", "amount", "5"),
        ("/customers/01ARZ3NDEKTSV4RRFFQ69G5FAV/credits/grants", "expires_after", "P1D"),
        ("/customers/01ARZ3NDEKTSV4RRFFQ69G5FAV/credits/grants", "effective_at", "2026-09-01T00:00:00Z"),
        ("/features", "key", "calls"),
        ("/features", "labels", {"team": "a"}),
        ("/meters", "events_from", "2026-09-01T00:00:00Z"),
    ],
)
def test_a_final_line_end_is_no_part_of_a_text_with_a_form(
    server: httpx.Client, path: str, member: str, value: Any
) -> None:
    bodies = {
        "cost-bases": {"rate": "5", "fiat_code": "USD"},
        "grants": {"name": "a", "funding_method": "none", "currency": "USD", "amount": "5"},
        "features": {"key": "calls", "name": "a"},
        "meters": {"key": "calls", "name": "a", "aggregation": "count", "event_type": "a"},
    }
    ended = {"team": "a\n"} if isinstance(value, dict) else f"{value}\n"
    body = {**bodies[path.rpartition("/")[2]], member: ended}

    answer = server.post(path, json=body, headers={WRONG_ON_PURPOSE: "a line end"})

    (entry,) = answer.json()["invalid_parameters"]
    assert (answer.status_code, entry["field"].partition(".")[0]) == (400, member)
