"""Laws of the local server's credit ledger, over random lives of a customer."""

from decimal import Decimal
from random import Random

import httpx
from hypothesis import given, settings

from billsync.local import create_app
from tests.local.conftest import BASE, START, Hands
from tests.support.budgets import examples
from tests.support.credit_lives import LIVES, STEADY, Action
from tests.support.prepaid import Account, account, feature, fee_card, plan, usage_card


def lived(actions: list[Action], *, looks: bool) -> Account:
    """The customer after a life in which somebody looked after each step, or never."""
    hands = Hands(START)
    app = create_app(":memory:", clock=hands, randomness=Random(1).randbytes)
    found = account(httpx.Client(transport=httpx.WSGITransport(app=app), base_url=BASE))
    calls = usage_card("calls", feature(found.server, "calls"), commitments={"minimum_amount": "5"})
    found.subscribe(
        plan(found.server, calls, fee_card("seat", "10", "in_advance"), fee_card("desk", "3", "in_arrears"))
    )
    for number, action in enumerate(actions):
        action(found, hands, number)
        hands.move(microseconds=1)
        if looks:
            found.charges()
    hands.move(days=70)
    return found


@settings(max_examples=examples(12), deadline=None)
@given(LIVES)
def test_what_is_booked_does_not_depend_on_who_looks_when(actions: list[Action]) -> None:
    often, once = lived(actions, looks=True), lived(actions, looks=False)

    assert (often.balance(), often.rows(), sorted(often.states())) == (
        once.balance(),
        once.rows(),
        sorted(once.states()),
    )


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
