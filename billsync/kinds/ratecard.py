"""Rate cards, the lines of plans and add-ons: a price, its billing cadence, and the access that it includes.

Source: catalog-facts.md §7.3.
"""

from __future__ import annotations

from decimal import Decimal

from billsync.kinds import fields
from billsync.kinds.prices import FLAT, PRICE
from billsync.kinds.terms import FEATURE_TERMS, TAX_TERMS
from billsync.model.duration import Duration as Length
from billsync.model.duration import parse_duration
from billsync.model.shape import (
    Anything,
    Boolean,
    Duration,
    Field,
    FieldEffect,
    Integer,
    LabelMap,
    Number,
    Record,
    Reference,
    Text,
    Variant,
    Wire,
)
from billsync.model.value import Fields

_NEW = FieldEffect.NEW_VERSION
_PERCENT = Number(minimum=Decimal(0), maximum=Decimal(100), wire=Wire.NUMBER, bits=32)
_LIMIT = Number(minimum=Decimal(0), wire=Wire.NUMBER, bits=64)
_FACTOR = Number(above=Decimal(0))
LARGEST = 2_147_483_647
"""The largest whole number that the server keeps: 32 bits with a sign."""

COMMITMENTS = Record(
    {
        "minimum_amount": Field(fields.MONEY, "The smallest charge for each period.", _NEW, example="10"),
        "maximum_amount": Field(fields.MONEY, "The largest charge for each period.", _NEW, example="500"),
    },
    doc="The least and the most that usage costs in a period.",
)

DISCOUNTS = Record(
    {
        "percentage": Field(
            _PERCENT,
            "Percent off, 0 to 100. The server keeps a 32-bit float: only numbers that it holds exactly are accepted, "
            "such as 5, 12.5 or 33.25.",
            _NEW,
            example="12.5",
        ),
        "usage": Field(fields.MONEY, "Units that are free in each period.", _NEW, example="100"),
    },
    doc="The discounts.",
)

UNIT_CONFIG = Record(
    {
        "operation": Field(
            Text(choices=("divide", "multiply")),
            "The operation on the quantity.",
            _NEW,
            required=True,
            example="divide",
        ),
        "conversion_factor": Field(_FACTOR, "By how much.", _NEW, required=True, example="1000"),
        "rounding": Field(
            Text(choices=("ceiling", "floor", "half_up", "none")),
            "The rounding of the converted quantity.",
            _NEW,
            default="none",
            example="ceiling",
        ),
        "precision": Field(
            Integer(minimum=0, maximum=LARGEST), "To how many decimals it is rounded.", _NEW, default=0, example=0
        ),
        "display_unit": Field(Text(), "The name of the converted unit.", _NEW, example="thousand tokens"),
    },
    doc="Converts metered units into priced units, such as bytes into gigabytes.",
)

TAX_CONFIG = Record(
    {
        "code": Field(
            Reference("tax_code", decides=TAX_TERMS), "The tax code, by key.", _NEW, required=True, example="software"
        ),
        "behavior": Field(
            Text(choices=("inclusive", "exclusive")), "Whether the price includes the tax.", _NEW, example="exclusive"
        ),
    },
    doc="The tax treatment of this line.",
)

ENTITLEMENT = Variant(
    "type",
    {
        "metered": Record(
            {
                "limit": Field(
                    _LIMIT,
                    "The number of units that may be used in a usage period. Needed to publish.",
                    _NEW,
                    example="10000",
                ),
                "is_soft_limit": Field(Boolean(), "Whether usage may continue beyond the limit.", _NEW, default=False),
                "usage_period": Field(
                    Duration(),
                    "After which time usage starts at 0 again. Without it, the card's billing cadence.",
                    _NEW,
                    derived=True,
                    example="P1M",
                ),
            },
            doc="Access up to a limit of usage.",
        ),
        "static": Record(
            {
                "config": Field(
                    Anything(), "Any JSON value but null, for your program to read.", _NEW, required=True,
                    example={"seats": 5},
                )
            },
            doc="Access with settings.",
        ),
        "boolean": Record({}, doc="Access, yes or no."),
    },
    doc="The access to the feature that the card includes.",
)  # fmt: skip


def fill_payment_term(card: Fields) -> Fields:
    """A flat fee is paid in arrears unless said otherwise; other prices have no term."""
    if (card.get("price") or {}).get("type") != FLAT or "payment_term" in card:
        return card
    return {**card, "payment_term": "in_arrears"}


def fill_usage_period(card: Fields) -> Fields:
    """A metered entitlement without a usage period, or with one of zero, takes the card's cadence."""
    entitlement = card.get("entitlement") or {}
    cadence = card.get("billing_cadence")
    if entitlement.get("type") != "metered" or cadence is None:
        return card
    if entitlement.get("usage_period") not in (None, ZERO):
        return card
    return {**card, "entitlement": {**entitlement, "usage_period": cadence}}


ZERO = Length().text
HOUR = 3600


def is_under_an_hour(text: str) -> bool:
    """Whether a duration is shorter than the server's minimum, an hour; False for an invalid duration."""
    duration = parse_duration(text)
    return duration is not None and duration.in_seconds() < HOUR


def _rate_card(holder: str, *, place: str, labels: Field, cadence: str) -> Record:
    """The card of a holder: `place` is where its key is unique, `cadence` what a missing cadence means."""
    return Record(
        _fields(holder, place=place, labels=labels, cadence=cadence),
        rules=(fill_payment_term, fill_usage_period),
        doc=f"A line of {holder}: a price, its billing cadence, and the access that it includes.",
    )


def _fields(holder: str, *, place: str, labels: Field, cadence: str) -> dict[str, Field]:
    return {**_identity(place, labels), **_price(cadence), **_usage(), **_terms(holder)}


def _identity(place: str, labels: Field) -> dict[str, Field]:
    """The line's names, and the feature that it sells."""
    return {
        "key": Field(
            fields.RESOURCE_KEY,
            f"Names the line in {place}. Without it, the feature's key. A card with a feature must have its key.",
            _NEW,
            required=True,
            example="api_requests",
        ),
        "name": Field(
            fields.NAME,
            "The name that people see. Without it, the feature's name.",
            _NEW,
            required=True,
            example="API requests",
        ),
        "description": fields.description(_NEW),
        "labels": labels,
        "feature": Field(
            Reference("feature", decides=FEATURE_TERMS),
            "The feature that is sold, by key. Prices by usage need one.",
            _NEW,
            example="api_requests",
        ),
    }


def _price(cadence: str) -> dict[str, Field]:
    """The price, and when it is charged."""
    return {
        "price": Field(PRICE, "What it costs.", _NEW, required=True, example={"type": "unit", "amount": "0.002"}),
        "billing_cadence": Field(
            Duration(),
            f"How often it is charged. A flat fee without one is charged once; {cadence}.",
            _NEW,
            derived=True,
            example="P1M",
        ),
        "payment_term": Field(
            Text(choices=("in_advance", "in_arrears")),
            "The time when a flat fee is due: the beginning of the period or its end. Only for flat prices.",
            _NEW,
            derived=True,
            example="in_advance",
        ),
    }


def _usage() -> dict[str, Field]:
    """Limits, discounts and units of what usage costs."""
    return {
        "commitments": Field(
            COMMITMENTS,
            "The least and the most that usage costs in a period.",
            _NEW,
            example={"minimum_amount": "10"},
        ),
        "discounts": Field(DISCOUNTS, "The discounts.", _NEW, example={"percentage": "12.5"}),
        "unit_config": Field(
            UNIT_CONFIG,
            "Converts metered units into priced units.",
            _NEW,
            example={"operation": "divide", "conversion_factor": "1000", "rounding": "ceiling"},
        ),
    }


def _terms(holder: str) -> dict[str, Field]:
    """The currency, the tax, and the access that comes with the line."""
    return {
        "currency": Field(
            fields.CURRENCY,
            f"A custom currency to price this line in, in {holder} that has an ordinary one.",
            _NEW,
            example="COINS",
        ),
        "tax_config": Field(TAX_CONFIG, "The tax treatment of this line.", _NEW, example={"code": "software"}),
        "entitlement": Field(
            ENTITLEMENT,
            "The access to the feature that the card includes.",
            _NEW,
            example={"type": "metered", "limit": "10000", "is_soft_limit": True},
        ),
    }


RATE_CARD = _rate_card(
    "a plan",
    place="its phase",
    labels=fields.hidden_labels(_NEW),
    cadence="a price by usage in a plan takes the plan's",
)

ADDON_CARD = _rate_card(
    "an add-on",
    place="its add-on",
    labels=Field(
        LabelMap(), "Short texts by key, for your own use. A new version has those of the file.", _NEW,
        example={"team": "payments"},
    ),
    cadence="a price by usage needs one",
)  # fmt: skip
