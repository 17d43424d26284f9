"""A subscription with the cards that a plan is to have, told by difference: what an add-on adds stays. Rates nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from billsync.model.address import Symbol
from billsync.model.value import Fields
from billsync.rating.arithmetic import ZERO, exactly
from billsync.rating.card import Card, card_of
from billsync.rating.prices import FlatPrice, FreePrice
from billsync.rating.timeline import Item, Phase
from billsync.report.subscribed import Slot, Subscribed, duration_of


@dataclass(frozen=True, slots=True)
class PlanCards:
    """The phases of a plan: slots by the phase's key."""

    phases: Mapping[str, tuple[Slot, ...]]

    def of(self, phase: str) -> tuple[Slot, ...]:
        """The cards for a phase of another version; the last phase stands for those that are lacking here."""
        last = next(reversed(list(self.phases.values())), ())
        return self.phases.get(phase, last)


@dataclass(frozen=True, slots=True)
class Repriced:
    """A subscription with new cards. `notes` say what it has that they replace: "a price of its own for api, …"."""

    subscribed: Subscribed
    notes: tuple[str, ...] = ()


def repriced(subscription: Subscribed, new: PlanCards, old: PlanCards) -> Repriced:
    """The subscription with the cards of a new version in place of those of the old one, which it is on.

    A flat item may hold more than its plan's fee: an add-on's card of the same key is added to it
    (customer-facts.md §6.2). So only the difference counts there, and items without a card in the plan stay.
    """
    slots: list[Slot] = []
    phases: list[Phase] = []
    notes: set[str] = set()
    for phase in subscription.timeline.phases:
        live = [slot for slot in subscription.slots if slot.phase == phase.key]
        fresh = [replace(slot, phase=phase.key) for slot in new.of(phase.key)]
        mine = _exchanged(live, _by_key(old.phases.get(phase.key, ())), _by_key(fresh), notes)
        slots += mine
        phases.append(replace(phase, items=tuple(slot.item for slot in mine)))
    timeline = replace(subscription.timeline, phases=tuple(phases))
    return Repriced(replace(subscription, timeline=timeline, slots=tuple(slots)), tuple(sorted(notes)))


def _by_key(slots: Sequence[Slot]) -> dict[str, Slot]:
    return {slot.item.key: slot for slot in slots}


def _exchanged(
    live: Sequence[Slot], old: Mapping[str, Slot], new: Mapping[str, Slot], notes: set[str]
) -> list[Slot]:
    """The slots of one phase with the new cards in place of the old ones; a new key counts for the whole phase."""
    found: list[Slot] = []
    for slot in live:
        key = slot.item.key
        if key not in old and key not in new:
            found.append(slot)
            continue
        rest = rest_of(slot, old.get(key))
        if rest is None:
            notes.add(f"a price of its own for {key}, which the plan's new one replaces")
        found += beside(slot, rest or ZERO, new.get(key))
    known = {slot.item.key for slot in live}
    return [*found, *(slot for key, slot in new.items() if key not in known)]


@exactly
def rest_of(live: Slot, part: Slot | None) -> Decimal | None:
    """What a live item costs beside a part of it; None if they are not a fee and a part of that fee.

    A card of usage has no parts: it is the item's whole price, or another one.
    """
    amount, less = _fee(live), _fee(part)
    if amount is not None and less is not None:
        return amount - less if amount >= less else None
    return ZERO if part is not None and _is_same(live, part) else None


def _fee(slot: Slot | None) -> Decimal | None:
    """The amount of a flat card, nothing for none or a free one; None for a card of usage."""
    match slot.item.card.price if slot else FreePrice():
        case FlatPrice(amount):
            return amount
        case FreePrice():
            return ZERO
    return None


def _is_same(one: Slot, other: Slot) -> bool:
    return _costs(one.item.card) == _costs(other.item.card) and one.item.cadence == other.item.cadence


def _costs(card: Card) -> Card:
    return replace(card, name="")


@exactly
def beside(live: Slot, rest: Decimal, fresh: Slot | None) -> list[Slot]:
    """What is left of a live item together with a new card in place of the other part, as long as the item holds.

    They are one fee if both are flat and billed alike, as the server adds them up (customer-facts.md §6.2).
    """
    left = replace(live, item=_costing(live.item, rest))
    if fresh is None:
        return [left] if rest else []
    timed = replace(fresh.item, from_offset=live.item.from_offset, to_offset=live.item.to_offset)
    placed = replace(fresh, item=timed)
    price = timed.card.price
    if not rest:
        return [placed]
    if isinstance(price, FlatPrice) and (timed.cadence, fresh.currency) == (live.item.cadence, live.currency):
        return [replace(placed, item=_costing(timed, price.amount + rest))]
    return [left, placed]


def _costing(item: Item, amount: Decimal) -> Item:
    return replace(item, card=replace(item.card, price=FlatPrice(amount)))


def plan_cards(plan: Fields) -> PlanCards:
    """The cards of a plan in canonical form: references are Symbols. Raises KeyError or ValueError for another form."""
    return PlanCards(
        {
            str(phase["key"]): tuple(_slot(str(phase["key"]), card, plan, _declared(card)) for card in phase["rate_cards"])
            for phase in plan["phases"]
        }
    )


def live_plan_cards(row: Fields, features: Mapping[str, str]) -> PlanCards:
    """The cards of a plan's row; `features` maps ids to keys. Raises KeyError or ValueError for no row of the API's."""
    return PlanCards(
        {
            str(phase["key"]): tuple(
                _slot(str(phase["key"]), card, row, live_feature(card, features)) for card in phase.get("rate_cards") or ()
            )
            for phase in row["phases"]
        }
    )


def _declared(card: Fields) -> str | None:
    feature = card.get("feature")
    return feature.address.key if isinstance(feature, Symbol) else None


def live_feature(card: Fields, features: Mapping[str, str]) -> str | None:
    """The key of the feature of a card that the API shows; its id where no key is known."""
    found = (card.get("feature") or {}).get("id")
    return features.get(found, str(found)) if found else None


def _slot(phase: str, card: Fields, owner: Fields, feature: str | None) -> Slot:
    cadence, key = card.get("billing_cadence"), str(card["key"])
    item = Item(key, card_of(card), duration_of(cadence) if cadence else None)
    return Slot(phase, item, str(card.get("currency") or owner["currency"]), feature, place=key)
