"""Two catalogs are equivalent if every card costs the same on both sides, in the same currency, cadence and phase."""

from collections.abc import Mapping
from typing import Any

import pytest

from billsync.model.address import Address
from billsync.model.malformed import Malformed
from billsync.report.impact.repricing import PlanCards, parse_plan_cards
from billsync.report.promotion.equivalence import Side, equivalence

PRO = Address("plan", ("pro",))
FEATURES = {"feature-1": "calls"}
TIERS = [
    {"up_to_amount": "100", "unit_price": {"type": "unit", "amount": "0.02"}},
    {"unit_price": {"type": "unit", "amount": "0.01"}},
]


def card(**changed: Any) -> dict[str, Any]:
    price = {"type": "graduated", "tiers": TIERS}
    feature = {"id": "feature-1"}
    return {"key": "calls", "name": "Calls", "feature": feature, "price": price, "billing_cadence": "P1M", **changed}


def side(*cards: Mapping[str, Any], phase: str = "default", currency: str = "USD") -> Side:
    """One plan as a server shows it."""
    row = {"currency": currency, "phases": [{"key": phase, "rate_cards": list(cards)}]}
    found = parse_plan_cards(row, FEATURES)
    assert isinstance(found, PlanCards)
    return {PRO: found}


def tiers(*bounds: tuple[str | None, str]) -> dict[str, Any]:
    parts = [
        {**({"up_to_amount": bound} if bound else {}), "unit_price": {"type": "unit", "amount": amount}}
        for bound, amount in bounds
    ]
    return {"type": "graduated", "tiers": parts}


def test_the_same_price_in_another_form_departs_in_nothing() -> None:
    split = tiers(("40", "0.02"), ("100", "0.020"), (None, "0.01"))

    found = equivalence(side(card()), side(card(price=split)))

    assert (found.holders, found.cards, found.departures) == (1, 1, ())
    assert found.amounts > 20


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"price": tiers(("101", "0.02"), (None, "0.01"))}, "quantity of 101 costs 2.01 on the source, and 2.02"),
        ({"price": tiers(("100", "0.02"), (None, "0.0100000001"))}, "on the target"),
        ({"billing_cadence": "P1Y"}, "its billing cadence is P1M on the source, and P1Y on the target"),
        ({"payment_term": "in_advance"}, "its payment term is in_arrears on the source, and in_advance"),
        ({"feature": {"id": "feature-2"}}, "its feature is calls on the source, and feature-2 on the target"),
        ({"key": "others"}, "default.calls: only the source has this card"),
    ],
)
def test_a_card_that_costs_or_counts_otherwise_departs(changed: Mapping[str, Any], said: str) -> None:
    found = equivalence(side(card()), side(card(**changed)))

    assert said in "\n".join(one.text for one in found.departures)


def test_a_plan_that_is_missing_or_in_another_phase_or_currency_departs() -> None:
    one = side(card())

    def said(other: Side) -> list[str]:
        return [departure.text for departure in equivalence(one, other).departures]

    assert said({}) == ["the target offers none"]
    assert said({PRO: Malformed("phases", None)}) == ["it can't be rated on the target: phases is missing"]
    assert said(side(card(), phase="trial")) == ["its phases are default on the source, and trial on the target"]
    assert said(side(card(), currency="EUR")) == [
        "default.calls: its currency is USD on the source, and EUR on the target"
    ]
