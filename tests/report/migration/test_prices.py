from collections.abc import Mapping
from typing import Any

from billsync.report.migration.prices import fees_text, unit_prices
from billsync.report.moves.terms import PlanTerms
from tests.support.moves import NEW, OLD, ahead, terms, with_trial
from tests.support.subscription_rows import usage_card


def units(plan: PlanTerms) -> Mapping[str, str]:
    return unit_prices(plan.phases)


def metered(price: Mapping[str, Any], **more: Any) -> PlanTerms:
    return terms(OLD, usage_card("api", dict(price), **more))


def test_fees_of_several_phases_each_have_the_name_of_theirs() -> None:
    plan = with_trial(terms(NEW, ahead("60")), ahead("0"))

    assert fees_text(terms(OLD, ahead("25")).phases) == "25 USD each P1M"
    assert fees_text(plan.phases) == "nothing in phase trial (P14D), then 60 USD each P1M in phase default"


def test_a_unit_price_with_its_terms() -> None:
    plan = metered({"type": "unit", "amount": "0.002"}, discounts={"usage": "100"}, commitments={"minimum_amount": "5"})

    assert list(units(plan).values()) == ["0.002 USD a unit, the first 100 free, at least 5 USD"]


def test_tiers() -> None:
    tiers = [
        {"up_to_amount": "10", "unit_price": {"type": "unit", "amount": "1"}},
        {"unit_price": {"type": "unit", "amount": "0.5"}, "flat_price": {"type": "flat", "amount": "3"}},
    ]

    graduated, volume = (metered({"type": kind, "tiers": tiers}) for kind in ("graduated", "volume"))
    assert list(units(graduated).values()) == ["graduated: up to 10 1 USD a unit; above 0.5 USD a unit + 3 USD"]
    assert list(units(volume).values()) == ["by volume: up to 10 1 USD a unit; above 0.5 USD a unit + 3 USD"]
