"""A subscription with the cards that a plan is to have. It rates nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from billsync.model.address import Symbol
from billsync.model.value import Fields
from billsync.rating.card import card_of
from billsync.rating.timeline import Item, Phase
from billsync.report.subscribed import Slot, Subscribed, duration_of


@dataclass(frozen=True, slots=True)
class NewCards:
    """The phases of a plan that is to come: slots by the phase's key. The last phase stands for those it lacks."""

    phases: Mapping[str, tuple[Slot, ...]]

    def of(self, phase: str) -> tuple[Slot, ...]:
        """The cards for a phase of the old plan."""
        last = next(reversed(list(self.phases.values())), ())
        return self.phases.get(phase, last)


def repriced(subscription: Subscribed, new: NewCards, old_keys: Mapping[str, frozenset[str]]) -> Subscribed:
    """The subscription with new cards. What its old plan didn't have (an add-on's card, say) it keeps.

    `old_keys` are the keys of the old plan's cards by phase.
    """
    slots: list[Slot] = []
    phases: list[Phase] = []
    for phase in subscription.timeline.phases:
        kept = [slot for slot in subscription.slots if slot.phase == phase.key and _is_own(slot, old_keys)]
        fresh = [replace(slot, phase=phase.key) for slot in new.of(phase.key)]
        taken = {slot.item.key for slot in fresh}
        mine = [*fresh, *(slot for slot in kept if slot.item.key not in taken)]
        slots += mine
        phases.append(replace(phase, items=tuple(slot.item for slot in mine)))
    return replace(subscription, timeline=replace(subscription.timeline, phases=tuple(phases)), slots=tuple(slots))


def _is_own(slot: Slot, old_keys: Mapping[str, frozenset[str]]) -> bool:
    return slot.item.key not in old_keys.get(slot.phase, frozenset())


def new_cards(plan: Fields) -> NewCards:
    """The cards of a plan in canonical form: references are Symbols. Raises KeyError or ValueError for another form."""
    return NewCards(
        {
            str(phase["key"]): tuple(_new_slot(str(phase["key"]), card, plan) for card in phase["rate_cards"])
            for phase in plan["phases"]
        }
    )


def _new_slot(phase: str, card: Fields, plan: Fields) -> Slot:
    cadence, feature = card.get("billing_cadence"), card.get("feature")
    key = str(card["key"])
    item = Item(key, card_of(card), duration_of(cadence) if cadence else None)
    name = feature.address.key if isinstance(feature, Symbol) else None
    return Slot(phase, item, str(card.get("currency") or plan["currency"]), name, place=key)


def old_keys(plan: Fields) -> dict[str, frozenset[str]]:
    """The keys of the cards of a plan's row, by phase."""
    return {
        str(phase["key"]): frozenset(str(card["key"]) for card in phase.get("rate_cards") or ())
        for phase in plan["phases"]
    }
