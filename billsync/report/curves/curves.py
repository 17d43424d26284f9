"""Price curves of a plan file: each feature whose price changes, old and new, over the usage that an impact found.

Without usage they run over the bounds of the tiers. Amounts are rated as the server bills one full period.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

from billsync.model.change import Change, PlanFile
from billsync.model.currencies import decimals
from billsync.model.frozen import dataclass
from billsync.model.malformed import MalformedRow
from billsync.model.value import Fields
from billsync.rating.arithmetic import ONE, ZERO, divided, exactly
from billsync.rating.errors import RatingError
from billsync.rating.prices import FlatPrice, FreePrice
from billsync.rating.rate import Piece, rate
from billsync.rating.usage import Usage
from billsync.report.billing.subscribed import Slot
from billsync.report.curves.curve import Bin, Point, PriceCurve, TierEnd
from billsync.report.curves.scale import intervals, top_of
from billsync.report.impact.impact import Impact
from billsync.report.impact.price_policy import MONTH, paired_phases, tier_bounds
from billsync.report.impact.repricing import PlanCards, declared_slots, plan_cards
from billsync.report.impact.verdicts import readings

UNTIERED_TO = Decimal(1000)
"""The range of a curve without usage and without tiers."""

FAR = 4
"""The factor by which a few may use more than most and still be in the range."""

CUSTOM_DECIMALS = 12
"""The most decimals that a custom currency may have (catalog-facts.md §10.1): how many it has isn't known here, and a
picture may show more than a bill, but not less."""

Unit: TypeAlias = tuple[str, str, str, str]
"""The unit of a curve: a phase, a feature, a billing cadence, and a currency."""

Used: TypeAlias = Mapping[tuple[str, str, str], Sequence[Decimal]]
"""Quantities used in a billing period, one for each subscription and period: by target, feature and cadence."""


@dataclass(frozen=True, slots=True)
class _Sides:
    """The cards of one unit before and after."""

    old: tuple[Slot, ...]
    new: tuple[Slot, ...]

    @property
    def slots(self) -> tuple[Slot, ...]:
        return (*self.old, *self.new)


def curves(plan: PlanFile, impact: Impact | None = None) -> tuple[PriceCurve, ...]:
    """The curves of the changed prices, in the order of the changes; none for what the server wouldn't rate."""
    used = _used(impact) if impact else {}
    return tuple(curve for change in plan.pending for curve in _of_change(plan, change, used))


def _of_change(plan: PlanFile, change: Change, used: Used) -> Iterator[PriceCurve]:
    old, new = (_cards(view) for view in _views(plan, change))
    if old is None or new is None:
        return
    before, after = _units(paired_phases(old, new)), _units(new)
    for unit in dict.fromkeys((*after, *before)):
        sides = _Sides(before.get(unit, ()), after.get(unit, ()))
        quantities = used.get((change.address.text, unit[1], unit[2]), ())
        try:
            curve = _curve(change.address.text, unit, sides, quantities, phase=unit[0] if len(new.phases) > 1 else "")
        except RatingError:
            continue
        if curve is not None and _amounts(curve.old) != _amounts(curve.new):
            yield curve


def _views(plan: PlanFile, change: Change) -> tuple[Fields | None, Fields | None]:
    """The version that is replaced and the new one, as far as there are two."""
    last = next((step for step in plan.steps if change.steps and step.id == change.steps[-1]), None)
    return change.old, last.after.view if last else None


def _cards(view: Fields | None) -> PlanCards | None:
    """The cards of a plan or an add-on, whose cards are in one phase without a name.

    None for what has no cards, or an amount that is masked or can't be rated.
    """
    try:
        if view and "phases" in view:
            return plan_cards(view)
        return PlanCards({"": declared_slots("", view, view)}) if view and "rate_cards" in view else None
    except (MalformedRow, TypeError):
        return None


def _units(cards: PlanCards) -> dict[Unit, tuple[Slot, ...]]:
    found: dict[Unit, tuple[Slot, ...]] = {}
    for phase, slots in cards.phases.items():
        for slot in slots:
            if slot.feature and not isinstance(slot.item.card.price, FlatPrice):
                cadence = slot.item.cadence.text if slot.item.cadence else ""
                unit = phase, slot.feature, cadence, slot.currency
                found[unit] = (*found.get(unit, ()), slot)
    return found


def _curve(target: str, unit: Unit, sides: _Sides, used: Sequence[Decimal], *, phase: str) -> PriceCurve | None:
    """The curve of one unit; `phase` is named in its title, where there are several."""
    if all(isinstance(slot.item.card.price, FreePrice) for slot in sides.slots):
        return None
    _, feature, cadence, currency = unit
    ends = {side: _ends(slots) for side, slots in (("old", sides.old), ("new", sides.new))}
    top = _top(sorted(used), max(ends["old"] | ends["new"], default=ZERO))
    steps = sorted(end for end in ends["old"] | ends["new"] if ZERO < end < top)
    quantities = sorted({*intervals(ZERO, top), *(near for end in steps for near in _near(end, top))})
    name = next(slot.item.card.name for slot in reversed(sides.slots)) or feature
    return PriceCurve(
        target=target,
        title=f"{name} ({phase})" if phase else name,
        unit=feature,
        currency=currency,
        cadence=cadence,
        old=_points(sides.old, quantities, currency),
        new=_points(sides.new, quantities, currency),
        steps=tuple(TierEnd(end, in_old=end in ends["old"], in_new=end in ends["new"]) for end in steps),
        usage=_histogram([one for one in used if one <= top], top),
        beyond=sum(one > top for one in used),
    )


@exactly
def _top(used: Sequence[Decimal], last_end: Decimal) -> Decimal:
    """The end of the range: of all usage, or without it of the tiers and half as much again.

    A few who use far more than most and than all tiers would leave the others no room: then it ends before them.
    """
    if not used or used[-1] <= 0:
        return top_of(last_end * Decimal("1.5") or UNTIERED_TO)
    most_use = max(used[len(used) * 9 // 10 - 1], last_end * Decimal("1.2"), ZERO)
    return top_of(used[-1] if used[-1] <= most_use * FAR or not most_use else most_use)


def _ends(slots: Iterable[Slot]) -> frozenset[Decimal]:
    return frozenset(end for slot in slots for end in tier_bounds(slot.item.card) if end > 0)


@exactly
def _near(end: Decimal, top: Decimal) -> tuple[Decimal, ...]:
    """The end of a tier and the first whole unit after it, where a volume price jumps."""
    return (end, end + ONE) if end + ONE < top else (end,)


def _points(slots: Sequence[Slot], quantities: Iterable[Decimal], currency: str) -> tuple[Point, ...]:
    return tuple(Point(quantity, _cost(slots, quantity, currency)) for quantity in quantities) if slots else ()


@exactly
def _cost(slots: Iterable[Slot], quantity: Decimal, currency: str) -> Decimal:
    places = decimals(currency)
    piece = Piece(MONTH, Usage(quantity))
    rated = (rate(s.item.card, piece, decimals=CUSTOM_DECIMALS if places is None else places) for s in slots)
    return sum((one.totals.total for one in rated), ZERO)


def _amounts(points: Iterable[Point]) -> tuple[Decimal, ...]:
    return tuple(point.amount for point in points)


def _used(impact: Impact) -> Used:
    """The quantities that the impact's bills have, of every subscription that was rated."""
    found: dict[tuple[str, str, str], list[Decimal]] = {}
    for change in impact.changes:
        for verdict in change.verdicts or ():
            for dues in verdict.dues:
                quantities = {one.feature: one.quantity for one in readings(dues.cadence, dues.before, verdict.metered)}
                for feature, quantity in quantities.items():
                    found.setdefault((change.target, feature, dues.cadence.text), []).append(quantity)
    return found


def _histogram(used: Sequence[Decimal], top: Decimal) -> tuple[Bin, ...]:
    """The number of billing periods with a usage in each interval of the range; none without usage."""
    if not used:
        return ()
    edges = intervals(ZERO, top)
    width = divided(top, Decimal(len(edges) - 1))
    counts = [0] * (len(edges) - 1)
    for quantity in used:
        counts[min(max(int(divided(quantity, width)), 0), len(counts) - 1)] += 1
    return tuple(Bin(start, end, count) for start, end, count in zip(edges, edges[1:], counts, strict=False))
