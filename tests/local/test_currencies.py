"""Rules of custom currencies and their worth that no recording shows (catalog-facts.md §7.6, §9.3, §10)."""

from typing import Any

import httpx
import pytest

from tests.local.conftest import Hands, Serve
from tests.support.local_answers import codes, made
from tests.support.recorder import Recorder

FEE = {"key": "fee", "name": "Fee", "price": {"type": "flat", "amount": "10"}, "billing_cadence": "P1M"}
TOKENS: dict[str, Any] = {
    "code": "TOKENS",
    "name": "Tokens",
    "precision": 0,
    "decimal_mark": ".",
    "thousand_separator": ",",
}


def tokens(server: httpx.Client, rate: str | None = None, **fields: Any) -> str:
    """The id of the currency, worth something in USD where a rate is given."""
    currency_id: str = made(server, "/currencies/custom", TOKENS | fields)["id"]
    if rate:
        made(server, bases_of(currency_id), {"fiat_code": "USD", "rate": rate})
    return currency_id


def bases_of(currency_id: str) -> str:
    return f"/currencies/custom/{currency_id}/cost-bases"


def periods(server: httpx.Client, currency_id: str) -> list[tuple[str, str, str | None]]:
    """Rate, begin and end of every basis, the newest first."""
    rows = server.get(bases_of(currency_id)).json()["data"]
    return [(row["rate"], row["effective_from"], row.get("effective_to")) for row in rows]


def draft_plan(server: httpx.Client, *cards: dict[str, Any], **fields: Any) -> str:
    phases = [{"key": "default", "name": "Default", "rate_cards": list(cards)}]
    body = {"key": "pro", "name": "Pro", "currency": "USD", "billing_cadence": "P1M", "phases": phases}
    plan_id: str = made(server, "/plans", body | fields)["id"]
    return plan_id


def active_addon(server: httpx.Client, *cards: dict[str, Any], **fields: Any) -> str:
    body = {"key": "extra", "name": "Extra", "instance_type": "single", "currency": "USD", "rate_cards": list(cards)}
    addon_id: str = made(server, "/addons", body | fields)["id"]
    assert server.post(f"/addons/{addon_id}/publish").status_code == 200
    return addon_id


def attach(server: httpx.Client, plan_id: str, addon_id: str) -> httpx.Response:
    body = {"name": "Attached", "addon": {"id": addon_id}, "from_plan_phase": "default"}
    return server.post(f"/plans/{plan_id}/addons", json=body)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"code": "tokens"}, 201),
        ({"code": "MY TOKENS"}, 201),
        ({"code": " TOKENS"}, 400),
        ({"precision": 12}, 201),
        ({"precision": -1}, 400),
    ],
)
def test_a_code_may_be_any_text_and_a_precision_has_a_limit(
    server: httpx.Client, fields: dict[str, Any], status: int
) -> None:
    tokens(server, code="TOKENS")

    answer = server.post("/currencies/custom", json={**TOKENS, "code": "OTHER", **fields})

    assert answer.status_code == status


@pytest.mark.parametrize("content", ["-1", "1e1"])
def test_an_invalid_precision_breaks_the_real_server(serve: Serve, content: str, openapi: Recorder) -> None:
    """The real server answers 500 to a precision that is no number of decimals."""
    server = serve(faithful_faults=True)
    body = '{"code":"TOKENS","name":"T","decimal_mark":".","thousand_separator":",","precision":' + content + "}"

    with openapi.wrong_on_purpose():
        answer = server.post("/currencies/custom", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 500


def test_a_fiat_currency_has_no_id_to_be_found_by(server: httpx.Client) -> None:
    fiat = server.get("/currencies", params={"filter[code]": "USD"}).json()["data"]

    assert "id" not in fiat[0]


def test_a_basis_to_come_leaves_the_present_one_until_then(server: httpx.Client, hands: Hands) -> None:
    currency_id = tokens(server, "0.01")
    later = {"fiat_code": "USD", "rate": "0.02", "effective_from": "2026-10-01T02:00:00+02:00"}

    answer = made(server, bases_of(currency_id), later)

    assert answer["effective_from"] == "2026-10-01T02:00:00+02:00"
    assert periods(server, currency_id) == [
        ("0.02", "2026-10-01T00:00:00Z", None),
        ("0.01", "2026-09-01T12:00:00Z", "2026-10-01T00:00:00Z"),
    ]


def test_a_new_basis_of_today_leaves_the_one_to_come_alone(server: httpx.Client, hands: Hands) -> None:
    currency_id = tokens(server)
    made(server, bases_of(currency_id), {"fiat_code": "USD", "rate": "2", "effective_from": "2026-10-01T00:00:00Z"})

    made(server, bases_of(currency_id), {"fiat_code": "USD", "rate": "1"})

    assert periods(server, currency_id) == [
        ("2", "2026-10-01T00:00:00Z", None),
        ("1", "2026-09-01T12:00:00Z", None),
    ]


@pytest.mark.parametrize(
    ("period", "status"),
    [
        ({"effective_to": "2026-09-02T00:00:00Z"}, 201),
        ({"effective_to": "2026-09-01T12:00:00Z"}, 400),
        ({"effective_from": "2026-09-01T12:00:00Z"}, 400),
        ({"effective_from": "2026-10-01T00:00:00Z", "effective_to": "2026-10-01T00:00:00Z"}, 400),
    ],
)
def test_a_basis_begins_in_the_future_and_ends_after_that(
    server: httpx.Client, period: dict[str, str], status: int
) -> None:
    currency_id = tokens(server)

    answer = server.post(bases_of(currency_id), json={"fiat_code": "USD", "rate": "1", **period})

    assert answer.status_code == status


def test_two_bases_of_one_pair_cannot_begin_together(server: httpx.Client) -> None:
    currency_id = tokens(server, "1")

    same = server.post(bases_of(currency_id), json={"fiat_code": "USD", "rate": "1"})
    other = server.post(bases_of(currency_id), json={"fiat_code": "ZZZ", "rate": "1"})

    assert (same.status_code, other.status_code) == (409, 201)


def test_an_addon_in_a_custom_currency_is_published_without_a_cost_basis(server: httpx.Client) -> None:
    """An add-on in a custom currency can be published before the currency has a cost basis."""
    tokens(server)

    addon_id = active_addon(server, FEE, currency="TOKENS")

    assert server.get(f"/addons/{addon_id}").json()["currency"] == "TOKENS"


@pytest.mark.parametrize(
    "addon", [{"currency": "TOKENS"}, {"rate_cards": [{**FEE, "key": "extra", "currency": "TOKENS"}]}]
)
def test_an_addon_in_tokens_needs_a_cost_basis_to_join_a_fiat_plan(server: httpx.Client, addon: dict[str, Any]) -> None:
    """An add-on in tokens can be attached to a fiat plan only when the tokens have a cost basis."""
    currency_id = tokens(server)
    plan_id, addon_id = draft_plan(server, FEE), active_addon(server, {**FEE, "key": "extra"}, **addon)

    refused = attach(server, plan_id, addon_id)
    made(server, bases_of(currency_id), {"fiat_code": "USD", "rate": "0.01"})
    accepted = attach(server, plan_id, addon_id)

    assert codes(refused) == ["currency_cost_basis_not_found"]
    assert (accepted.status_code, server.post(f"/plans/{plan_id}/publish").status_code) == (201, 200)


def test_a_worth_that_is_over_does_not_count(server: httpx.Client, hands: Hands) -> None:
    currency_id = tokens(server)
    basis = {"fiat_code": "USD", "rate": "1", "effective_to": "2026-09-02T00:00:00Z"}
    made(server, bases_of(currency_id), basis)
    plan_id = draft_plan(server, {**FEE, "currency": "TOKENS"})
    hands.move(days=1)

    refused = server.post(f"/plans/{plan_id}/publish")

    assert codes(refused) == ["currency_cost_basis_not_found"]
    assert server.get(f"/currencies/custom/{currency_id}").json()["cost_basis"] == []


def test_a_plan_in_tokens_takes_no_addon_priced_in_anything_else(server: httpx.Client) -> None:
    tokens(server, "0.01")
    plan_id = draft_plan(server, FEE, currency="TOKENS")
    same, other, priced = (
        active_addon(server, {**FEE, **card}, key=key, currency=currency)
        for key, currency, card in (
            ("same", "TOKENS", {"key": "extra"}),
            ("other", "USD", {"key": "extra"}),
            ("priced", "USD", {}),
        )
    )

    answers = [attach(server, plan_id, addon_id) for addon_id in (same, other, priced)]

    assert answers[0].status_code == 201
    assert [codes(answer) for answer in answers[1:]] == [
        ["rate_card_currency_override_not_allowed"],
        ["plan_addon_currency_mismatch"],
    ]


def test_an_addon_in_tokens_has_no_override(server: httpx.Client) -> None:
    tokens(server)
    body = {"key": "extra", "name": "Extra", "instance_type": "single", "currency": "TOKENS"}

    draft = made(server, "/addons", {**body, "rate_cards": [{**FEE, "currency": "USD"}]})
    refused = server.post(f"/addons/{draft['id']}/publish")

    assert [entry["code"] for entry in draft["validation_errors"]] == ["rate_card_currency_override_not_allowed"]
    assert codes(refused) == ["rate_card_currency_override_not_allowed"] * 2


@pytest.mark.parametrize(
    ("rate", "mode", "status"),
    [(None, "credit_then_invoice", 400), (None, "credit_only", 201), ("0.01", "credit_then_invoice", 201)],
)
def test_a_plan_in_tokens_is_sold_when_they_have_a_cost_basis(
    server: httpx.Client, rate: str | None, mode: str, status: int
) -> None:
    """A plan in tokens is invoiced in the customer's currency only when the tokens have a cost basis."""
    tokens(server, rate)
    plan_id = draft_plan(server, FEE, currency="TOKENS")
    server.post(f"/plans/{plan_id}/publish")
    customer = made(server, "/customers", {"key": "acme", "name": "Acme", "currency": "USD"})
    body = {"customer": {"id": customer["id"]}, "plan": {"id": plan_id}, "settlement_mode": mode}

    answer = server.post("/subscriptions", json=body)

    assert answer.status_code == status
    if status == 201:
        item = answer.json()["phases"][0]["items"][0]
        assert (answer.json()["invoice_currency"], item["rate_card"]["currency"]) == ("USD", "TOKENS")
