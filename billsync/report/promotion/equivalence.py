"""The proof that two catalogs ask the same money: each card is rated on both sides over a range of usage.

It doesn't use the comparison of views: a fault there would hide itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TypeAlias

from billsync.model.address import Address
from billsync.model.currencies import decimals
from billsync.model.frozen import dataclass
from billsync.model.malformed import Malformed
from billsync.model.value import decimal_text
from billsync.rating.arithmetic import ONE, exactly
from billsync.rating.errors import RatingError
from billsync.rating.prices import FlatPrice
from billsync.rating.rate import Piece, rate
from billsync.rating.usage import Usage
from billsync.report.billing.subscribed import Slot
from billsync.report.curves.curves import CUSTOM_DECIMALS
from billsync.report.impact.price_policy import MONTH, tier_bounds
from billsync.report.impact.repricing import PlanCards

USAGE = tuple(
    Decimal(f"{leading}{zeros}")
    for zeros in ("E-2", "E-1", "", *("0" * count for count in range(1, 10)))
    for leading in (1, 3)
)
"""Quantities at which every card is rated, besides those around the ends of its tiers."""

Side: TypeAlias = Mapping[Address, PlanCards | Malformed]
"""The cards of each plan and add-on that new subscribers get, by its address without a version."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Something in which two environments aren't the same, as a sentence without its full stop."""

    address: Address
    text: str


@dataclass(frozen=True, slots=True)
class Equivalence:
    """The departures, and the extent of the comparison: `amounts` counts the pairs of amounts that were compared.

    `unproved` is what can't be compared, and `beyond` are offers that only the target has.
    """

    holders: int
    cards: int
    amounts: int
    departures: tuple[Departure, ...]
    unproved: tuple[Departure, ...] = ()
    beyond: tuple[Address, ...] = ()


def equivalence(source: Side, target: Side) -> Equivalence:
    """Compare everything that the source has with the same on the target."""
    departures: list[Departure] = []
    cards = amounts = 0
    for address in sorted(source, key=lambda one: one.order):
        one, other = source[address], target.get(address)
        if isinstance(one, Malformed):
            departures.append(Departure(address, f"it can't be rated on the source: {one.text}"))
        elif other is None:
            departures.append(Departure(address, "the target offers none"))
        elif isinstance(other, Malformed):
            departures.append(Departure(address, f"it can't be rated on the target: {other.text}"))
        else:
            departures.extend(Departure(address, text) for text in _unlike(one, other))
            pairs = tuple(_pairs(one, other))
            cards += len(pairs)
            for name, left, right in pairs:
                quantities = _quantities(left, right)
                amounts += len(quantities)
                departures.extend(Departure(address, f"{name}: {text}") for text in _money(left, right, quantities))
    return Equivalence(len(source), cards, amounts, tuple(departures))


def currency_departures(
    codes: Mapping[str, Address], source: Mapping[str, str], target: Mapping[str, str]
) -> tuple[tuple[Departure, ...], tuple[Departure, ...]]:
    """The custom currencies, each with a holder of cards in it, that are worth something else on the target, and those
    of which a side doesn't show what they are worth."""
    departures, unproved = [], []
    for code, address in sorted(codes.items()):
        here, there = source.get(code), target.get(code)
        if here is None or there is None:
            side = "source" if here is None else "target"
            unproved.append(Departure(address, f"the {side} doesn't show what a unit of {code} is worth"))
        elif here != there:
            text = f"its currency {code} is {here} on the source, and {there} on the target"
            departures.append(Departure(address, text))
    return tuple(departures), tuple(unproved)


def _unlike(one: PlanCards, other: PlanCards) -> Iterator[str]:
    """Phases that only one side has, or has in another order, and cards that only one side has."""
    if tuple(one.phases) != tuple(other.phases):
        yield f"its phases are {_listed(one.phases)} on the source, and {_listed(other.phases)} on the target"
    for phase in one.phases.keys() & other.phases.keys():
        here, there = (frozenset(slot.item.key for slot in side.phases[phase]) for side in (one, other))
        for key in sorted(here ^ there):
            only = "source" if key in here else "target"
            yield f"{_named(phase, key)}: only the {only} has this card"


def _pairs(one: PlanCards, other: PlanCards) -> Iterator[tuple[str, Slot, Slot]]:
    for phase, slots in one.phases.items():
        there = {slot.item.key: slot for slot in other.phases.get(phase, ())}
        for slot in slots:
            if slot.item.key in there:
                yield _named(phase, slot.item.key), slot, there[slot.item.key]


def _money(one: Slot, other: Slot, quantities: Iterable[Decimal]) -> Iterator[str]:
    """Differences in what is counted, how often and in which currency, and the first amount that differs."""
    for what, left, right in (
        ("feature", one.feature, other.feature),
        ("currency", one.currency, other.currency),
        ("billing cadence", _text(one), _text(other)),
        ("payment term", one.item.card.payment_term.value, other.item.card.payment_term.value),
    ):
        if left != right:
            yield f"its {what} is {left} on the source, and {right} on the target"
    for quantity in quantities:
        here, there = _cost(one, quantity), _cost(other, quantity)
        if here != there:
            is_fee = isinstance(one.item.card.price, FlatPrice) and isinstance(other.item.card.price, FlatPrice)
            what = "it" if is_fee else f"a quantity of {decimal_text(quantity)}"
            yield f"{what} costs {_amount(here)} on the source, and {_amount(there)} on the target"
            return


def _text(slot: Slot) -> str:
    return slot.item.cadence.text if slot.item.cadence else "none"


@exactly
def _quantities(one: Slot, other: Slot) -> tuple[Decimal, ...]:
    ends = {end for slot in (one, other) for end in tier_bounds(slot.item.card)}
    near = {quantity for end in ends for quantity in (end - ONE, end, end + ONE) if quantity >= 0}
    return tuple(sorted({*USAGE, *near}))


def _cost(slot: Slot, quantity: Decimal) -> Decimal | None:
    """The total of one full period; None for what the server wouldn't rate."""
    places = decimals(slot.currency)
    try:
        found = rate(
            slot.item.card, Piece(MONTH, Usage(quantity)), decimals=CUSTOM_DECIMALS if places is None else places
        )
    except RatingError:
        return None
    return found.totals.total


def _amount(amount: Decimal | None) -> str:
    return "nothing that can be rated" if amount is None else decimal_text(amount)


def _named(phase: str, key: str) -> str:
    return f"{phase}.{key}" if phase else key


def _listed(phases: Iterable[str]) -> str:
    return ", ".join(phases) or "none"
