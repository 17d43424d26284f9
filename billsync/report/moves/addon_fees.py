"""Fees of add-ons at a quantity, by themselves: the server bills them beside the plan's (customer-facts.md §6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from billsync.model.frozen import dataclass, replace
from billsync.model.malformed import Malformed
from billsync.rating.arithmetic import exactly
from billsync.rating.prices import FlatPrice
from billsync.rating.timeline import Phase, phase_lives
from billsync.report.billing.subscribed import Slot, Subscribed, span
from billsync.report.impact.repricing import costing

AFTERWARDS = "afterwards"
"""The name of the time after the add-on's phase, in which it costs nothing."""


@dataclass(frozen=True, slots=True)
class AddonFees:
    """An add-on at a quantity: its key, and its cards at a quantity of 1; Malformed where they can't be read."""

    addon: str
    cards: Sequence[Slot] | Malformed
    quantity: int


def alone(subscription: Subscribed, fees: AddonFees, start: datetime) -> Subscribed:
    """The subscription from a moment on, with nothing but the add-on's fees, which end with the phase.

    Its cards must have been read.
    """
    assert not isinstance(fees.cards, Malformed)
    return _of_slots(subscription, tuple(slot for card in fees.cards for slot in _fees(card, fees.quantity)), start)


def alone_with_usage(subscription: Subscribed, fees: AddonFees, start: datetime) -> Subscribed:
    """The same with the cards that have a price by usage: a minimum, or a tier's flat price, is due without any."""
    assert not isinstance(fees.cards, Malformed)
    metered = (replace(card, phase="") for card in fees.cards if not isinstance(card.item.card.price, FlatPrice))
    flat = (slot for card in fees.cards for slot in _fees(card, fees.quantity))
    return _of_slots(subscription, (*flat, *metered), start)


def _of_slots(subscription: Subscribed, slots: tuple[Slot, ...], start: datetime) -> Subscribed:
    """The subscription from a moment on, with nothing but these cards, which end with the phase."""
    items = tuple(slot.item for slot in slots)
    end = _end_of_phase(subscription, start)
    phases = (Phase("", span(start, end), items), Phase(AFTERWARDS, None, ())) if end else (Phase("", None, items),)
    timeline = replace(subscription.timeline, active_from=start, phases=phases)
    return replace(subscription, timeline=timeline, slots=slots)


def _end_of_phase(subscription: Subscribed, moment: datetime) -> datetime | None:
    """The end of the phase at a moment; None for the last phase, which ends with the subscription."""
    lives = phase_lives(subscription.timeline)
    following = (one.life.start for one in lives[1:] if one.life.start > moment)
    return next(following, None)


@exactly
def _fees(card: Slot, quantity: int) -> tuple[Slot, ...]:
    price = card.item.card.price
    if not isinstance(price, FlatPrice):
        return ()
    return (replace(costing(card, price.amount * quantity), phase=""),)
