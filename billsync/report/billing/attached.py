"""An add-on of a subscription, from the API's row: its cards, and its quantity over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from billsync.model.frozen import dataclass
from billsync.model.malformed import Malformed, each, inside, members, parsed, parsed_rows, part, text, whole
from billsync.model.value import Fields, canonical
from billsync.report.billing.subscribed import Slot, card_slot, moment, optional_moment

TERMS = ("price", "discounts", "commitments", "unit_config", "entitlement", "billing_cadence")


@dataclass(frozen=True, slots=True)
class Segment:
    """A quantity of an add-on from one moment to another; None means no end."""

    start: datetime
    end: datetime | None
    quantity: int


@dataclass(frozen=True, slots=True)
class AttachedCard:
    """A card of an attached add-on, as a slot without a phase and a currency; Malformed where it can't be rated."""

    key: str
    slot: Slot | Malformed


@dataclass(frozen=True, slots=True)
class Attached:
    """An add-on of a subscription. `cards` are the attached version's, at a quantity of 1."""

    addon_id: str
    cards: tuple[AttachedCard, ...]
    segments: tuple[Segment, ...]

    def at(self, moment: datetime) -> Segment | None:
        """The segment in force at a moment; None if there is none, or its quantity is 0."""
        for segment in self.segments:
            if segment.quantity and segment.start <= moment and (segment.end is None or moment < segment.end):
                return segment
        return None

    def last_begun(self, moment: datetime) -> Segment | None:
        """The segment with a quantity that began last by a moment, in force then or ended; None without any."""
        begun = (one for one in self.segments if one.quantity and one.start <= moment and one.start != one.end)
        return max(begun, key=lambda one: one.start, default=None)

    def is_ahead(self, moment: datetime) -> bool:
        """Whether the add-on's quantity is 0 now and positive later."""
        return self.at(moment) is None and any(one.quantity and one.start > moment for one in self.segments)


def attached(row: Fields, features: Mapping[str, str]) -> Attached:
    """The add-on in a row; `features` maps ids to keys. Raises MalformedRow. Source: customer-facts.md §6.1."""
    return Attached(
        addon_id=inside(row, "addon", lambda addon: text(addon, "id")),
        cards=each(row, "rate_cards", lambda card: inside(card, "rate_card", lambda shown: _card(shown, features))),
        segments=each(row, "timeline", _segment),
    )


def parse_attached(rows: Iterable[Fields], features: Mapping[str, str]) -> tuple[Attached, ...] | Malformed:
    """The add-ons in the rows of a subscription, or the field because of which one can't be understood."""
    return parsed_rows(attached, rows, features)


def _card(card: Fields, features: Mapping[str, str]) -> AttachedCard:
    return AttachedCard(text(card, "key"), parsed(lambda shown: card_slot("", shown, "", features), card))


def _segment(row: Fields) -> Segment:
    return Segment(moment(row, "active_from"), optional_moment(row, "active_to"), whole(row, "quantity"))


def own_items(row: Fields, plan: Fields) -> frozenset[str]:
    """The keys of a subscription's items that are not its plan's cards, and of its plan's cards that it lacks.

    Attaching an add-on adds such keys, or changes their terms or times (customer-facts.md §6.2).
    Raises MalformedRow for rows that are not the API's.
    """
    planned = dict(each(plan, "phases", _planned))
    found: set[str] = set()
    for phase in members(row, "phases"):
        items = members(phase, "items")
        have = dict(_terms(part(item, "rate_card")) for item in items)
        want = planned.get(text(phase, "key"), {})
        found |= {key for key in have.keys() | want.keys() if have.get(key) != want.get(key)}
        found |= {str(item["rate_card"]["key"]) for item in items if _has_own_time(item, phase, row)}
    return frozenset(found)


def parse_own_items(row: Fields, plan: Fields) -> frozenset[str] | Malformed:
    """The keys of the items that aren't the plan's, or the field because of which they can't be compared."""
    return parsed(own_items, row, plan)


def _planned(phase: Fields) -> tuple[str, Mapping[str, bytes]]:
    cards = members(phase, "rate_cards") if phase.get("rate_cards") else ()
    return text(phase, "key"), dict(map(_terms, cards))


def _terms(card: Fields) -> tuple[str, bytes]:
    return text(card, "key"), canonical({name: card[name] for name in TERMS if name in card})


def _has_own_time(item: Fields, phase: Fields, row: Fields) -> bool:
    begins = item.get("active_from") not in (None, phase.get("active_from"))
    return begins or item.get("active_to") not in (None, phase.get("active_to"), row.get("active_to"))
