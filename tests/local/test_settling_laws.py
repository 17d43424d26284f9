"""Laws of the local server's credit ledger, over random lives of a customer."""

from decimal import Decimal
from random import Random
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis.strategies import sampled_from

from billsync.local import create_app
from tests.local.conftest import BASE, START, Hands
from tests.support.budgets import examples
from tests.support.credit_lives import LIVES, STEADY, Action
from tests.support.prepaid import Account, account, feature, fee_card, plan, usage_card

MODES = sampled_from(("credit_only", "credit_then_invoice"))


def lived(actions: list[Action], *, looks: bool, mode: str = "credit_only") -> Account:
    """The customer after a life in which somebody looked after each step, or never."""
    hands = Hands(START)
    app = create_app(":memory:", clock=hands, randomness=Random(1).randbytes)
    found = account(httpx.Client(transport=httpx.WSGITransport(app=app), base_url=BASE))
    calls = usage_card("calls", feature(found.server, "calls"), commitments={"minimum_amount": "5"})
    cards = (calls, fee_card("seat", "10", "in_advance"), fee_card("desk", "3", "in_arrears"))
    found.subscribe(plan(found.server, *cards), mode)
    for number, action in enumerate(actions):
        action(found, hands, number)
        hands.move(microseconds=1)
        if looks:
            found.charges()
    hands.move(days=70)
    return found


@settings(max_examples=examples(12), deadline=None)
@given(LIVES, MODES)
def test_what_is_booked_does_not_depend_on_who_looks_when(actions: list[Action], mode: str) -> None:
    often, once = (lived(actions, looks=looks, mode=mode) for looks in (True, False))

    assert (often.balance(), often.rows(), sorted(often.states()), billed(often)) == (
        once.balance(),
        once.rows(),
        sorted(once.states()),
        billed(once),
    )


def billed(found: Account) -> list[tuple[str, ...]]:
    """The invoices without their times: period, status, amount, and what credits and the customer pay."""
    return [
        (one["service_period"]["from"], one["service_period"]["to"], one["status"], *amounts_of(one))
        for one in found.invoices()
    ]


def amounts_of(invoice: dict[str, Any]) -> tuple[str, ...]:
    return tuple(invoice["totals"][name] for name in ("amount", "charges_total", "credits_total", "total"))


@settings(max_examples=examples(12), deadline=None)
@given(STEADY)
def test_the_rows_add_up_to_the_balance_and_only_calls_has_restricted_ones(actions: list[Action]) -> None:
    found = lived(actions, looks=False)

    rows = found.rows(**{"page[size]": "1000"})
    _, settled = found.balance()
    _, other = found.balance(**{"filter[feature_key]": "storage"})
    _, unrestricted = found.balance(**{"filter[feature_key][exists]": "false"})
    _, calls = found.balance(**{"filter[feature_key]": "calls"})

    assert sum(Decimal(amount) for _, amount, _ in rows) == Decimal(settled)
    assert calls == settled
    assert other == unrestricted


@settings(max_examples=examples(6), deadline=None)
@given(STEADY)
def test_what_is_invoiced_is_paid_once(actions: list[Action]) -> None:
    """By the credits that the ledger shows, and the rest by the customer, who never owes credit."""
    found = lived(actions, looks=False, mode="credit_then_invoice")

    rows, invoices = found.rows(**{"page[size]": "1000"}), [amounts_of(one) for one in found.invoices()]
    sums = [sum(map(Decimal, column)) for column in zip(*invoices, strict=True)]

    assert sums[0] + sums[1] == sums[2] + sums[3]
    assert sums[2] == -sum(Decimal(amount) for kind, amount, _ in rows if kind == "consumed")
    assert Decimal(found.balance()[1]) >= 0


@settings(max_examples=examples(12), deadline=None)
@given(STEADY)
def test_nothing_is_paid_twice(actions: list[Action]) -> None:
    found = lived(actions, looks=False)

    rows = found.rows(**{"page[size]": "1000"})
    charges = found.charges(**{"page[size]": "1000"})

    consumed = -sum(Decimal(amount) for kind, amount, _ in rows if kind == "consumed")
    booked = [row["totals"]["booked"]["credits_total"] for row in charges if row["type"] == "usage_based"]
    fees = [
        row["amount_after_proration"]["amount"]
        for row in charges
        if row["type"] == "flat_fee" and row["status"] == "final"
    ]
    assert consumed == sum(map(Decimal, booked + fees))
