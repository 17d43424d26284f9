"""Cards read from the shape that the API and the files have."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from billsync.model.malformed import MalformedRow
from billsync.rating.card import (
    Card,
    Commitments,
    Discounts,
    Operation,
    PaymentTerm,
    UnitConfig,
    UnitRounding,
    card_of,
    price_of,
)
from billsync.rating.prices import (
    DynamicPrice,
    FlatPrice,
    FreePrice,
    GraduatedPrice,
    PackagePrice,
    Price,
    Tier,
    UnitPrice,
    VolumePrice,
)

TIERS = [
    {"up_to_amount": "10", "flat_price": {"type": "flat", "amount": "5"}},
    {"unit_price": {"type": "unit", "amount": Decimal("0.1")}},
]
READ_TIERS = (Tier(Decimal(10), Decimal(5), None), Tier(None, None, Decimal("0.1")))


def test_a_card_is_read_with_everything_that_costs() -> None:
    card = card_of(
        {
            "key": "tokens",
            "name": "Tokens",
            "price": {"type": "unit", "amount": "0.002"},
            "payment_term": "in_advance",
            "commitments": {"minimum_amount": "10"},
            "discounts": {"percentage": Decimal(5), "usage": "100"},
            "unit_config": {
                "operation": "divide",
                "conversion_factor": "1000",
                "rounding": "ceiling",
                "precision": 2,
                "display_unit": "K",
            },
        }
    )

    assert card == Card(
        price=UnitPrice(Decimal("0.002")),
        name="Tokens",
        payment_term=PaymentTerm.IN_ADVANCE,
        commitments=Commitments(Decimal(10), None),
        discounts=Discounts(Decimal(5), Decimal(100)),
        unit_config=UnitConfig(Operation.DIVIDE, Decimal(1_000), UnitRounding.CEILING, 2),
    )


def test_a_card_without_a_price_is_free_and_in_arrears() -> None:
    card = card_of({"name": "Seats"})

    assert card == Card(FreePrice(), "Seats", PaymentTerm.IN_ARREARS, Commitments(), Discounts(), None)


@pytest.mark.parametrize(
    ("fields", "price"),
    [
        ({"type": "free"}, FreePrice()),
        ({"type": "flat", "amount": "10"}, FlatPrice(Decimal(10))),
        ({"type": "unit", "amount": 3}, UnitPrice(Decimal(3))),
        ({"type": "graduated", "tiers": TIERS}, GraduatedPrice(READ_TIERS)),
        ({"type": "volume", "tiers": TIERS}, VolumePrice(READ_TIERS)),
        ({"type": "package", "amount": "1", "quantity_per_package": "12"}, PackagePrice(Decimal(1), Decimal(12))),
        ({"type": "dynamic", "multiplier": "1.2"}, DynamicPrice(Decimal("1.2"))),
    ],
)
def test_every_price_form_is_read(fields: dict[str, Any], price: Price) -> None:
    read = price_of(fields)

    assert read == price


def test_an_unknown_price_form_is_refused() -> None:
    with pytest.raises(ValueError, match="type is 'tiered'"):
        price_of({"type": "tiered"})


def test_a_float_is_no_amount() -> None:
    with pytest.raises(TypeError, match="a float is no amount"):
        price_of({"type": "unit", "amount": 0.1})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"payment_term": "sometimes"}, "payment_term is 'sometimes'"),
        ({"price": {"type": "unit", "amount": "much"}}, "price.amount is 'much'"),
        ({"price": {"type": "unit"}}, "price.amount is missing"),
        ({"price": {"type": "flat", "amount": True}}, "price.amount is True"),
        ({"price": {"type": "flat", "amount": ["10"]}}, "price.amount is a list"),
        ({"unit_config": {"conversion_factor": "2"}}, "unit_config.operation is missing"),
        (
            {"unit_config": {"operation": "divide", "conversion_factor": "2", "precision": "two"}},
            "unit_config.precision is 'two'",
        ),
    ],
)
def test_a_field_that_is_not_as_promised_is_named(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(MalformedRow) as refused:
        card_of(fields)

    assert str(refused.value) == said
