"""Checks of new prices against a configuration's policy, made on amounts paid, never on text.

Amounts are compared before they are rounded to a currency, so that cents which only rounding moves count for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import TypeAlias

from billsync.model.frozen import dataclass, replace
from billsync.model.policy import PricePolicy
from billsync.rating.arithmetic import HUNDRED, ONE, ZERO, divided, exactly, negative, plus
from billsync.rating.card import Card, Operation, UnitRounding
from billsync.rating.periods import Period
from billsync.rating.prices import GraduatedPrice, VolumePrice
from billsync.rating.rate import Piece, rate
from billsync.rating.usage import Usage
from billsync.report.billing.subscribed import Slot
from billsync.report.impact.repricing import PlanCards

DECIMALS = 24
"""Enough digits for rounding not to show: divisions have 16 (vectors README, Arithmetic)."""

HALVINGS = 64
STAIRS = 12
MONTH = Period(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))

Unit: TypeAlias = tuple[str, str, str]
"""The unit of comparison: a phase, a feature (empty for fees without one), and a billing cadence."""

Sides: TypeAlias = tuple[Sequence[Slot], Sequence[Slot]]
"""The cards before and after."""


@dataclass(frozen=True, slots=True)
class Breach:
    """The worst case against one limit of a policy: what is paid at this usage, before and after."""

    policy: PricePolicy
    phase: str
    feature: str
    currency: str
    quantity: Decimal
    before: Decimal
    after: Decimal

    @property
    def percent(self) -> Decimal | None:
        """Return the increase in percent, negative if less is paid; None if nothing was paid before."""
        return _percent(self.before, self.after)


@dataclass(frozen=True, slots=True)
class CurrencyChanged:
    """A price in another currency than before: amounts can't be compared, so no limit is known to hold."""

    policy: PricePolicy
    phase: str
    feature: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def breaches(
    policy: PricePolicy, old: PlanCards, new: PlanCards, used: Mapping[str, Iterable[Decimal]]
) -> tuple[Breach | CurrencyChanged, ...]:
    """The worst increase and the worst decrease beyond the policy, for each phase, feature and cadence.

    `used` is real usage by feature, which is looked at besides the policy's range. Raises RatingError.
    """
    before, after = _units(paired_phases(old, new)), _units(new)
    found: list[Breach | CurrencyChanged] = []
    for unit in sorted(before.keys() | after.keys()):
        sides = (before.get(unit, ()), after.get(unit, ()))
        quantities = sorted({*_quantities(policy, *sides), *used.get(unit[1], ())})
        found += _broken(policy, unit, sides, quantities)
    return tuple(found)


def paired_phases(old: PlanCards, new: PlanCards) -> PlanCards:
    """The old phases under the names of the new ones that take their place.

    A new phase takes the place of the one with its key, else of the one that stood where it stands now: another key
    alone changes nothing that is paid.
    """
    places = list(old.phases)
    if not places:
        return old
    partners = {
        name: name if name in old.phases else places[min(number, len(places) - 1)]
        for number, name in enumerate(new.phases)
    }
    return replace(old, phases={name: old.phases[partner] for name, partner in partners.items()})


def _units(cards: PlanCards) -> dict[Unit, tuple[Slot, ...]]:
    found: dict[Unit, list[Slot]] = {}
    for phase, slots in cards.phases.items():
        for slot in slots:
            cadence = slot.item.cadence.text if slot.item.cadence else ""
            found.setdefault((phase, slot.feature or "", cadence), []).append(slot)
    return {unit: tuple(slots) for unit, slots in found.items()}


def _broken(
    policy: PricePolicy, unit: Unit, sides: Sides, quantities: Sequence[Decimal]
) -> Iterator[Breach | CurrencyChanged]:
    """Each currency is judged by itself, unless money moves from one to another."""
    codes = sorted({slot.currency for side in sides for slot in side})
    if len(codes) > 1:
        before, after = (_charged_in(side, quantities) for side in sides)
        if before and after and before != after:
            yield CurrencyChanged(policy, unit[0], unit[1], before, after)
            return
    for code in codes:
        yield from _worst(policy, unit, (_in_currency(sides[0], code), _in_currency(sides[1], code)), quantities)


def _in_currency(side: Iterable[Slot], code: str) -> tuple[Slot, ...]:
    return tuple(slot for slot in side if slot.currency == code)


def _charged_in(side: Iterable[Slot], quantities: Sequence[Decimal]) -> tuple[str, ...]:
    """The currencies in which anything has to be paid at any of these quantities."""
    found = {slot.currency for slot in side if any(_paid((slot,), quantity) for quantity in quantities)}
    return tuple(sorted(found))


def _worst(policy: PricePolicy, unit: Unit, sides: Sides, quantities: Sequence[Decimal]) -> Iterator[Breach]:
    currency = next(slot.currency for side in sides for slot in side)
    cases = [
        Breach(policy, unit[0], unit[1], currency, quantity, *(_paid(side, quantity) for side in sides))
        for quantity in quantities
    ]
    dearer = [case for case in cases if _is_over(policy.max_increase, case.before, case.after)]
    cheaper = [case for case in cases if _is_under(policy.max_decrease, case.before, case.after)]
    if dearer:
        yield max(dearer, key=lambda case: (case.percent is None, case.percent or ZERO, negative(case.quantity)))
    if cheaper:
        yield min(cheaper, key=lambda case: (case.percent or ZERO, case.quantity))


@exactly
def _is_over(limit: Decimal | None, before: Decimal, after: Decimal) -> bool:
    return limit is not None and (after - before) * HUNDRED > limit * before and after > before


@exactly
def _is_under(limit: Decimal | None, before: Decimal, after: Decimal) -> bool:
    return limit is not None and (before - after) * HUNDRED > limit * before and after < before


@exactly
def _percent(before: Decimal, after: Decimal) -> Decimal | None:
    return divided((after - before) * HUNDRED, before) if before else None


@exactly
def _paid(side: Iterable[Slot], quantity: Decimal) -> Decimal:
    piece = Piece(MONTH, Usage(quantity))
    return sum((rate(slot.item.card, piece, decimals=DECIMALS).totals.total for slot in side), ZERO)


def _quantities(policy: PricePolicy, *sides: Sequence[Slot]) -> Iterator[Decimal]:
    """The ends of the range and, within it, everything at which a price takes another course, with its neighbours.

    Between two of them both bills are straight lines, or staircases whose first steps are among them.
    """
    cards = [slot.item.card for side in sides for slot in side]
    bounds = {policy.usage_from, *(bound for card in cards for bound in tier_bounds(card))}
    edges = {policy.usage_from, policy.usage_to}
    for card in cards:
        edges |= {one for bound in bounds for one in _around(bound, card)}
        edges |= set(_stairs(card, [one for one in bounds if policy.usage_from <= one <= policy.usage_to]))
    within = sorted(edge for edge in edges if policy.usage_from <= edge <= policy.usage_to)
    yield from within
    for card in cards:
        for low, high in pairwise(within):
            yield from _crossings(card, low, high)


@exactly
def tier_bounds(card: Card) -> list[Decimal]:
    """Metered quantities at which a tier ends, or the free units do."""
    tiers = card.price.tiers if isinstance(card.price, GraduatedPrice | VolumePrice) else ()
    free = card.discounts.usage or ZERO
    billed = [ZERO, *(tier.up_to for tier in tiers if tier.up_to is not None)]
    return [_metered(bound + free, card) for bound in billed]


@exactly
def _metered(billed: Decimal, card: Card) -> Decimal:
    """The metered quantity that is converted to a billed one, before any rounding of it."""
    config = card.unit_config
    if config is None:
        return billed
    return billed * config.factor if config.operation is Operation.DIVIDE else divided(billed, config.factor)


@exactly
def _around(bound: Decimal, card: Card) -> tuple[Decimal, ...]:
    """A bound and its neighbours: one unit, and one billed unit, below and above."""
    step = _metered(ONE, card)
    near = (bound - step, bound - ONE, bound, bound + ONE, bound + step)
    return tuple(one for one in near if one >= 0)


@exactly
def _stairs(card: Card, starts: Iterable[Decimal]) -> tuple[Decimal, ...]:
    """Return the points where a rounded conversion steps up: the first steps and half steps after each start, with
    their neighbours.

    Two staircases differ most, for what is paid, at their first steps after a start.
    """
    config = card.unit_config
    if config is None or config.rounding is UnitRounding.NONE:
        return ()
    step = _metered(ONE.scaleb(-config.decimals), card)
    halves = (start // step + Decimal(number) / 2 for start in starts for number in range(2 * STAIRS + 1))
    places = {half * step for half in halves}
    return tuple(one for place in places for one in (place - ONE, place, place + ONE) if one >= 0)


def _crossings(card: Card, low: Decimal, high: Decimal) -> Iterator[Decimal]:
    """Return the usage where a card's bill leaves its minimum, or reaches its maximum."""
    free = Card(card.price, card.name, card.payment_term, discounts=card.discounts, unit_config=card.unit_config)
    for limit in (card.commitments.minimum, card.commitments.maximum):
        if limit is not None and _bill(free, low) < limit < _bill(free, high):
            yield _crossing(free, limit, low, high)


def _crossing(card: Card, limit: Decimal, low: Decimal, high: Decimal) -> Decimal:
    for _ in range(HALVINGS):
        middle = divided(plus(low, high), Decimal(2))
        if _bill(card, middle) < limit:
            low = middle
        else:
            high = middle
    return high


def _bill(card: Card, quantity: Decimal) -> Decimal:
    return rate(card, Piece(MONTH, Usage(quantity)), decimals=DECIMALS).totals.total
