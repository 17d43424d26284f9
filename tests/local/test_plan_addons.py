"""Rules of add-ons on plans that no recording shows (catalog-facts.md §9)."""

from typing import Any

import httpx
import pytest

from tests.support.local_answers import codes, made

FEE = {"key": "fee", "name": "Fee", "price": {"type": "flat", "amount": "10"}, "billing_cadence": "P1M"}
UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
ON_FEE = "$.addon.ratecards[?(@.key=='fee')]"


def active_addon(server: httpx.Client, *cards: dict[str, Any], **fields: Any) -> str:
    """The id of an add-on that can be attached."""
    body = {"key": "extra", "name": "Extra", "instance_type": "single", "currency": "USD", "rate_cards": list(cards)}
    addon_id: str = made(server, "/addons", body | fields)["id"]
    published = server.post(f"/addons/{addon_id}/publish")
    assert published.status_code == 200, published.text
    return addon_id


def draft_plan(server: httpx.Client, *cards: dict[str, Any], **fields: Any) -> str:
    """The id of a draft whose only phase has these cards."""
    phases = [{"key": "default", "name": "Default", "rate_cards": list(cards)}]
    body = {"key": "pro", "name": "Pro", "currency": "USD", "billing_cadence": "P1M", "phases": phases}
    plan_id: str = made(server, "/plans", body | fields)["id"]
    return plan_id


def attach(server: httpx.Client, plan_id: str, addon_id: str, **fields: Any) -> httpx.Response:
    body = {"name": "Attached", "addon": {"id": addon_id}, "from_plan_phase": "default", **fields}
    return server.post(f"/plans/{plan_id}/addons", json=body)


def attached(server: httpx.Client, plan_id: str, addon_id: str, **fields: Any) -> dict[str, Any]:
    answer = attach(server, plan_id, addon_id, **fields)
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


def found(document: dict[str, Any]) -> list[tuple[str, str]]:
    """What is incompatible, and where."""
    return [(entry["code"], entry["field"]) for entry in document.get("validation_errors", [])]


def feature(server: httpx.Client, key: str = "fee") -> dict[str, str]:
    meter = made(server, "/meters", {"key": key, "name": key, "aggregation": "count", "event_type": key})
    return {"id": made(server, "/features", {"key": key, "name": key, "meter": {"id": meter["id"]}})["id"]}


def usage(feature: dict[str, str]) -> dict[str, Any]:
    return {**FEE, "feature": feature, "price": {"type": "unit", "amount": "1"}}


def test_an_assignment_keeps_no_name_and_its_first_labels_are_dropped(server: httpx.Client) -> None:
    plan_id, addon_id = draft_plan(server, FEE), active_addon(server, {**FEE, "key": "extra"})

    document = attached(server, plan_id, addon_id, labels={"team": "a"}, description="about")

    known = {name: value for name, value in document.items() if name not in ("id", "created_at", "updated_at")}
    assert known == {"addon": {"id": addon_id}, "from_plan_phase": "default", "labels": {}, "name": ""}


def test_a_bad_label_is_refused_although_labels_are_dropped(server: httpx.Client) -> None:
    plan_id, addon_id = draft_plan(server, FEE), active_addon(server, {**FEE, "key": "extra"})

    refused = attach(server, plan_id, addon_id, labels={"kong_x": "a"})

    assert codes(refused) == ["invalid_label_key_prefix"]


def test_a_put_keeps_an_assignments_labels_unless_they_are_empty(server: httpx.Client) -> None:
    """A put without labels keeps those of the assignment; a put with an empty map clears them."""
    plan_id, addon_id = draft_plan(server, FEE), active_addon(server, {**FEE, "key": "extra"})
    path = f"/plans/{plan_id}/addons/{attached(server, plan_id, addon_id)['id']}"
    put = {"name": "Attached", "from_plan_phase": "default"}

    answers = [server.put(path, json=put | more) for more in ({"labels": {"team": "a"}}, {}, {"labels": {}})]

    assert [answer.json()["labels"] for answer in answers] == [{"team": "a"}, {"team": "a"}, {}]


def test_the_plan_in_the_path_of_an_assignment_does_not_count(server: httpx.Client) -> None:
    plan_id, addon_id = draft_plan(server, FEE), active_addon(server, {**FEE, "key": "extra"})
    path = f"/plans/{UNKNOWN}/addons/{attached(server, plan_id, addon_id)['id']}"

    read = server.get(path)
    put = server.put(path, json={"name": "Attached", "from_plan_phase": "default"})
    deleted = server.delete(path)

    assert (read.status_code, put.status_code, deleted.status_code) == (200, 200, 204)
    assert server.get(f"/plans/{plan_id}/addons").json()["data"] == []


def test_a_detached_addon_can_still_be_put(server: httpx.Client) -> None:
    plan_id, addon_id = draft_plan(server, FEE), active_addon(server, {**FEE, "key": "extra"})
    path = f"/plans/{plan_id}/addons/{attached(server, plan_id, addon_id)['id']}"
    server.delete(path)

    answer = server.put(path, json={"name": "Attached", "from_plan_phase": "default"})

    assert (answer.status_code, "deleted_at" in answer.json()) == (200, True)


def test_the_pair_is_looked_at_before_the_state_of_the_plan(server: httpx.Client) -> None:
    plan_id, addon_id = draft_plan(server, FEE), active_addon(server, {**FEE, "key": "extra"})
    other_id = active_addon(server, {**FEE, "key": "extra"}, key="other")
    attached(server, plan_id, addon_id)
    server.post(f"/plans/{plan_id}/publish")

    again, another = attach(server, plan_id, addon_id), attach(server, plan_id, other_id)

    assert (again.status_code, another.status_code) == (409, 400)


def test_the_addons_of_a_deleted_draft_stay_and_hold_the_addon(server: httpx.Client) -> None:
    plan_id, addon_id = draft_plan(server, FEE), active_addon(server, {**FEE, "key": "extra"})
    path = f"/plans/{plan_id}/addons/{attached(server, plan_id, addon_id)['id']}"
    server.delete(f"/plans/{plan_id}")
    server.post(f"/addons/{addon_id}/archive")

    refused = server.delete(path), server.delete(f"/addons/{addon_id}")

    assert [answer.status_code for answer in refused] == [400, 400]
    assert len(server.get(f"/plans/{plan_id}/addons").json()["data"]) == 1


def test_detaching_frees_an_archived_addon_to_be_deleted(server: httpx.Client) -> None:
    plan_id, addon_id = draft_plan(server, FEE), active_addon(server, {**FEE, "key": "extra"})
    server.delete(f"/plans/{plan_id}/addons/{attached(server, plan_id, addon_id)['id']}")
    server.post(f"/addons/{addon_id}/archive")

    answer = server.delete(f"/addons/{addon_id}")

    assert answer.status_code == 204


def test_every_addon_that_does_not_fit_is_counted_at_publish(server: httpx.Client) -> None:
    plan_id = draft_plan(server, FEE)
    for key in ("one", "two"):
        attached(server, plan_id, active_addon(server, {**FEE, "key": key}, key=key), from_plan_phase="later")

    refused = server.post(f"/plans/{plan_id}/publish")

    assert codes(refused) == ["plan_has_incompatible_addon", "plan_has_incompatible_addon"]


def test_an_addon_whose_feature_is_archived_attaches_and_publishes(server: httpx.Client) -> None:
    card = usage(feature(server))
    plan_id, addon_id = draft_plan(server, {**FEE, "key": "other"}), active_addon(server, card)
    server.delete(f"/features/{card['feature']['id']}")

    document = attached(server, plan_id, addon_id)
    published = server.post(f"/plans/{plan_id}/publish")

    assert (found(document), published.status_code) == ([], 200)


@pytest.mark.parametrize(
    ("below", "above", "incompatible"),
    [
        ({}, {}, []),
        ({"price": {"type": "free"}}, {}, []),
        ({"billing_cadence": None}, {}, []),
        ({}, {"billing_cadence": "P1Y"}, [("rate_card_billing_cadence_mismatch", f"{ON_FEE}.billingCadence")]),
        (
            {"discounts": {"percentage": 10}},
            {"discounts": {"percentage": 0}},
            [("rate_card_percentage_discount_not_allowed", f"{ON_FEE}.discounts.percentage")],
        ),
        ({"discounts": {"percentage": 10}}, {}, []),
        (
            {"payment_term": "in_advance"},
            {},
            [("rate_card_price_payment_term_mismatch", f"{ON_FEE}.price")],
        ),
    ],
)
def test_cards_of_one_key_add_up_only_when_they_are_alike(
    server: httpx.Client, below: dict[str, Any], above: dict[str, Any], incompatible: list[tuple[str, str]]
) -> None:
    plan_id, addon_id = draft_plan(server, merged(FEE, below)), active_addon(server, merged(FEE, above))

    document = attached(server, plan_id, addon_id)

    assert found(document) == incompatible


def merged(card: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """The card with other fields; None takes one out."""
    return {name: value for name, value in (card | more).items() if value is not None}


@pytest.mark.parametrize(
    ("usage_below", "incompatible"),
    [
        (False, ["rate_card_price_type_mismatch", "rate_card_price_payment_term_mismatch"]),
        (True, ["rate_card_price_type_mismatch", "rate_card_only_flat_price_allowed"]),
    ],
)
def test_a_fee_and_a_usage_price_do_not_add_up(
    server: httpx.Client, usage_below: bool, incompatible: list[str]
) -> None:
    priced = usage(feature(server))
    fee = {**FEE, "feature": priced["feature"]}
    below, above = (priced, fee) if usage_below else (fee, priced)
    plan_id = draft_plan(server, below)

    document = attached(server, plan_id, active_addon(server, above))

    assert found(document) == [(code, f"{ON_FEE}.price") for code in incompatible]


@pytest.mark.parametrize(
    ("below", "above", "incompatible"),
    [
        ({"type": "boolean"}, {"type": "boolean"}, []),
        (
            {"type": "boolean"},
            {"type": "static", "config": {}},
            [("rate_card_entitlement_template_type_mismatch", f"{ON_FEE}.entitlementTemplate.type")],
        ),
        (
            {"type": "static", "config": {}},
            {"type": "static", "config": {}},
            [("rate_card_static_entitlement_template_not_allowed", f"{ON_FEE}.entitlementTemplate.type")],
        ),
        ({"type": "metered", "limit": 1}, {"type": "metered", "limit": 2}, []),
        (
            {"type": "metered", "limit": 1},
            {"type": "metered", "limit": 1, "usage_period": "P1D"},
            [
                (
                    "rate_card_metered_entitlement_template_usage_period_mismatch",
                    f"{ON_FEE}.entitlementTemplate.usagePeriod",
                )
            ],
        ),
    ],
)
def test_entitlements_of_one_feature_add_up_only_when_they_count_alike(
    server: httpx.Client, below: dict[str, Any], above: dict[str, Any], incompatible: list[tuple[str, str]]
) -> None:
    card = {**FEE, "feature": feature(server)}
    plan_id = draft_plan(server, {**card, "entitlement": below})
    addon_id = active_addon(server, {**card, "entitlement": above})

    document = attached(server, plan_id, addon_id)

    assert found(document) == incompatible


def test_a_feature_that_was_made_again_is_another_one(server: httpx.Client) -> None:
    old = {**FEE, "feature": feature(server)}
    addon_id = active_addon(server, old)
    server.delete(f"/features/{old['feature']['id']}")
    new = made(server, "/features", {"key": "fee", "name": "Fee"})
    plan_id = draft_plan(server, {**FEE, "feature": {"id": new["id"]}})

    document = attached(server, plan_id, addon_id)

    assert found(document) == [("rate_card_feature_id_mismatch", f"{ON_FEE}.featureId")]


def test_the_phases_from_the_named_one_on_must_fit(server: httpx.Client) -> None:
    yearly = {**FEE, "billing_cadence": "P1Y"}
    phases = [
        {"key": "trial", "name": "Trial", "duration": "P1M", "rate_cards": [yearly]},
        {"key": "default", "name": "Default", "rate_cards": [FEE]},
    ]
    plan_id, addon_id = draft_plan(server, phases=phases), active_addon(server, FEE)

    later = attached(server, plan_id, addon_id)
    server.delete(f"/plans/{plan_id}/addons/{later['id']}")
    earlier = attached(server, plan_id, addon_id, from_plan_phase="trial")

    assert found(later) == []
    assert found(earlier) == [("rate_card_billing_cadence_mismatch", f"{ON_FEE}.billingCadence")]


def test_the_cadence_of_a_free_card_must_fit_too(server: httpx.Client) -> None:
    """The cadence of a free card must fit too, and all cards that don't fit give one finding."""
    weekly = {**FEE, "billing_cadence": "P1W", "price": {"type": "free"}}
    cards = [{**weekly, "key": key} for key in ("one", "two")]
    plan_id, addon_id = draft_plan(server, FEE), active_addon(server, *cards)

    document = attached(server, plan_id, addon_id)

    assert found(document) == [("rate_card_billing_cadence_unaligned", "$.billingCadence")]


def test_two_fiat_currencies_are_refused_even_with_an_unknown_phase(server: httpx.Client) -> None:
    """Two fiat currencies are refused at once, even with an unknown phase."""
    plan_id = draft_plan(server, FEE)
    addon_id = active_addon(server, {**FEE, "key": "extra"}, currency="EUR")

    known, unknown = (attach(server, plan_id, addon_id, from_plan_phase=key) for key in ("default", "later"))

    assert codes(known) == ["plan_multiple_fiat_currencies", "plan_multiple_fiat_currencies"]
    assert codes(unknown) == ["plan_multiple_fiat_currencies"]


def test_priced_cards_of_one_key_have_one_currency(server: httpx.Client) -> None:
    plan_id, addon_id = draft_plan(server, FEE), active_addon(server, FEE, currency="EUR")

    refused = attach(server, plan_id, addon_id)

    assert codes(refused) == ["plan_multiple_fiat_currencies", "plan_addon_currency_mismatch"]


def test_a_put_names_only_the_findings_that_carry_a_status(server: httpx.Client) -> None:
    plan_id, addon_id = draft_plan(server, FEE), active_addon(server, {**FEE, "key": "extra"})
    path = f"/plans/{plan_id}/addons/{attached(server, plan_id, addon_id)['id']}"
    put = {"name": "Attached", "from_plan_phase": "later"}

    both = server.put(path, json={**put, "max_quantity": 2})
    phase = server.put(path, json=put)

    assert codes(both) == ["plan_addon_max_quantity_must_not_be_set"]
    assert "extensions" not in phase.json()


def test_a_unit_conversion_must_be_the_same_on_both_sides(server: httpx.Client) -> None:
    card = usage(feature(server))
    by_ten, by_two = ({"operation": "divide", "conversion_factor": factor} for factor in ("10", "2"))
    plan_id = draft_plan(server, {**card, "unit_config": by_ten})
    addon_id = active_addon(server, {**card, "unit_config": by_two})

    document = attached(server, plan_id, addon_id)

    assert found(document) == [
        ("rate_card_only_flat_price_allowed", f"{ON_FEE}.price"),
        ("addon_rate_card_unit_config_mismatch", f"{ON_FEE}.unit_config"),
    ]
