"""An add-on of a subscription, from the row that the API shows: its cards, and how many when. It reads nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from billsync.model.value import Fields, canonical
from billsync.report.billing.subscribed import moment_of

TERMS = ("price", "discounts", "commitments", "unit_config", "entitlement", "billing_cadence")


@dataclass(frozen=True, slots=True)
class Segment:
    """So many of an add-on from a moment to another; None is no end."""

    start: datetime
    end: datetime | None
    quantity: int


@dataclass(frozen=True, slots=True)
class Attached:
    """An add-on of a subscription. `cards` are those of the attached version, each for one of it, as the API shows."""

    addon_id: str
    cards: tuple[Fields, ...]
    segments: tuple[Segment, ...]

    def at(self, moment: datetime) -> Segment | None:
        """The segment that holds at a moment, unless there is none of the add-on then."""
        for segment in self.segments:
            if segment.quantity and segment.start <= moment and (segment.end is None or moment < segment.end):
                return segment
        return None

    def is_ahead(self, moment: datetime) -> bool:
        """Whether there will be some of it only later."""
        return self.at(moment) is None and any(one.quantity and one.start > moment for one in self.segments)


def attached(row: Fields) -> Attached:
    """The add-on in a row. Raises KeyError, TypeError or ValueError for a row that is not one of the API's.

    Source: customer-facts.md §6.1.
    """
    return Attached(
        addon_id=str(row["addon"]["id"]),
        cards=tuple(card["rate_card"] for card in row["rate_cards"]),
        segments=tuple(
            Segment(
                moment_of(one["active_from"]),
                moment_of(one["active_to"]) if one.get("active_to") else None,
                int(one["quantity"]),
            )
            for one in row["timeline"]
        ),
    )


def shows_addons(row: Fields, plan: Fields) -> bool:
    """Whether a subscription's items are not just its plan's cards: other keys, other terms, or times of their own.

    Attaching an add-on changes items in one of these ways (customer-facts.md §6.2). Raises KeyError or TypeError for
    rows that are not the API's.
    """
    return bool(own_items(row, plan))


def own_items(row: Fields, plan: Fields) -> frozenset[str]:
    """The keys of a subscription's items that are not its plan's cards, and of its plan's cards that it lacks.

    Raises KeyError or TypeError for rows that are not the API's.
    """
    planned = {str(phase["key"]): _terms(phase.get("rate_cards") or ()) for phase in plan["phases"]}
    found: set[str] = set()
    for phase in row["phases"]:
        have, want = _terms(item["rate_card"] for item in phase["items"]), planned.get(str(phase["key"]), {})
        found |= {key for key in have.keys() | want.keys() if have.get(key) != want.get(key)}
        found |= {str(item["rate_card"]["key"]) for item in phase["items"] if _has_own_time(item, phase, row)}
    return frozenset(found)


def _terms(cards: Iterable[Fields]) -> Mapping[str, bytes]:
    return {str(card["key"]): canonical({name: card[name] for name in TERMS if name in card}) for card in cards}


def _has_own_time(item: Fields, phase: Fields, row: Fields) -> bool:
    begins = item.get("active_from") not in (None, phase["active_from"])
    return begins or item.get("active_to") not in (None, phase.get("active_to"), row.get("active_to"))
