"""A subscription with the cards of a new version of its add-on, found by difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from billsync.model.duration import Duration
from billsync.model.frozen import dataclass, replace
from billsync.model.malformed import Malformed
from billsync.rating.arithmetic import exactly
from billsync.rating.periods import MICROSECOND
from billsync.rating.prices import FlatPrice
from billsync.rating.timeline import PhaseLife, phase_lives
from billsync.report.billing.attached import Attached, AttachedCard, Segment
from billsync.report.billing.subscribed import Slot, Subscribed, span
from billsync.report.impact.repricing import both, costing, held, is_priced, without

Cards: TypeAlias = Callable[[str], Iterable[Slot]]
"""The cards of an add-on's new version, as slots of a phase."""


UNREAD = "its add-ons can't be read"


class Unclear(ValueError):
    """The add-on's part of a subscription can't be separated, or its new cards don't fit; the message says why."""


@dataclass(frozen=True, slots=True)
class _Share:
    """The add-on's part of a phase: its span, and its cards by key, old and new."""

    starts: Duration | None
    ends: Duration | None
    old: Mapping[str, Slot]
    new: Mapping[str, Slot]


def with_new_addon(subscription: Subscribed, attached: Attached, new: Cards, *, now: datetime) -> Subscribed:
    """The subscription with the cards of an add-on's new version in place of those that it has, at its quantity.

    An item of a flat card costs the amount of the add-on times its quantity, besides what the plan has under the same
    key (customer-facts.md §6.2). Raises Unclear.
    """
    slots: list[Slot] = []
    phases = []
    for phase in phase_lives(subscription.timeline):
        live = [slot for slot in subscription.slots if slot.phase == phase.phase.key]
        share = _share(phase, attached, new, now)
        mine = list(_exchanged(live, share)) if share else live
        slots += mine
        phases.append(replace(phase.phase, items=tuple(slot.item for slot in mine)))
    timeline = replace(subscription.timeline, phases=tuple(phases))
    return replace(subscription, timeline=timeline, slots=tuple(slots))


def _share(phase: PhaseLife, attached: Attached, new: Cards, now: datetime) -> _Share | None:
    """The add-on's part of a phase at the time that the API shows items of: now, or what of the phase is nearest to it.

    Source: customer-facts.md §5.4.
    """
    life, key = phase.life, phase.phase.key
    last = now if life.end is None else min(now, life.end - MICROSECOND)
    segment = attached.at(max(life.start, last))
    if segment is None or life.is_empty:
        return None
    ends = segment.end is not None and (life.end is None or segment.end < life.end)
    old = [replace(_rated(card), phase=key) for card in attached.cards]
    return _Share(
        span(life.start, segment.start) if segment.start > life.start else None,
        span(life.start, segment.end) if segment.end and ends else None,
        _so_many(segment, old),
        _so_many(segment, new(key)),
    )


def _rated(card: AttachedCard) -> Slot:
    """The slot of a card. Raises Unclear where it can't be rated."""
    if isinstance(card.slot, Malformed):
        raise Unclear(UNREAD)
    return card.slot


def _so_many(segment: Segment, slots: Iterable[Slot]) -> dict[str, Slot]:
    return {slot.item.key: _times(slot, segment.quantity) for slot in slots if is_priced(slot)}


@exactly
def _times(slot: Slot, quantity: int) -> Slot:
    """Return a card with its price times a quantity, which only fees can have (catalog-facts.md §8.3). Raises
    Unclear."""
    price = slot.item.card.price
    if isinstance(price, FlatPrice):
        return costing(slot, price.amount * quantity)
    if quantity != 1:
        raise Unclear(f"it has {quantity} of the add-on, but {slot.item.key} would be priced by usage")
    return slot


def _exchanged(live: Sequence[Slot], share: _Share) -> Iterator[Slot]:
    """The slots of one phase with the new cards in place of the old ones. Raises Unclear."""
    keys = {slot.item.key for slot in live}
    if gone := sorted(share.old.keys() - keys):
        raise Unclear(f"it doesn't show {', '.join(gone)}, which the add-on has")
    counts = Counter(slot.item.key for slot in live)
    if several := sorted(key for key in share.old if counts[key] > 1):
        raise Unclear(f"it has {', '.join(several)} more than once, so that the add-on's part can't be told apart")
    for slot in live:
        key = slot.item.key
        if key in share.old:
            yield from _replaced(slot, share.old[key], share.new.get(key))
        elif key in share.new:
            yield from _joined(slot, held(share.new[key], share.starts, share.ends))
        else:
            yield slot
    for key in sorted(share.new.keys() - keys):
        yield held(share.new[key], share.starts, share.ends)


def _replaced(live: Slot, old: Slot, fresh: Slot | None) -> Iterator[Slot]:
    """Return the plan's slot under a key, and the new card for the item's span."""
    left = without(live, old)
    if left is None:
        raise Unclear(f"what of {live.item.key} is the add-on's can't be told apart")
    placed = held(fresh, live.item.from_offset, live.item.to_offset) if fresh else None
    if not left or placed is None:
        yield from (*left, *((placed,) if placed else ()))
        return
    yield from _joined(left[0], placed)


def _joined(plans: Slot, fresh: Slot) -> Iterator[Slot]:
    """Return a plan's card and an add-on's card under a key, as one fee while both hold. Raises Unclear if they don't
    fit."""
    added = both(plans, fresh)
    if added is None and is_priced(plans):
        raise Unclear(f"the new {fresh.item.key} doesn't fit what it has under that key")
    times = [(one.item.from_offset, one.item.to_offset) for one in (plans, fresh)]
    yield from (added,) if added and times[0] == times[1] else (plans, fresh)
