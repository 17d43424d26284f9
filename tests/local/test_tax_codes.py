"""Rules of tax codes that no recording shows (catalog-facts.md §6)."""

from typing import Any

import httpx
import pytest

from tests.support.local_answers import codes, made

CODE: dict[str, Any] = {"key": "saas", "name": "SaaS", "app_mappings": []}


def stripe(code: str) -> dict[str, str]:
    return {"app_type": "stripe", "tax_code": code}


@pytest.mark.parametrize(
    ("mappings", "broken"),
    [
        ([stripe("txcd_10000000"), stripe("txcd_10000000")], ["app_types_must_be_unique"]),
        ([stripe("")], ["tax_code_empty", "tax_code_stripe_invalid"]),
        ([stripe("txcd_1"), stripe("")], ["app_types_must_be_unique", "tax_code_stripe_invalid", "tax_code_empty"]),
        ([stripe("txcd_١٢٣٤٥٦٧٨")], ["tax_code_stripe_invalid"]),
        ([stripe("txcd_10000000\n")], ["tax_code_stripe_invalid"]),
    ],
)
def test_every_mapping_that_is_wrong_is_named(
    server: httpx.Client, mappings: list[dict[str, str]], broken: list[str]
) -> None:
    answer = server.post("/tax-codes", json={**CODE, "app_mappings": mappings})

    assert codes(answer)[: len(broken)] == broken


def test_a_wrong_mapping_is_told_before_a_key_that_is_taken(server: httpx.Client) -> None:
    made(server, "/tax-codes", CODE)

    answer = server.post("/tax-codes", json={**CODE, "app_mappings": [stripe("nope")]})

    assert codes(answer) == ["tax_code_stripe_invalid"]


def test_the_keys_of_the_systems_own_tax_codes_are_taken(server: httpx.Client) -> None:
    answer = server.post("/tax-codes", json={**CODE, "key": "nontaxable"})

    assert answer.status_code == 409


def test_a_tax_code_is_changed_whole_but_for_its_key_and_description(server: httpx.Client) -> None:
    body = {**CODE, "description": "about", "labels": {"team": "a"}, "app_mappings": [stripe("txcd_10000000")]}
    code = made(server, "/tax-codes", body)

    changed = server.put(f"/tax-codes/{code['id']}", json={"name": "Other", "app_mappings": []}).json()

    told = {name: value for name, value in changed.items() if name not in ("id", "created_at", "updated_at")}
    assert told == {"key": "saas", "name": "Other", "description": "about", "labels": {}, "app_mappings": []}


def test_a_tax_code_can_be_the_default_for_both_purposes(server: httpx.Client) -> None:
    reference = {"id": made(server, "/tax-codes", CODE)["id"]}
    chosen = {"invoicing_tax_code": reference, "credit_grant_tax_code": reference}

    put = server.put("/defaults/tax-codes", json=chosen)

    read = server.get("/defaults/tax-codes").json()
    assert (put.status_code, {name: read[name] for name in chosen}) == (200, chosen)


def test_a_default_that_is_no_tax_code_changes_neither(server: httpx.Client) -> None:
    before = server.get("/defaults/tax-codes").json()
    reference = {"id": made(server, "/tax-codes", CODE)["id"]}
    unknown = {"id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}

    refused = server.put(
        "/defaults/tax-codes", json={"invoicing_tax_code": reference, "credit_grant_tax_code": unknown}
    )

    assert (refused.status_code, codes(refused)) == (404, ["tax_code_not_found"])
    assert server.get("/defaults/tax-codes").json() == before


def test_a_card_of_an_addon_names_a_tax_code_that_exists(server: httpx.Client) -> None:
    code = made(server, "/tax-codes", CODE)
    card = {"key": "fee", "name": "Fee", "price": {"type": "flat", "amount": "1"}}
    addon = {"key": "extra", "name": "Extra", "instance_type": "single", "currency": "USD"}

    known, unknown = (
        server.post("/addons", json={**addon, "rate_cards": [{**card, "tax_config": {"code": {"id": code_id}}}]})
        for code_id in (code["id"], "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    )

    assert known.json()["rate_cards"][0]["tax_config"] == {"code": {"id": code["id"]}}
    assert (unknown.status_code, "detail" in unknown.json()) == (400, True)
