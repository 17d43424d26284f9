from decimal import Decimal

import pytest

from billsync.report.billing.live_card import live_card
from tests.support.subscription_rows import fee_card


@pytest.mark.parametrize(
    ("shown", "billed"),
    [
        ("12.34", "12.34000015258789"),
        ("0.1", "0.10000000149011612"),
        ("16.666668", "16.666667938232422"),
        ("33.25", "33.25"),
        ("100", "100"),
        ("0", "0"),
    ],
)
def test_a_percentage_is_the_one_that_the_server_takes_off(shown: str, billed: str) -> None:
    card = live_card({**fee_card("base", "1"), "discounts": {"percentage": Decimal(shown)}})

    assert card.discounts.percentage == Decimal(billed)


def test_a_card_without_a_percentage_is_as_it_is_shown() -> None:
    card = live_card({**fee_card("base", "1"), "discounts": {"usage": "5"}})

    assert (card.discounts.percentage, card.discounts.usage) == (None, Decimal(5))


def test_equal_cards_are_one_object() -> None:
    one, other = (live_card({**fee_card("base", "1"), "discounts": {"percentage": Decimal("12.5")}}) for _ in range(2))

    assert one is other


def test_a_float_is_no_amount() -> None:
    with pytest.raises(TypeError, match=r"a float is no amount: 0\.1"):
        live_card({**fee_card("base", "1"), "discounts": {"percentage": 0.1}})
