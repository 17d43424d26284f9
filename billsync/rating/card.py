"""A rate card as rating needs it, and how to read one from the shape that the API and the files have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar

from billsync.model.frozen import dataclass
from billsync.model.malformed import MalformedRow, each, inside
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

Term = TypeVar("Term", bound=StrEnum)


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

    An absent price is free; an absent payment term is `in_arrears`, as API v3 fills it in. Fields that cost nothing are
    ignored. Raises MalformedRow for a row of another shape, TypeError for a float.
    """
    return Card(
        price=inside(fields, "price", price_of) if fields.get("price") else FreePrice(),
        name=str(fields.get("name", "")),
        payment_term=_term(fields, "payment_term", PaymentTerm, PaymentTerm.IN_ARREARS),
        commitments=inside(fields, "commitments", _commitments) if fields.get("commitments") else Commitments(),
        discounts=inside(fields, "discounts", _discounts) if fields.get("discounts") else Discounts(),
        unit_config=None if fields.get("unit_config") is None else inside(fields, "unit_config", _unit_config),
    )


def price_of(price: Mapping[str, Any]) -> Price:
    """The price in the shape of API v3, or the package and dynamic ones of v1. Raises MalformedRow."""
    match price.get("type"):
        case "free":
            return FreePrice()
        case "flat":
            return FlatPrice(_amount(price, "amount"))
        case "unit":
            return UnitPrice(_amount(price, "amount"))
        case "graduated":
            return GraduatedPrice(each(price, "tiers", _tier))
        case "volume":
            return VolumePrice(each(price, "tiers", _tier))
        case "package":
            return PackagePrice(_amount(price, "amount"), _amount(price, "quantity_per_package"))
        case "dynamic":
            return DynamicPrice(_amount(price, "multiplier"))
        case other:
            raise MalformedRow("type", other)


def exact(number: Decimal | str | int) -> Decimal:
    """The number, which must not be a float. Raises TypeError for one."""
    if isinstance(number, float):
        raise TypeError("a float is no amount")
    return Decimal(number)


def _amount(fields: Mapping[str, Any], name: str) -> Decimal:
    number = fields.get(name)
    if number is None or isinstance(number, Mapping | list | tuple | bool):
        raise MalformedRow(name, number)
    try:
        return exact(number)
    except InvalidOperation:
        raise MalformedRow(name, str(number)) from None


def _optional(fields: Mapping[str, Any], name: str) -> Decimal | None:
    return None if fields.get(name) is None else _amount(fields, name)


def _tier(tier: Mapping[str, Any]) -> Tier:
    return Tier(_optional(tier, "up_to_amount"), _part(tier, "flat_price"), _part(tier, "unit_price"))


def _part(tier: Mapping[str, Any], name: str) -> Decimal | None:
    return inside(tier, name, _price_amount) if tier.get(name) else None


def _price_amount(fields: Mapping[str, Any]) -> Decimal | None:
    return _optional(fields, "amount")


def _commitments(fields: Mapping[str, Any]) -> Commitments:
    return Commitments(_optional(fields, "minimum_amount"), _optional(fields, "maximum_amount"))


def _discounts(fields: Mapping[str, Any]) -> Discounts:
    return Discounts(_optional(fields, "percentage"), _optional(fields, "usage"))


def _unit_config(fields: Mapping[str, Any]) -> UnitConfig:
    return UnitConfig(
        operation=_term(fields, "operation", Operation),
        factor=_amount(fields, "conversion_factor"),
        rounding=_term(fields, "rounding", UnitRounding, UnitRounding.NONE),
        decimals=_decimals(fields.get("precision") or 0),
    )


def _decimals(precision: Any) -> int:
    if not isinstance(precision, int | Decimal):
        raise MalformedRow("precision", str(precision))
    return int(precision)


def _term(fields: Mapping[str, Any], name: str, terms: type[Term], absent: Term | None = None) -> Term:
    """A word of a closed list. Raises MalformedRow for any other word, and for an absent word without a default."""
    value = fields.get(name) or absent
    found = next((term for term in terms if term == value), None)
    if found is None:
        raise MalformedRow(name, value)
    return found
