"""The states of the API that the server speaks besides August 2026: as documented, not as recorded."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from billsync.local.server.editions import EDITIONS, KONNECT, KONNECT_LATER, LATER, edition_of
from tests.local.conftest import Hands, Serve
from tests.support.generations import document_of
from tests.support.openapi import compiled
from tests.support.prepaid import Account, account, fee_card, plan, posted

ROOT = "http://local/api/v3"
TWO_PHASES = [
    {"key": "trial", "name": "Trial", "duration": "P14D", "rate_cards": [fee_card("fee", "1", "in_advance")]},
    {"key": "main", "name": "Main", "rate_cards": [fee_card("fee", "30", "in_advance")]},
]
later = pytest.mark.generation("openmeter@later")


@pytest.fixture
def newer(serve: Serve) -> httpx.Client:
    return serve(edition=LATER)


@pytest.fixture
def acme(newer: httpx.Client) -> Account:
    return account(newer)


def begin(acme: Account, **more: Any) -> httpx.Response:
    body = {"customer": {"id": acme.id}, "plan": {"key": "plan"}, "settlement_mode": "credit_only", **more}
    return acme.server.post("/subscriptions", json=body)


def ask(acme: Account, subscription: str, verb: str, **body: Any) -> httpx.Response:
    return acme.server.post(f"/subscriptions/{subscription}/{verb}", json=body or None)


def operations(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(method.upper(), path) for path, item in document["paths"].items() for method in item}


# Its own document


@pytest.mark.parametrize("edition", EDITIONS[:2], ids=lambda each: each.generation)
def test_it_serves_what_it_takes_as_openapi(serve: Serve, edition: Any) -> None:
    """The served document has the operations and the request fields of the vendor's, as far as they are served."""
    vendors = compiled(document_of(f"{edition.dialect}@{edition.generation}"))

    served = serve(edition=edition).get(f"{ROOT}/openapi.json").json()

    unknown = [each for each in operations(served) if vendors.operation(*each) is None]
    assert (served["openapi"], unknown) == ("3.0.0", [])
    assert ("POST", "/openmeter/plans/{planId}/publish") in operations(served)


@pytest.mark.generation("konnect@1.1")
def test_konnect_publishes_no_document_and_no_older_api(serve: Serve, openapi: Any) -> None:
    hosted = serve(edition=KONNECT)
    openapi.document = None  # it has no such paths

    urls = (f"{ROOT}/openapi.json", "http://local/api/v1/plans", "/currencies")
    found = [hosted.get(url).status_code for url in urls]

    assert found == [404, 404, 404]


@pytest.mark.parametrize(
    ("dialect", "generation", "name"),
    [
        (None, None, "openmeter@2026-08"),
        (None, "later", "openmeter@later"),
        ("konnect", None, "konnect@1.1"),
        ("konnect", "1.2", "konnect@1.2"),
        (None, "1.2", "konnect@1.2"),
        ("konnect", "later", None),
        ("openmeter", "1.1", None),
    ],
)
def test_an_edition_is_named_by_dialect_and_generation(dialect: Any, generation: Any, name: str | None) -> None:
    found = edition_of(dialect, generation)

    assert (f"{found.dialect}@{found.generation}" if found else None) == name


# The later generation


@later
def test_a_plan_keeps_its_settlement_mode(newer: httpx.Client, acme: Account) -> None:
    plan(newer, fee_card("fee", "5", "in_advance"), settlement_mode="credit_only")

    shown = newer.get("/plans").json()["data"][0]

    assert shown["settlement_mode"] == "credit_only"
    assert begin(acme).json()["settlement_mode"] == "credit_only"


@later
def test_a_grants_tax_code_has_its_later_name(newer: httpx.Client, acme: Account) -> None:
    code = posted(newer, "/tax-codes", {"key": "vat", "name": "VAT", "app_mappings": []})["id"]
    terms = {"name": "G", "key": "g", "amount": "5", "currency": "USD", "funding_method": "none"}
    grants = f"/customers/{acme.id}/credits/grants"

    made = newer.post(grants, json={**terms, "tax_config": {"code": {"id": code}}})
    listed = newer.get(grants).json()["data"][-1]
    voided = newer.post(f"{grants}/{made.json()['id']}/void", json={}).json()

    assert [each["tax_config"] for each in (made.json(), listed, voided)] == [{"code": {"id": code}}] * 3


@later
def test_the_earlier_name_of_a_tax_code_is_refused(newer: httpx.Client, acme: Account, openapi: Any) -> None:
    terms = {"name": "G", "key": "g", "amount": "5", "currency": "USD", "funding_method": "none"}
    with openapi.wrong_on_purpose():
        body = {**terms, "tax_config": {"tax_code": {"id": "x"}}}
        answer = newer.post(f"/customers/{acme.id}/credits/grants", json=body)

    assert answer.status_code == 400


@later
def test_a_subscription_starts_later_at_any_phase(newer: httpx.Client, acme: Account, hands: Hands) -> None:
    plan(newer, phases=TWO_PHASES)

    made = begin(acme, timing="2026-10-15T00:00:00Z", starting_phase="main").json()

    hands.move(days=45)
    found = newer.get(f"/subscriptions/{made['id']}").json()
    assert (made["status"], made["active_from"]) == ("scheduled", "2026-10-15T00:00:00Z")
    assert [phase["active_from"] for phase in found["phases"]] == ["2026-10-15T00:00:00Z"] * 2


@later
@pytest.mark.parametrize("timing", ["next_billing_cycle", "2026-09-01T11:00:00Z"])
def test_a_start_is_now_or_in_the_future(newer: httpx.Client, acme: Account, timing: str) -> None:
    plan(newer, phases=TWO_PHASES)

    assert begin(acme, timing=timing).status_code == 400


@later
def test_what_is_scheduled_is_taken_back(newer: httpx.Client, acme: Account) -> None:
    plan(newer, phases=TWO_PHASES)
    made = begin(acme, timing="2026-10-15T00:00:00Z").json()["id"]

    answers = [ask(acme, made, "unschedule").status_code, newer.get(f"/subscriptions/{made}").status_code]

    assert answers == [204, 404]


@later
def test_a_cancelled_subscription_is_restored(newer: httpx.Client, acme: Account) -> None:
    plan(newer, phases=TWO_PHASES)
    first = begin(acme).json()["id"]
    next_id = ask(acme, first, "change", customer={"id": acme.id}, plan={"key": "plan"}, timing="next_billing_cycle")

    restored = ask(acme, first, "restore").json()

    assert (restored["id"], restored["status"]) == (first, "active")
    assert newer.get(f"/subscriptions/{next_id.json()['next']['id']}").status_code == 404


@later
def test_a_migration_at_once_keeps_the_subscription(newer: httpx.Client, acme: Account, hands: Hands) -> None:
    """A migration at once keeps id, labels, anchor and settlement mode, and brings the new version's prices."""
    plan(newer, fee_card("fee", "10", "in_advance"))
    first = begin(acme, labels={"team": "a"}).json()
    plan(newer, fee_card("fee", "20", "in_advance"), fee_card("more", "3", "in_advance"))
    hands.move(days=3)

    moved = ask(acme, first["id"], "migrate", timing="immediate").json()

    now = moved["next"]
    kept = ("id", "labels", "billing_anchor", "settlement_mode", "active_from", "status")
    assert [now[name] for name in kept] == [first[name] for name in kept]
    assert moved["current"]["id"] == now["id"]
    assert now["plan"]["version"] == 2
    prices = {item["rate_card"]["key"]: item["rate_card"]["price"]["amount"] for item in now["phases"][0]["items"]}
    assert prices == {"fee": "20", "more": "3"}


@later
def test_a_migration_at_once_keeps_items_that_are_the_same(newer: httpx.Client, acme: Account, hands: Hands) -> None:
    plan(newer, fee_card("fee", "10", "in_advance"))
    first = begin(acme).json()
    plan(newer, fee_card("fee", "10", "in_advance"), fee_card("more", "3", "in_advance"))
    hands.move(days=3)

    moved = ask(acme, first["id"], "migrate").json()["next"]

    assert moved["phases"][0]["items"][0]["id"] == first["phases"][0]["items"][0]["id"]


@later
def test_a_migration_with_a_first_phase_replaces_the_subscription(newer: httpx.Client, acme: Account) -> None:
    plan(newer, phases=TWO_PHASES)
    first = begin(acme).json()["id"]
    plan(newer, phases=TWO_PHASES, name="Again")

    moved = ask(acme, first, "migrate", starting_phase="main", target_version=2).json()

    assert (moved["current"]["id"], moved["next"]["id"] != first) == (first, True)


@later
@pytest.mark.parametrize(("verb", "status"), [("unschedule", 403), ("restore", 403), ("migrate", 400)])
def test_what_does_not_fit_is_refused(newer: httpx.Client, acme: Account, openapi: Any, verb: str, status: int) -> None:
    """An active subscription on the newest version can't be taken back, restored or migrated."""
    plan(newer, phases=TWO_PHASES)
    made = begin(acme).json()["id"]

    with openapi.wrong_on_purpose():
        answer = ask(acme, made, verb)

    assert answer.status_code == status


# Konnect


@pytest.mark.generation("konnect@1.2")
def test_konnect_1_2_has_no_charges_and_takes_a_cost_basis_mode(serve: Serve, openapi: Any) -> None:
    hosted = serve(edition=KONNECT_LATER)
    acme = account(hosted)
    plan(hosted, fee_card("fee", "5", "in_advance"))

    made = begin(acme, settlement_mode="credit_then_invoice", cost_basis_mode="dynamic")
    openapi.document = None  # it has no such path
    charges = hosted.get(f"/customers/{acme.id}/charges")

    assert made.json()["cost_basis_mode"] == "dynamic"
    assert charges.status_code == 404


@pytest.mark.generation("konnect@1.1")
def test_konnect_shows_little_of_a_subscription(serve: Serve) -> None:
    hosted = serve(edition=KONNECT)
    acme = account(hosted)
    plan(hosted, fee_card("fee", "5", "in_advance"))

    made = begin(acme).json()
    changed = ask(acme, made["id"], "change", customer={"id": acme.id}, plan={"key": "plan"}, timing="immediate").json()

    shown = {"id", "created_at", "updated_at", "labels", "customer_id", "plan_id", "status", "billing_anchor"}
    assert made.keys() == changed["next"].keys() == shown | {"settlement_mode"}
    assert hosted.get("/subscriptions").json()["data"][0].keys() == made.keys()


@pytest.mark.generation("konnect@1.1")
def test_a_charge_on_konnect_names_its_feature_by_key(serve: Serve) -> None:
    hosted = serve(edition=KONNECT)
    acme = account(hosted)
    posted(hosted, "/features", {"key": "seats", "name": "Seats"})
    fee = {
        "name": "Fee",
        "type": "flat_fee",
        "currency": "USD",
        "invoice_at": "2026-09-02T00:00:00Z",
        "service_period": {"from": "2026-09-01T00:00:00Z", "to": "2026-09-02T00:00:00Z"},
        "settlement_mode": "credit_only",
        "payment_term": "in_arrears",
        "proration_configuration": {"mode": "no_proration"},
        "amount_before_proration": {"amount": "5", "currency": "USD"},
    }

    made = hosted.post(f"/customers/{acme.id}/charges", json={**fee, "feature_key": "seats"}).json()
    unknown = hosted.post(f"/customers/{acme.id}/charges", json={**fee, "feature_key": "nothing"})

    assert (made["feature_key"], "feature_id" in made, unknown.status_code) == ("seats", False, 404)
