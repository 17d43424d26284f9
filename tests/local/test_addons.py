"""Rules of add-ons that no recording shows (catalog-facts.md §8)."""

from typing import Any

import httpx
import pytest

from tests.local.conftest import Hands, Serve
from tests.support.local_answers import codes, made

FEE = {"key": "fee", "name": "Fee", "price": {"type": "flat", "amount": "10"}, "billing_cadence": "P1M"}
FREE = {"key": "perk", "name": "Perk", "price": {"type": "free"}}


def addon(*cards: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "key": "storage",
        "name": "Storage",
        "instance_type": "single",
        "currency": "USD",
        "rate_cards": list(cards),
        **fields,
    }


def change(*cards: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The body of a PUT."""
    body = addon(*cards, **fields)
    return {name: value for name, value in body.items() if name not in ("key", "currency")}


def usage(server: httpx.Client, key: str = "calls", *, metered: bool = True, **more: Any) -> dict[str, Any]:
    """A card with a unit price, and its feature."""
    meter = made(server, "/meters", {"key": key, "name": key, "aggregation": "count", "event_type": key})
    fields = {"meter": {"id": meter["id"]}} if metered else {}
    feature = made(server, "/features", {"key": key, "name": key, **fields})
    price = {"type": "unit", "amount": "0.1"}
    card = {"key": key, "name": key, "feature": {"id": feature["id"]}, "price": price, "billing_cadence": "P1M"}
    return card | more


def active(server: httpx.Client, *cards: dict[str, Any], **fields: Any) -> dict[str, Any]:
    draft = made(server, "/addons", addon(*cards, **fields))
    document: dict[str, Any] = server.post(f"/addons/{draft['id']}/publish").json()
    assert document["status"] == "active", document
    return document


def test_a_version_that_was_deleted_counts_for_the_next_one(server: httpx.Client) -> None:
    first = made(server, "/addons", addon(FEE))
    server.delete(f"/addons/{first['id']}")

    second = made(server, "/addons", addon(FEE))

    assert (first["version"], second["version"]) == (1, 2)


def test_a_deleted_draft_of_an_addon_is_not_protected_from_a_put(server: httpx.Client) -> None:
    draft = made(server, "/addons", addon(FEE))
    server.delete(f"/addons/{draft['id']}")

    answer = server.put(f"/addons/{draft['id']}", json=change(FEE, name="Again"))

    assert (answer.status_code, answer.json()["name"], "deleted_at" in answer.json()) == (200, "Again", True)


def test_publishing_an_addon_archives_the_version_in_force(server: httpx.Client, hands: Hands) -> None:
    """Publishing an add-on archives the version in force at the same instant."""
    first = active(server, FEE)
    hands.move(days=1)

    second = active(server, FEE)

    archived = server.get(f"/addons/{first['id']}").json()
    assert (archived["status"], archived["effective_to"]) == ("archived", second["effective_from"])


def test_the_draft_of_an_addon_reads_null_for_no_cards(server: httpx.Client) -> None:
    """The draft of an add-on without cards reads null for them, and null can't be sent."""
    draft = made(server, "/addons", addon())

    refused = server.put(f"/addons/{draft['id']}", json={**change(), "rate_cards": None})

    assert draft["rate_cards"] is None
    assert [entry["field"] for entry in refused.json()["invalid_parameters"]] == ["rate_cards"]


@pytest.mark.parametrize("card", [FEE, FREE])
def test_a_card_of_an_addon_always_shows_labels(server: httpx.Client, card: dict[str, Any]) -> None:
    bare = made(server, "/addons", addon(card))
    labelled = made(server, "/addons", addon({**card, "labels": {"team": "a"}}, key="other"))

    shown = [document["rate_cards"][0]["labels"] for document in (bare, labelled)]

    assert shown == [{}, {"team": "a"}]


@pytest.mark.parametrize(("faithful_faults", "status"), [(False, 400), (True, 500)])
def test_a_usage_card_that_never_recurs_is_refused(serve: Serve, faithful_faults: bool, status: int) -> None:
    """A usage card that never recurs is refused; with faithful faults it is an error of the server."""
    server = serve(faithful_faults=faithful_faults)
    card = usage(server)
    del card["billing_cadence"]

    answer = server.post("/addons", json=addon(card))

    assert (answer.status_code, server.get("/addons").json()["data"]) == (status, [])


@pytest.mark.parametrize(
    ("cadences", "found"),
    [
        (("P1M", "P1M"), []),
        (("P12M", "P1Y"), []),
        (("P7D", "P1W"), []),
        (("P1M", "P30D"), ["rate_card_multiple_billing_cadence"]),
        (("P1D", "PT24H"), ["rate_card_multiple_billing_cadence"]),
    ],
)
def test_the_priced_cards_of_an_addon_recur_together(
    server: httpx.Client, cadences: tuple[str, str], found: list[str]
) -> None:
    cards = [{**FEE, "key": f"fee_{place}", "billing_cadence": cadence} for place, cadence in enumerate(cadences)]
    draft = made(server, "/addons", addon(*cards))

    published = server.post(f"/addons/{draft['id']}/publish")

    assert published.status_code == (400 if found else 200)
    assert not found or codes(published) == found


def test_free_cards_and_single_fees_have_no_say_in_how_an_addon_recurs(server: httpx.Client) -> None:
    once = {name: value for name, value in FEE.items() if name != "billing_cadence"}
    cards = [FEE, {**once, "key": "setup"}, {**FREE, "billing_cadence": "P1Y"}]
    draft = made(server, "/addons", addon(*cards, instance_type="multiple"))

    published = server.post(f"/addons/{draft['id']}/publish")

    assert published.status_code == 200


def test_publishing_an_addon_twice_says_all_that_is_wrong_at_once(server: httpx.Client) -> None:
    card = usage(server)
    document = active(server, card)
    server.delete(f"/features/{card['feature']['id']}")

    again = server.post(f"/addons/{document['id']}/publish")

    assert codes(again) == ["addon_invalid_status_for_publish", "rate_card_feature_not_found"]


def test_a_usage_price_without_a_meter_stays_a_draft(server: httpx.Client) -> None:
    draft = made(server, "/addons", addon(usage(server, metered=False)))

    refused = server.post(f"/addons/{draft['id']}/publish")

    assert "validation_errors" not in draft
    assert codes(refused) == ["usage_based_price_with_feature_and_no_meter"]


def test_only_the_first_usage_price_of_a_multiple_addon_is_named(server: httpx.Client) -> None:
    cards = [usage(server, key) for key in ("calls", "tokens")]
    draft = made(server, "/addons", addon(*cards, instance_type="multiple"))

    refused = server.post(f"/addons/{draft['id']}/publish")

    assert [issue["field"] for issue in refused.json()["extensions"]["validationErrors"]] == [
        "$.ratecards[?(@.key=='calls')].price"
    ]


def test_what_is_wrong_with_a_card_is_told_before_the_state_of_the_addon(server: httpx.Client) -> None:
    document = active(server, FEE)
    path = f"/addons/{document['id']}"
    lost = {**FEE, "feature": {"id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}}

    negative = server.put(path, json=change({**FEE, "price": {"type": "flat", "amount": "-1"}}))
    unknown = server.put(path, json=change(lost))

    assert negative.json()["detail"] == "validation error: the Amount must not be negative"
    assert codes(unknown) == ["rate_card_feature_not_found"]


def test_an_addon_does_not_keep_its_feature_from_being_archived(server: httpx.Client) -> None:
    card = usage(server)
    active(server, card)

    answer = server.delete(f"/features/{card['feature']['id']}")

    assert answer.status_code == 204


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/publish"), ("POST", "/archive")]
)
def test_an_unknown_addon_is_not_found(server: httpx.Client, method: str, path: str) -> None:
    body = change(FEE) if method == "PUT" else None

    answer = server.request(method, f"/addons/01ARZ3NDEKTSV4RRFFQ69G5FAV{path}", json=body)

    assert (answer.status_code, answer.json()["type"]) == (404, "about:blank")


@pytest.mark.parametrize(
    ("currency", "status"),
    [("JPY", 201), ("QQQ", 400), ("TOKENS", 400)],
)
def test_an_addon_has_a_currency_that_exists(server: httpx.Client, currency: str, status: int) -> None:
    answer = server.post("/addons", json=addon(FEE, currency=currency))

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("override", "code"),
    [("USD", "rate_card_currency_override_redundant"), ("EUR", "plan_multiple_fiat_currencies")],
)
def test_a_fiat_override_in_an_addon_is_shown_and_refused_at_publish(
    server: httpx.Client, override: str, code: str
) -> None:
    draft = made(server, "/addons", addon({**FEE, "currency": override}))

    refused = server.post(f"/addons/{draft['id']}/publish")

    assert [issue["code"] for issue in draft["validation_errors"]] == [code]
    assert codes(refused) == [code, code]
