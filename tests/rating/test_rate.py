"""Rating a card: what can be left out, what is refused, and what no vector reaches."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from billsync.rating.card import Card, Commitments, Discounts, Operation, PaymentTerm, UnitConfig
from billsync.rating.errors import RatingError, RatingErrorCode
from billsync.rating.lines import Credit
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
from billsync.rating.pricing import usage_parts
from billsync.rating.rate import Piece, Rated, Without, rate
from billsync.rating.usage import Position, Usage
from tests.support.ratings import JANUARY, rated

ONE = Decimal(1)
OPEN = (Tier(None, None, ONE),)
CLOSED = (Tier(Decimal(10), None, ONE),)
THOUSANDS = UnitConfig(Operation.DIVIDE, Decimal(1_000))


def _code(card: Card, piece: Piece, without: frozenset[Without] = frozenset()) -> RatingErrorCode:
    with pytest.raises(RatingError) as raised:
        rate(card, piece, decimals=2, without=without)
    return raised.value.code


@pytest.mark.parametrize(
    ("card", "usage", "position", "code"),
    [
        (Card(GraduatedPrice(OPEN)), Usage(-ONE), Position.SINGLE, RatingErrorCode.NEGATIVE_QUANTITY),
        (Card(GraduatedPrice(OPEN)), Usage(ONE, -ONE), Position.LAST, RatingErrorCode.NEGATIVE_QUANTITY),
        (Card(GraduatedPrice(CLOSED)), Usage(ONE), Position.SINGLE, RatingErrorCode.MISSING_OPEN_TIER),
        (Card(VolumePrice(CLOSED)), Usage(ONE), Position.SINGLE, RatingErrorCode.MISSING_OPEN_TIER),
        (Card(VolumePrice(OPEN)), Usage(ONE, ONE), Position.LAST, RatingErrorCode.VOLUME_SPLIT_NOT_SUPPORTED),
        (
            Card(PackagePrice(ONE, ONE), unit_config=THOUSANDS),
            Usage(ONE),
            Position.SINGLE,
            RatingErrorCode.UNIT_CONFIG_UNSUPPORTED_PRICE,
        ),
        (
            Card(DynamicPrice(ONE), unit_config=THOUSANDS),
            Usage(ONE),
            Position.SINGLE,
            RatingErrorCode.UNIT_CONFIG_UNSUPPORTED_PRICE,
        ),
        (
            Card(UnitPrice(ONE), unit_config=replace(THOUSANDS, factor=-ONE)),
            Usage(ONE),
            Position.SINGLE,
            RatingErrorCode.INVALID_UNIT_CONFIG,
        ),
        (
            Card(UnitPrice(ONE), discounts=Discounts(Decimal("100.001"))),
            Usage(ONE),
            Position.SINGLE,
            RatingErrorCode.PERCENTAGE_OUT_OF_RANGE,
        ),
    ],
)
def test_what_the_server_refuses_has_its_code(
    card: Card, usage: Usage, position: Position, code: RatingErrorCode
) -> None:
    refused = _code(card, Piece(JANUARY, usage, position))

    assert refused is code


def test_a_percentage_out_of_range_is_not_noticed_without_a_line() -> None:
    answer = rated(Card(UnitPrice(ONE), discounts=Discounts(Decimal(101))), Decimal(0))

    assert answer == Rated((), Usage(Decimal(0)))


def test_a_unit_config_is_refused_where_the_feature_is_off() -> None:
    card = Card(UnitPrice(ONE), unit_config=THOUSANDS)

    code = _code(card, Piece(JANUARY, Usage(ONE)), frozenset({Without.UNIT_CONFIG}))

    assert code is RatingErrorCode.UNIT_CONFIG_DISABLED


def test_a_flat_fee_ignores_usage_discount_conversion_and_commitments() -> None:
    plain = Card(FlatPrice(ONE))
    decorated = replace(
        plain,
        unit_config=replace(THOUSANDS, factor=Decimal(0)),
        discounts=Discounts(usage=Decimal(5)),
        commitments=Commitments(Decimal(10), Decimal("0.5")),
    )

    assert rated(decorated, Decimal(7)) == rated(plain, Decimal(7))


@pytest.mark.parametrize("price", [UnitPrice(ONE), FlatPrice(ONE)])
def test_credits_left_out_are_not_missed(price: Price) -> None:
    piece = Piece(JANUARY, Usage(ONE), credits=(Credit("c", Decimal(5)),))

    answer = rate(Card(price), piece, decimals=2, without=frozenset({Without.CREDITS}))

    assert answer == rated(Card(price), ONE)


def test_credits_pay_for_a_minimum_too() -> None:
    card = Card(UnitPrice(ONE), commitments=Commitments(Decimal(10)))
    piece = Piece(JANUARY, Usage(Decimal(4)), credits=(Credit("c", Decimal(7)),))

    answer = rate(card, piece, decimals=2)

    assert [(line.reference, line.credits, line.total) for line in answer.lines] == [
        ("unit-price-usage", (Credit("c", Decimal(4)),), Decimal(0)),
        ("min-spend", (Credit("c", Decimal(3)),), Decimal(3)),
    ]


def test_a_free_card_has_no_lines_and_no_minimum() -> None:
    answer = rated(Card(FreePrice(), commitments=Commitments(Decimal(10))), ONE)

    assert answer == Rated(())


@pytest.mark.parametrize("position", [Position.FIRST, Position.MIDDLE])
def test_an_unfinished_piece_of_a_volume_price_is_not_billed(position: Position) -> None:
    answer = rated(Card(VolumePrice(OPEN)), ONE, position=position)

    assert answer.lines == ()


def test_tiers_of_the_same_bound_are_each_touched_where_the_range_starts() -> None:
    ten = Decimal(10)
    price = GraduatedPrice((Tier(ten, None, ONE), Tier(ten, ONE, None), Tier(None, None, ONE)))

    answer = rated(price, Decimal(5), earlier=ten, position=Position.LAST)

    assert [(line.reference, line.quantity) for line in answer.lines] == [
        ("graduated-tiered-2-flat-price", ONE),
        ("graduated-tiered-3-price-usage", Decimal(5)),
    ]


REFUND = VolumePrice((Tier(None, Decimal(10), ONE),))
"""Of a negative quantity it has a fee and a negative line."""


def test_the_whole_of_a_negative_quantity_counts_as_free() -> None:
    answer = rated(Card(UnitPrice(ONE), discounts=Discounts(usage=Decimal(5))), Decimal(-3))

    assert answer == Rated((), Usage(Decimal(0)), Usage(Decimal(-3)))


@pytest.mark.parametrize("term", list(PaymentTerm))
def test_a_fee_of_0_has_a_line(term: PaymentTerm) -> None:
    answer = rated(Card(FlatPrice(Decimal(0)), payment_term=term), ONE)

    assert [(line.reference, line.amount, line.payment_term) for line in answer.lines] == [
        ("flat-price", Decimal(0), term)
    ]


def test_a_refund_after_a_line_at_the_maximum_is_kept() -> None:
    answer = rated(Card(REFUND, commitments=Commitments(maximum=Decimal(5))), Decimal(-3))

    assert [line.total for line in answer.lines] == [Decimal(5), Decimal(-3)]


def test_credits_are_not_used_on_a_refund() -> None:
    piece = Piece(JANUARY, Usage(Decimal(-3)), credits=(Credit("c", Decimal(4)),))

    answer = rate(Card(REFUND), piece, decimals=2)

    assert [line.credits for line in answer.lines] == [(Credit("c", Decimal(4)),), ()]


@pytest.mark.parametrize("price", [FreePrice(), FlatPrice(Decimal(10))])
def test_a_price_that_is_not_for_usage_has_no_lines_for_usage(price: Price) -> None:
    assert list(usage_parts(price, Usage(Decimal(5)), Position.SINGLE, decimals=2)) == []
