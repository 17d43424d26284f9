"""Price curves: the old and the new cost of what changes, over the usage that customers have."""

from decimal import Decimal
from typing import Any

import pytest

from billsync.model.source import Source
from billsync.model.value import Masked
from billsync.report.curves.curve import PriceCurve, TierEnd
from tests.support.curves import curves_of, prices
from tests.support.subscription_rows import fee_card, graduated, plan_fields, unit, usage_card

OLD = graduated(("100", "2"), (None, "1"))
NEW = graduated(("50", "2"), (None, "1"))


def costs(curve: PriceCurve, *quantities: str) -> list[tuple[Decimal, Decimal]]:
    found = {side: {point.quantity: point.amount for point in points} for side, points in
             (("old", curve.old), ("new", curve.new))}  # fmt: skip
    return [(found["old"][Decimal(one)], found["new"][Decimal(one)]) for one in quantities]


def test_a_curve_has_both_costs_at_even_quantities_and_ends_of_tiers() -> None:
    (curve,) = curves_of(prices(OLD), prices(NEW))

    assert (curve.target, curve.title, curve.unit, curve.currency, curve.cadence) == (
        "plan/pro@2",
        "API",
        "api",
        "USD",
        "P1M",
    )
    assert costs(curve, "0", "50", "51", "100", "101", "150") == [
        (0, 0),
        (100, 100),
        (102, 101),
        (200, 150),
        (201, 151),
        (250, 200),
    ]
    assert curve.steps == (TierEnd(Decimal(50), False, True), TierEnd(Decimal(100), True, False))
    assert (curve.usage, curve.beyond) == ((), 0)


def test_the_range_is_that_of_the_usage_and_its_histogram_has_everybody() -> None:
    (curve,) = curves_of(prices(OLD), prices(NEW), used=("0", "10", "190", "200"))

    assert (curve.old[0].quantity, curve.old[-1].quantity) == (Decimal(0), Decimal(200))
    assert [(one.start, one.count) for one in curve.usage if one.count] == [(0, 1), (10, 1), (190, 2)]
    assert len(curve.usage) == 20


def test_a_few_who_use_far_more_than_most_are_counted_beyond_the_range() -> None:
    (curve,) = curves_of(prices(OLD), prices(NEW), used=(*["100"] * 19, "1000000"))

    assert (curve.old[-1].quantity, curve.beyond) == (Decimal(120), 1)
    assert sum(one.count or 0 for one in curve.usage) == 19


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (prices(unit("1")), prices(graduated(("10", "1"), (None, "1")))),
        (prices(unit("1")), prices(unit("1"), name="Another name")),
        (plan_fields(fee_card("base", "1")), plan_fields(fee_card("base", "2"))),
        (prices(unit("1")), prices(unit(Masked(Source("env", "PRICE"))))),  # type: ignore[arg-type]
        (prices({"type": "free"}), prices({"type": "free"})),
    ],
)
def test_what_costs_the_same_or_isnt_known_has_no_curve(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert curves_of(old, new) == ()


def test_a_price_that_comes_or_goes_has_one_side() -> None:
    both = plan_fields(usage_card("api", unit("1")), usage_card("gb", unit("2")))

    (curve,) = curves_of(prices(unit("1")), both)

    assert (curve.unit, curve.old, len(curve.new)) == ("gb", (), 21)


def test_discounts_and_minimums_are_in_the_cost() -> None:
    more = {"discounts": {"percentage": "50"}, "commitments": {"minimum_amount": "20"}}

    (curve,) = curves_of(prices(unit("1")), prices(unit("1"), **more), used=("100",))

    assert costs(curve, "0", "10", "100") == [(0, 20), (10, 20), (100, 50)]


def test_amounts_in_a_currency_of_unknown_decimals_are_not_rounded() -> None:
    old, new = (prices(unit(amount), currency="CREDITS") for amount in ("0.000001", "0.000003"))

    [curve] = curves_of(old, new)

    assert (curve.old[1].amount, curve.new[1].amount) == (Decimal("0.00005"), Decimal("0.00015"))


def test_an_add_on_has_curves_as_a_plan_has() -> None:
    old, new = ({"currency": "USD", **prices(price)["phases"][0]} for price in (OLD, NEW))

    (curve,) = curves_of(old, new)

    assert (curve.title, costs(curve, "60")) == ("API", [(120, 110)])
