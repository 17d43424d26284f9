"""A rate card as rating needs it, and how to read one from the shape that the API and the files have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

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


class PaymentTerm(StrEnum):
    IN_ADVANCE = "in_advance"
    IN_ARREARS = "in_arrears"


class Operation(StrEnum):
    MULTIPLY = "multiply"
    DIVIDE = "divide"


class UnitRounding(StrEnum):
    NONE = "none"
    CEILING = "ceiling"
    FLOOR = "floor"
    HALF_UP = "half_up"


@dataclass(frozen=True, slots=True)
class UnitConfig:
    """The conversion of a metered quantity into the billed quantity."""

    operation: Operation
    factor: Decimal
    rounding: UnitRounding = UnitRounding.NONE
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class Commitments:
    """The least and the most that a full period costs."""

    minimum: Decimal | None = None
    maximum: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Discounts:
    """A percentage of 0 to 100 off every line, and units that are free in each full period."""

    percentage: Decimal | None = None
    usage: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """The price of one rate card. Lines are named after it; the payment term matters for flat prices only."""

    price: Price
    name: str = ""
    payment_term: PaymentTerm = PaymentTerm.IN_ARREARS
    commitments: Commitments = field(default_factory=Commitments)
    discounts: Discounts = field(default_factory=Discounts)
    unit_config: UnitConfig | None = None


def card_of(fields: Mapping[str, Any]) -> Card:
    """The card in the shape of the API and the files (catalog-facts.md §7); amounts are text, Decimal or int.

    An absent price is free; an absent payment term is `in_arrears`, as API v3 fills it in. Fields that cost nothing
    are ignored. Raises KeyError or ValueError for what the shape forbids.
    """
    config = fields.get("unit_config")
    return Card(
        price=price_of(fields.get("price") or {"type": "free"}),
        name=str(fields.get("name", "")),
        payment_term=PaymentTerm(fields.get("payment_term") or PaymentTerm.IN_ARREARS),
        commitments=_commitments(fields.get("commitments") or {}),
        discounts=_discounts(fields.get("discounts") or {}),
        unit_config=None if config is None else _unit_config(config),
    )


def price_of(price: Mapping[str, Any]) -> Price:
    """The price in the shape of API v3, or the package and dynamic ones of v1. Raises KeyError or ValueError."""
    match price["type"]:
        case "free":
            return FreePrice()
        case "flat":
            return FlatPrice(exact(price["amount"]))
        case "unit":
            return UnitPrice(exact(price["amount"]))
        case "graduated":
            return GraduatedPrice(_tiers(price))
        case "volume":
            return VolumePrice(_tiers(price))
        case "package":
            return PackagePrice(exact(price["amount"]), exact(price["quantity_per_package"]))
        case "dynamic":
            return DynamicPrice(exact(price["multiplier"]))
        case other:
            raise ValueError(f"there is no price type {other!r}")


def exact(number: Decimal | str | int) -> Decimal:
    """The number, which must not be a float. Raises TypeError for one."""
    if isinstance(number, float):
        raise TypeError("a float is no amount")
    return Decimal(number)


def _tiers(price: Mapping[str, Any]) -> tuple[Tier, ...]:
    return tuple(
        Tier(_optional(tier, "up_to_amount"), _part(tier, "flat_price"), _part(tier, "unit_price"))
        for tier in price["tiers"]
    )


def _part(tier: Mapping[str, Any], name: str) -> Decimal | None:
    return _optional(tier.get(name) or {}, "amount")


def _commitments(fields: Mapping[str, Any]) -> Commitments:
    return Commitments(_optional(fields, "minimum_amount"), _optional(fields, "maximum_amount"))


def _discounts(fields: Mapping[str, Any]) -> Discounts:
    return Discounts(_optional(fields, "percentage"), _optional(fields, "usage"))


def _unit_config(fields: Mapping[str, Any]) -> UnitConfig:
    return UnitConfig(
        operation=Operation(fields["operation"]),
        factor=exact(fields["conversion_factor"]),
        rounding=UnitRounding(fields.get("rounding") or UnitRounding.NONE),
        decimals=int(fields.get("precision") or 0),
    )


def _optional(fields: Mapping[str, Any], name: str) -> Decimal | None:
    number = fields.get(name)
    return None if number is None else exact(number)
