"""Charges by hand and the faults of the real server's ledger, on the local server."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.local.conftest import Hands, Serve
from tests.support.events import send
from tests.support.prepaid import Account, account, feature, fee_card, plan, posted, usage_card

PERIOD = {"from": "2026-09-01T00:00:00Z", "to": "2026-10-01T00:00:00Z"}
FEE = {
    "type": "flat_fee",
    "name": "Set-up",
    "currency": "USD",
    "invoice_at": "2026-09-03T00:00:00Z",
    "service_period": PERIOD,
    "settlement_mode": "credit_only",
    "payment_term": "in_advance",
    "proration_configuration": {"mode": "no_proration"},
    "amount_before_proration": {"amount": "30", "currency": "USD"},
}
USAGE = {
    "type": "usage_based",
    "name": "Calls",
    "currency": "USD",
    "invoice_at": PERIOD["to"],
    "service_period": PERIOD,
    "settlement_mode": "credit_then_invoice",
    "price": {"type": "flat", "amount": "15"},
}


def charge(found: Account, body: dict[str, Any], **more: Any) -> httpx.Response:
    return found.server.post(f"{found.path}/charges", json={**body, **more})


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_fee_is_taken_when_it_is_due(server: httpx.Client, hands: Hands) -> None:
    found = account(server)
    found.grant("50")
    made = charge(found, FEE).json()
    before = found.balance()

    hands.move(days=2)

    assert (made["status"], made["advance_after"]) == ("created", "2026-09-03T00:00:00Z")
    assert (before, found.balance()) == (("50", "50"), ("20", "20"))
    assert found.charges()[0]["status"] == "final"


def test_a_charge_has_the_tax_of_its_card_and_else_the_code_for_invoices(server: httpx.Client) -> None:
    standard = server.get("/defaults/tax-codes").json()["invoicing_tax_code"]["id"]
    reduced = posted(server, "/tax-codes", {"key": "reduced", "name": "Reduced", "app_mappings": []})["id"]
    tax = {"behavior": "inclusive", "code": {"id": reduced}}
    cards = [fee_card("books", "5", "in_advance", tax_config=tax), fee_card("fee", "5", "in_advance")]
    found = account(server)

    found.subscribe(plan(server, *cards))

    assert {row["name"]: row["tax_config"] for row in found.charges()} == {
        "Books": {"behavior": "inclusive", "tax_code": {"id": reduced}, "tax_code_id": reduced},
        "Fee": {"tax_code": {"id": standard}, "tax_code_id": standard},
    }


def test_a_fee_for_part_of_its_period_is_pro_rated_on_demand(server: httpx.Client) -> None:
    part = {"from": "2026-09-01T00:00:00Z", "to": "2026-09-11T00:00:00Z"}
    mode = {"proration_configuration": {"mode": "prorate_prices"}}

    made = charge(account(server), FEE, service_period=part, full_service_period=PERIOD, **mode).json()

    assert made["amount_after_proration"] == {"amount": "10", "currency": ""}
    assert (made["price"], made["billing_period"]) == ({"type": "flat", "amount": "30"}, part)


def test_a_charge_that_waits_for_an_invoice_takes_no_more_than_the_credits(server: httpx.Client) -> None:
    found = account(server)
    found.grant("10")
    charge(found, USAGE, feature_id=feature(server, "calls"))

    balance = found.balance()

    assert balance == ("0", "10")


@pytest.mark.parametrize(
    ("body", "more", "status"),
    [
        (FEE, {"amount_before_proration": {"amount": "30", "currency": "EUR"}}, 400),
        (FEE, {"service_period": {"from": PERIOD["to"], "to": PERIOD["from"]}}, 400),
        (USAGE, {"price": {"type": "unit", "amount": "1"}}, 400),
        (USAGE, {"price": {"type": "volume", "tiers": [{"unit_price": {"type": "unit", "amount": "1"}}]}}, 400),
        (USAGE, {"feature_id": "01J00000000000000000000000"}, 404),
    ],
)
def test_charges_that_cannot_be_made_are_refused(
    server: httpx.Client, body: dict[str, Any], more: dict[str, Any], status: int
) -> None:
    own = {"feature_id": feature(server, "calls")} if body is USAGE else {}

    answer = charge(account(server), body, **{**own, **more})

    assert answer.status_code == status


def test_a_reference_is_used_once_whoever_the_customer_is(server: httpx.Client) -> None:
    one, other = account(server, "one"), account(server, "other")
    first = charge(one, FEE, unique_reference_id="x")

    again = [charge(found, FEE, unique_reference_id="x").status_code for found in (one, other)]

    assert (first.status_code, again) == (201, [409, 409])


def test_a_charge_of_nobody_is_refused(server: httpx.Client) -> None:
    nobody = Account(server, "01J00000000000000000000000")

    answer = charge(nobody, FEE)

    assert answer.status_code == 400


@pytest.mark.parametrize(("faithful", "status"), [(True, 500), (False, 200)])
def test_a_grant_that_filled_a_hole_breaks_the_list_with_faults_on(
    serve: Serve, hands: Hands, faithful: bool, status: int
) -> None:
    """A grant that filled a hole breaks the list of transactions only with faithful faults."""
    found = account(serve(faithful_faults=faithful))
    found.subscribe(plan(found.server, usage_card("calls", feature(found.server, "calls"))))
    send(found.server, "1", data={"n": 5})
    hands.move(days=30)
    found.grant("8")
    path = f"{found.path}/credits/transactions"

    answers = [found.server.get(path), found.server.get(path, params={"filter[type]": "funded"})]

    assert [answer.status_code for answer in answers] == [status, status]
    assert found.rows(**{"filter[type]": "consumed"}) == [("consumed", "-5", "2026-10-01T12:00:00Z")]
    assert found.balance() == ("3", "3")


@pytest.mark.parametrize(("faithful", "status"), [(True, 500), (False, 404)])
def test_the_transactions_of_nobody_are_a_fault_of_the_real_server(serve: Serve, faithful: bool, status: int) -> None:
    server = serve(faithful_faults=faithful)

    answer = server.get("/customers/01J00000000000000000000000/credits/transactions")

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("currency", "amount", "price"),
    [("USD", "10.555", "10.56"), ("USD", "10.10", "10.1"), ("JPY", "99.5", "100"), ("KWD", "1.0005", "1.001")],
)
def test_the_price_of_a_fee_is_in_the_decimals_of_its_currency(
    server: httpx.Client, currency: str, amount: str, price: str
) -> None:
    given = {"currency": currency, "amount_before_proration": {"currency": currency, "amount": amount}}

    made = charge(account(server), FEE, **given).json()

    assert (made["price"]["amount"], made["amount_after_proration"]["amount"]) == (price, price)


def test_the_price_of_a_plans_fee_is_rounded_and_that_of_usage_is_not(server: httpx.Client) -> None:
    found = account(server)
    found.subscribe(plan(server, fee_card("fee", "9.999", "in_advance")))

    calls = {"feature_id": feature(server, "calls")}
    kept = charge(found, USAGE, **calls, price={"type": "flat", "amount": "9.999"}).json()

    fee, _ = (row for row in found.charges() if row["type"] == "flat_fee")
    assert (fee["price"]["amount"], kept["price"]["amount"]) == ("10", "9.999")


def test_rows_have_the_description_of_their_grant_or_charge(server: httpx.Client, hands: Hands) -> None:
    found = account(server)
    found.grant("100", name="Lent", description="goes after a month", expires_after="P1M", priority=9)
    found.void(found.grant("5", name="Back", description="given back"))
    found.subscribe(plan(server, fee_card("fee", "3", "in_advance", description="every month")))
    hands.move(days=40)

    rows = server.get(f"{found.path}/credits/transactions").json()["data"]

    assert {(row["type"], row["description"]) for row in rows} == {
        ("funded", "goes after a month"),
        ("funded", "given back"),
        ("consumed", "every month"),
        ("expired", "goes after a month"),
        ("voided", "given back"),
    }


@pytest.mark.parametrize(
    ("late", "made"),
    [
        (timedelta(seconds=3), timedelta(seconds=3)),
        (timedelta(seconds=30), timedelta(seconds=7)),
        (timedelta(hours=2), timedelta(hours=2)),
    ],
)
def test_charges_are_made_at_the_start_or_after_a_periods_boundary(
    server: httpx.Client, hands: Hands, late: timedelta, made: timedelta
) -> None:
    """Charges are made with the subscription, or after the boundary of a period.

    However late somebody looks: after hours, the server's clock is taken to have been set there.
    """
    found = account(server)
    found.subscribe(plan(server, usage_card("calls", feature(server, "calls"))))
    hands.move(days=30)
    hands.move(seconds=late.total_seconds())

    first, second = found.charges()

    start, boundary = (instant(row["billing_period"]["from"]) for row in (first, second))
    assert (instant(first["created_at"]), instant(second["created_at"])) == (start, boundary + made)
