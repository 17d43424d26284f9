"""What is in the way when a customer is deleted: what is still to be invoiced, beside what runs."""

from typing import Any

import httpx
import pytest

from tests.local.conftest import Hands
from tests.support.prepaid import Account, account, feature, fee_card, plan, posted, usage_card

V1 = "http://local/api/v1"
LATER = "2026-09-10T00:00:00Z"


@pytest.fixture
def acme(server: httpx.Client) -> Account:
    return account(server)


def deleted(acme: Account) -> int:
    return acme.server.delete(acme.path).status_code


def scheduled(acme: Account, *cards: dict[str, Any], **more: Any) -> str:
    plan(acme.server, *cards)
    body = {"customerId": acme.id, "plan": {"key": "plan"}, "timing": LATER, **more}
    return str(posted(acme.server, f"{V1}/subscriptions", body)["id"])


def test_a_fee_that_is_due_with_a_start_to_come_keeps_a_customer(acme: Account) -> None:
    waiting = scheduled(acme, fee_card("fee", "25", "in_advance"))
    refused = deleted(acme)
    acme.server.delete(f"{V1}/subscriptions/{waiting}")

    assert (refused, deleted(acme)) == (400, 204)


def test_a_fee_in_arrears_of_a_start_to_come_does_not(acme: Account) -> None:
    scheduled(acme, fee_card("fee", "25", "in_arrears"))

    assert deleted(acme) == 204


def test_nor_does_a_fee_that_credits_pay(acme: Account) -> None:
    scheduled(acme, fee_card("fee", "25", "in_advance"), settlementMode="credit_only")

    assert deleted(acme) == 204


def test_credits_that_wait_for_their_invoice_keep_a_customer(acme: Account, hands: Hands) -> None:
    acme.grant("5", funding_method="invoice", purchase={"currency": "USD"}, effective_at=LATER)
    refused = deleted(acme)
    hands.move(days=10)

    assert (refused, deleted(acme)) == (400, 204)


@pytest.mark.parametrize(("minutes", "status"), [(0, 400), (60, 400), (61, 204)])
def test_usage_is_collected_for_an_hour_and_a_minute_after_the_end(
    acme: Account, hands: Hands, minutes: int, status: int
) -> None:
    sold = plan(acme.server, usage_card("calls", feature(acme.server, "calls")))
    made = posted(acme.server, "/subscriptions", {"customer": {"id": acme.id}, "plan": {"id": sold}})["id"]
    hands.move(days=1)
    posted(acme.server, f"/subscriptions/{made}/cancel", {"timing": "immediate"})
    hands.move(minutes=minutes)

    assert deleted(acme) == status
