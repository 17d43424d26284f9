"""Rules of apps and billing profiles that no recording shows (catalog-facts.md §12, §13)."""

from typing import Any

import httpx
import pytest

from tests.local.conftest import Hands, Serve
from tests.support.local_answers import codes, made

PARTY = {"name": "Acme", "addresses": {"billing_address": {"country": "DE", "city": ""}}}
LEDGER = {"type": "external_invoicing", "name": "Ledger", "create_billing_profile": False}
HOOKS = {"enable_draft_sync_hook": False, "enable_issuing_sync_hook": False}


def sandbox(server: httpx.Client) -> str:
    app_id: str = server.get("/apps").json()["data"][0]["id"]
    return app_id


def default_profile(server: httpx.Client) -> dict[str, Any]:
    profiles: list[dict[str, Any]] = server.get("/profiles").json()["data"]
    return next(profile for profile in profiles if profile["default"])


def profile(server: httpx.Client, **fields: Any) -> dict[str, Any]:
    """The body of a new profile on the sandbox app."""
    apps = {purpose: {"id": sandbox(server)} for purpose in ("tax", "invoicing", "payment")}
    return {"name": "EU", "supplier": PARTY, "workflow": {}, "default": False, "apps": apps, **fields}


def change(**fields: Any) -> dict[str, Any]:
    """The body of a PUT."""
    return {"name": "EU", "supplier": PARTY, "workflow": {}, "default": False, **fields}


def workflow(**fields: Any) -> dict[str, Any]:
    """The workflow as it is read when nothing but these sections was said."""
    return {
        "collection": {"interval": "PT1H", "alignment": {"type": "subscription"}},
        "invoicing": {
            "auto_advance": True,
            "draft_period": "P0D",
            "progressive_billing": True,
            "subscription_end_proration_mode": "bill_actual_period",
        },
        "payment": {"collection_method": "charge_automatically"},
        "tax": {"enabled": True, "enforced": False},
        **fields,
    }


def test_an_app_is_read_with_its_entry_in_the_catalogue(server: httpx.Client) -> None:
    catalogue = server.get("/app-catalog").json()["data"]

    app = server.get(f"/apps/{sandbox(server)}").json()

    assert app["definition"] == next(entry for entry in catalogue if entry["type"] == "sandbox")
    assert [entry["type"] for entry in catalogue] == ["external_invoicing", "sandbox", "stripe"]


def test_a_page_of_no_size_of_the_catalogue_is_empty(server: httpx.Client) -> None:
    everything = server.get("/app-catalog", params={"page[size]": 0}).json()
    second = server.get("/app-catalog", params={"page[size]": 2, "page[number]": 2}).json()

    assert (everything["data"], everything["meta"]["page"]["total"]) == ([], 3)
    assert [entry["type"] for entry in second["data"]] == ["stripe"]


def test_no_stripe_app_can_be_installed_here(server: httpx.Client) -> None:
    body = {"type": "stripe", "name": "Stripe", "create_billing_profile": False, "api_key": "sk_test"}

    answer = server.post("/app-catalog/install", json=body)

    assert answer.status_code == 400


def test_an_app_without_a_name_has_that_of_its_kind(server: httpx.Client) -> None:
    body = {"type": "external_invoicing", "name": "", "create_billing_profile": False}

    assert server.post("/app-catalog/install", json=body).json()["app"]["name"] == "Custom Invoicing"


@pytest.mark.parametrize(("faithful_faults", "status"), [(False, 400), (True, 500)])
def test_an_app_does_not_change_its_type(serve: Serve, faithful_faults: bool, status: int) -> None:
    server = serve(faithful_faults=faithful_faults)

    answer = server.put(f"/apps/{sandbox(server)}", json={"type": "external_invoicing", "name": "Other", **HOOKS})

    assert (answer.status_code, server.get(f"/apps/{sandbox(server)}").json()["name"]) == (status, "Sandbox")


def test_uninstalling_again_moves_the_time_of_it(server: httpx.Client, hands: Hands) -> None:
    app_id = server.post("/app-catalog/install", json=LEDGER).json()["app"]["id"]
    server.delete(f"/apps/{app_id}")
    hands.move(days=1)

    server.delete(f"/apps/{app_id}")

    assert server.get(f"/apps/{app_id}").json()["deleted_at"] == "2026-09-02T12:00:00Z"
    assert len(server.get("/apps").json()["data"]) == 1


def test_a_profile_is_accepted_on_an_app_that_was_uninstalled(server: httpx.Client) -> None:
    app_id = server.post("/app-catalog/install", json=LEDGER).json()["app"]["id"]
    server.delete(f"/apps/{app_id}")
    apps = {purpose: {"id": app_id} for purpose in ("tax", "invoicing", "payment")}

    answer = server.post("/profiles", json=profile(server, apps=apps))

    assert answer.status_code == 201


def test_an_empty_text_of_an_address_stays_and_a_suppliers_key_does_not(server: httpx.Client) -> None:
    document = made(server, "/profiles", profile(server, supplier={**PARTY, "key": "acme", "tax_id": {"code": "DE1"}}))

    assert document["supplier"] == {**PARTY, "id": "", "tax_id": {"code": "DE1"}}


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({}, {}),
        ({"collection": {"interval": "soon"}}, {}),
        (
            {"collection": {"interval": "P0M"}},
            {"collection": {"interval": "P0D", "alignment": {"type": "subscription"}}},
        ),
        (
            {"payment": {"collection_method": "send_invoice", "due_after": "soon"}},
            {"payment": {"collection_method": "send_invoice", "due_after": "P30D"}},
        ),
        ({"tax": {"enabled": False}}, {"tax": {"enabled": False, "enforced": False}}),
        (
            {"tax": {"default_tax_config": {"behavior": "exclusive"}}},
            {"tax": {"enabled": True, "enforced": False, "default_tax_config": {"behavior": "exclusive"}}},
        ),
    ],
)
def test_what_a_workflow_leaves_out_is_read_as_the_default(
    server: httpx.Client, given: dict[str, Any], read: dict[str, Any]
) -> None:
    document = made(server, "/profiles", profile(server, workflow=given))

    assert document["workflow"] == workflow(**read)


@pytest.mark.parametrize(
    "given",
    [
        {"collection": {"interval": "-PT1H"}},
        {"invoicing": {"draft_period": "-P1D"}},
        {"tax": {"default_tax_config": {"stripe": {"code": "txcd_10000000"}}}},
    ],
)
def test_a_workflow_has_no_negative_length_and_no_tax_code(server: httpx.Client, given: dict[str, Any]) -> None:
    answer = server.post("/profiles", json=profile(server, workflow=given))

    assert (answer.status_code, "extensions" in answer.json()) == (400, False)


def test_an_anchor_of_collection_is_kept_as_an_instant(server: httpx.Client) -> None:
    period = {"anchor": "2026-01-01T02:00:00+02:00", "interval": "P1M0D"}
    alignment = {"type": "anchored", "recurring_period": period}

    document = made(server, "/profiles", profile(server, workflow={"collection": {"alignment": alignment}}))

    assert document["workflow"]["collection"] == {
        "interval": "PT1H",
        "alignment": {
            "type": "anchored",
            "recurring_period": {"anchor": "2026-01-01T00:00:00Z", "interval": "P1M"},
        },
    }


def test_one_setting_stays_when_all_of_invoicing_is_left_out(server: httpx.Client) -> None:
    mode = {"subscription_end_proration_mode": "bill_full_period"}
    path = f"/profiles/{made(server, '/profiles', profile(server, workflow={'invoicing': mode}))['id']}"

    kept = server.put(path, json=change()).json()["workflow"]["invoicing"]
    reset = server.put(path, json=change(workflow={"invoicing": {}})).json()["workflow"]["invoicing"]

    assert kept == {**workflow()["invoicing"], **mode}
    assert reset == workflow()["invoicing"]


def test_a_new_default_profile_takes_the_place_of_the_old_one(server: httpx.Client) -> None:
    old = default_profile(server)

    new = made(server, "/profiles", profile(server, default=True))

    assert default_profile(server)["id"] == new["id"]
    assert server.delete(f"/profiles/{old['id']}").status_code == 204


def test_a_profile_that_even_a_deleted_customer_is_pinned_to_stays(server: httpx.Client) -> None:
    document = made(server, "/profiles", profile(server))
    customer = made(server, "/customers", {"key": "acme", "name": "Acme"})
    server.put(f"/customers/{customer['id']}/billing", json={"billing_profile": {"id": document["id"]}})
    server.delete(f"/customers/{customer['id']}")

    refused = server.delete(f"/profiles/{document['id']}")
    unpinned = server.delete(f"http://local/api/v1/billing/customers/{customer['id']}")
    deleted = server.delete(f"/profiles/{document['id']}")

    assert (refused.status_code, refused.json()["extensions"]["code"]) == (400, "profile_referenced")
    assert (unpinned.status_code, deleted.status_code) == (204, 204)


def test_labels_of_a_profile_are_checked_like_those_of_anything_else(server: httpx.Client) -> None:
    answer = server.post("/profiles", json=profile(server, labels={"kong_x": "a"}))

    assert codes(answer) == ["invalid_label_key_prefix"]
