"""A subscription with a plan's new cards, found by difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from billsync.model.address import Symbol
from billsync.model.duration import Duration
from billsync.model.frozen import dataclass, replace
from billsync.model.malformed import Malformed, each, parsed, text
from billsync.model.value import Fields
from billsync.rating.arithmetic import exactly
from billsync.rating.card import Card, card_of
from billsync.rating.prices import FlatPrice, FreePrice
from billsync.rating.timeline import Item, Phase
from billsync.report.billing.subscribed import Slot, Subscribed, card_slot, duration_of


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
    """A subscription with new cards. `notes` say what it has that they replace, after "it has"."""

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


def _exchanged(live: Sequence[Slot], old: Mapping[str, Slot], new: Mapping[str, Slot], notes: set[str]) -> list[Slot]:
    """The slots of one phase with the new cards in place of the old ones; a new key counts for the whole phase."""
    found: list[Slot] = []
    for slot in live:
        key = slot.item.key
        if key not in old and key not in new:
            found.append(slot)
            continue
        left, fresh = without(slot, old.get(key)), new.get(key)
        if left is None or (is_priced(fresh) and not all(one.item.is_flat for one in left)):
            notes.add(f"a price for {key} that isn't the plan's, which the new one replaces")
            left = ()
        found += beside(left, fresh, slot.item)
    known = {slot.item.key for slot in live}
    return [*found, *(slot for key, slot in new.items() if key not in known)]


def is_priced(slot: Slot | None) -> bool:
    """Whether a card costs anything."""
    return slot is not None and not isinstance(slot.item.card.price, FreePrice)


@exactly
def without(live: Slot, part: Slot | None) -> tuple[Slot, ...] | None:
    """Return a live item without a part of it: one slot or none. None if it doesn't contain that part.

    A fee may be a sum of fees; usage is priced by one card alone (catalog-facts.md §9.4).
    """
    if part is None or not is_priced(part):
        return (live,) if is_priced(live) else ()
    fee, less = live.item.card.price, part.item.card.price
    if isinstance(fee, FlatPrice) and isinstance(less, FlatPrice):
        rest = fee.amount - less.amount
        return None if rest < 0 else (costing(live, rest),) if rest else ()
    return () if _costs(live.item) == _costs(part.item) else None


def _costs(item: Item) -> tuple[Card, Duration | None]:
    return replace(item.card, name=""), item.cadence


@exactly
def beside(left: tuple[Slot, ...], fresh: Slot | None, place: Item) -> list[Slot]:
    """Return the rest of a live item, and a new card in its place, for the item's span.

    They are one fee if both are flat and billed alike, as the server adds them up (customer-facts.md §6.2).
    """
    if fresh is None:
        return list(left)
    placed = held(fresh, place.from_offset, place.to_offset)
    for rest in left:
        if added := both(placed, rest):
            return [added]
    return [*left, placed]


def held(slot: Slot, starts: Duration | None, ends: Duration | None) -> Slot:
    """The slot from one time after its phase's start to another; None is the phase's own."""
    return replace(slot, item=replace(slot.item, from_offset=starts, to_offset=ends))


@exactly
def both(one: Slot, other: Slot) -> Slot | None:
    """The first slot with what the other one costs added; None if they are not both fees that are billed alike."""
    fee, more = one.item.card.price, other.item.card.price
    alike = (one.item.cadence, one.currency) == (other.item.cadence, other.currency)
    if alike and isinstance(fee, FlatPrice) and isinstance(more, FlatPrice):
        return costing(one, fee.amount + more.amount)
    return None


def costing(slot: Slot, amount: Decimal) -> Slot:
    """The slot with a fee of this amount."""
    return replace(slot, item=replace(slot.item, card=replace(slot.item.card, price=FlatPrice(amount))))


def plan_cards(plan: Fields) -> PlanCards:
    """The cards of a plan in canonical form: references are Symbols. Raises KeyError or ValueError for another form."""
    return PlanCards({str(phase["key"]): declared_slots(str(phase["key"]), phase, plan) for phase in plan["phases"]})


def addon_cards(addon: Fields) -> PlanCards:
    """The cards of an add-on in canonical form, as those of one phase without a name. Raises KeyError or ValueError for
    another form."""
    return PlanCards({"": declared_slots("", addon, addon)})


def declared_slots(phase: str, holder: Fields, owner: Fields) -> tuple[Slot, ...]:
    """The cards in canonical form that a phase or an add-on has, in a phase; `owner` gives the currency."""
    found = []
    for card in holder.get("rate_cards", ()):
        feature = card.get("feature")
        key = feature.address.key if isinstance(feature, Symbol) else None
        found.append(_slot(phase, card, card_of(card), str(card.get("currency") or owner["currency"]), key))
    return tuple(found)


def live_plan_cards(row: Fields, features: Mapping[str, str]) -> PlanCards:
    """The cards of a plan's row; `features` maps ids to keys. Raises MalformedRow."""
    currency = text(row, "currency")

    def in_phase(phase: Fields) -> tuple[str, tuple[Slot, ...]]:
        key = text(phase, "key")
        if not phase.get("rate_cards"):
            return key, ()
        return key, each(phase, "rate_cards", lambda card: card_slot(key, card, currency, features))

    return PlanCards(dict(each(row, "phases", in_phase)))


def parse_plan_cards(row: Fields, features: Mapping[str, str]) -> PlanCards | Malformed:
    """The cards of a plan's row, or the field because of which they can't be rated. `features` maps ids to keys."""
    return parsed(live_plan_cards, row, features)


def parse_addon_cards(row: Fields, features: Mapping[str, str]) -> tuple[Slot, ...] | Malformed:
    """The cards of an add-on's row, without a phase, or the field because of which they can't be rated."""
    return parsed(_addon_cards, row, features)


def _addon_cards(row: Fields, features: Mapping[str, str]) -> tuple[Slot, ...]:
    currency = text(row, "currency")
    return each(row, "rate_cards", lambda card: card_slot("", card, currency, features))


def _slot(phase: str, fields: Fields, card: Card, currency: str, feature: str | None) -> Slot:
    cadence, key = fields.get("billing_cadence"), str(fields["key"])
    return Slot(phase, Item(key, card, duration_of(cadence) if cadence else None), currency, feature, place=key)
