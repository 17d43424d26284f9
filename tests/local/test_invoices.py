"""Invoices that sell credits, on the local server."""

from typing import Any

import httpx
import pytest

from tests.local.conftest import Hands
from tests.support.prepaid import Account, account

BOUGHT = {"funding_method": "invoice", "purchase": {"currency": "USD", "per_unit_cost_basis": "0.8"}}


@pytest.fixture
def acme(server: httpx.Client) -> Account:
    return account(server)


def invoices(acme: Account) -> list[dict[str, Any]]:
    query = {"filter[customer_id][eq]": acme.id}
    return list(acme.server.get("/billing/invoices", params=query).json()["data"])


def test_credits_are_invoiced_and_paid_at_once(acme: Account) -> None:
    grant = acme.grant("100", **BOUGHT)
    (listed,) = invoices(acme)
    (line,) = acme.server.get(f"/billing/invoices/{listed['id']}").json()["lines"]

    assert "lines" not in listed
    assert (listed["number"], listed["status"]) == ("OM-SANDBOX-ACME-1", "paid")
    assert (listed["totals"]["total"], listed["due_at"]) == ("80", "2026-10-01T12:00:00Z")
    assert (line["name"], line["charge"]["id"]) == ("Credit (100 USD credits)", grant)
    assert [(part["quantity"], part["unit_price"]) for part in line["detailed_lines"]] == [("100", "0.8")]


def test_credits_of_later_are_invoiced_when_they_begin_whoever_looks(acme: Account, hands: Hands) -> None:
    acme.grant("10", **BOUGHT, effective_at="2026-09-05T00:00:00Z")
    before = invoices(acme)
    hands.move(days=10)

    assert before == []
    assert [row["created_at"] for row in invoices(acme)] == ["2026-09-05T00:00:00Z"]
    assert len(invoices(acme)) == 1


@pytest.mark.parametrize("funding", [{"funding_method": "none"}, {**BOUGHT, "funding_method": "external"}])
def test_other_credits_have_no_invoice(acme: Account, funding: dict[str, Any]) -> None:
    acme.grant("10", **funding)

    assert invoices(acme) == []


@pytest.mark.parametrize("invoicing", [{"auto_advance": False}, {"auto_advance": True, "draft_period": "P1D"}])
def test_invoices_that_would_stay_drafts_are_not_made(acme: Account, invoicing: dict[str, Any]) -> None:
    (profile,) = acme.server.get("/profiles").json()["data"]
    supplier = {name: profile["supplier"][name] for name in ("name", "addresses")}
    body = {"name": "EU", "default": True, "supplier": supplier, "workflow": {"invoicing": invoicing}}
    assert acme.server.put(f"/profiles/{profile['id']}", json=body).status_code == 200

    acme.grant("10", **BOUGHT)

    assert invoices(acme) == []
