"""The price forms of rate cards: free, flat, unit, graduated and volume (catalog-facts.md §7.3)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from billsync.kinds.fields import MONEY
from billsync.model.kind import Path, Problem
from billsync.model.shape import Field, FieldEffect, ListOf, Number, Record, Text, Variant
from billsync.model.value import Fields

FLAT, FREE = "flat", "free"
USAGE_PRICES = ("unit", "graduated", "volume")

_NEW = FieldEffect.NEW_VERSION


def _amount(doc: str) -> Field:
    return Field(MONEY, doc, _NEW, required=True, example="0.002")


def _whole_price(kind: str, doc: str) -> Record:
    kind_field = Field(Text(choices=(kind,)), "The form of this part of the price.", _NEW, default=kind)
    return Record({"type": kind_field, "amount": _amount(doc)}, doc=doc)


TIER = Record(
    {
        "up_to_amount": Field(
            Number(above=Decimal(0)),
            "The quantity up to which this tier reaches. The last tier has none: it is open.",
            _NEW,
            example="1000",
        ),
        "flat_price": Field(
            _whole_price("flat", "Charged once as soon as the tier is reached."),
            "Charged once as soon as the tier is reached.",
            _NEW,
            example={"type": "flat", "amount": "10"},
        ),
        "unit_price": Field(
            _whole_price("unit", "Charged for each unit in the tier."),
            "Charged for each unit in the tier.",
            _NEW,
            example={"type": "unit", "amount": "0.002"},
        ),
    },
    doc="One tier: its upper bound and its prices.",
)

TIERS = Field(
    ListOf(TIER, key="up_to_amount", ordered_by_key=True, minimum=1),
    "The tiers from the lowest up; the last one is open.",
    _NEW,
    required=True,
    example=[{"up_to_amount": "1000", "flat_price": {"type": "flat", "amount": "0"}},
             {"unit_price": {"type": "unit", "amount": "0.002"}}],
)  # fmt: skip

PRICE = Variant(
    "type",
    {
        "free": Record({}, doc="Costs nothing."),
        "flat": Record({"amount": _amount("The fee, whatever is used.")}, doc="One fee, once or each period."),
        "unit": Record({"amount": _amount("The price of one unit.")}, doc="Each unit that is used has the same price."),
        "graduated": Record({"tiers": TIERS}, doc="Each unit costs the price of the tier that it falls in."),
        "volume": Record({"tiers": TIERS}, doc="All units cost the price of the tier that the total reaches."),
    },
    doc="The price: free, a flat fee, or a usage price.",
)


def price_problems(price: Fields, path: Path) -> Iterator[Problem]:
    """Yield problems in the tiers of a price. The server accepts some of them and bills something unexpected."""
    tiers = price.get("tiers") or ()
    for index, tier in enumerate(tiers):
        if "flat_price" not in tier and "unit_price" not in tier:
            yield _wrong((*path, "tiers", index), "a tier has no price", "give it a flat_price, a unit_price, or both")
    yield from _ends(tiers, (*path, "tiers"))


def _ends(tiers: tuple[Fields, ...], path: Path) -> Iterator[Problem]:
    ends = [tier.get("up_to_amount") for tier in tiers]
    if ends and ends[-1] is not None:
        yield _wrong(
            (*path, len(ends) - 1, "up_to_amount"),
            "the last tier must be open, so that every quantity has a price",
            "leave up_to_amount out of the last tier",
        )
    for index, (end, following) in enumerate(pairwise(ends)):
        if end is None:
            yield _wrong((*path, index), "only the last tier may be open", "give this tier an up_to_amount")
        elif isinstance(end, Decimal) and isinstance(following, Decimal) and following <= end:
            yield _wrong(
                (*path, index + 1, "up_to_amount"),
                "each tier must reach further than the one before it",
                "sort the tiers by up_to_amount, each amount once",
            )


def _wrong(path: Path, detail: str, hint: str) -> Problem:
    return Problem(path, "price-tiers", detail, hint)
