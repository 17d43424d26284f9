"""Cards of a phase with its add-ons: versions of items, each with its span (customer-facts.md §6.2).

An add-on's card is added to the phase's card with the same key; without such a card it becomes an item of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from billsync.local.accounts.item_versions import Window
from billsync.local.store.documents import Document
from billsync.local.store.values import double_precision
from billsync.model.frozen import dataclass, replace
from billsync.model.value import decimal_text
from billsync.rating.arithmetic import exactly

Card = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bought:
    """Cards of an add-on with a quantity for a span; each has its currency."""

    cards: Sequence[Card]
    quantity: int
    window: Window


@dataclass(frozen=True, slots=True)
class Version:
    """A card that is in force for some time."""

    card: Card
    window: Window


def overlaid(cards: Iterable[Card], phase: Window, bought: Iterable[Bought]) -> list[Version]:
    """The versions of every key of the phase, by key and time."""
    found = {str(card["key"]): [Version(card, phase)] for card in cards}
    for one in bought:
        window = phase.common(one.window)
        if window and one.quantity:
            for card in one.cards:
                found[card["key"]] = list(added(found.get(card["key"], []), card, one.quantity, window))
    return [version for key in sorted(found) for version in found[key]]


def added(have: Sequence[Version], card: Card, quantity: int, window: Window) -> Iterator[Version]:
    """The versions of one key with a card added within a window; it also fills the gaps in that window."""
    made = [piece for version in have for piece in split(version, card, quantity, window)]
    alone = times(card, quantity)
    made += [Version(alone, gap) for gap in gaps(window, [version.window for version in have])]
    yield from sorted(made, key=lambda version: version.window.start)


def split(version: Version, card: Card, quantity: int, window: Window) -> Iterator[Version]:
    """The part before the window, the part in it with the card added, and the part after it."""
    common = version.window.common(window)
    if common is None:
        yield version
        return
    if version.window.start < common.start:
        yield replace(version, window=Window(version.window.start, common.start))
    yield Version(extended(version.card, card, quantity), common)
    if common.end is not None and common.end != version.window.end:
        yield replace(version, window=Window(common.end, version.window.end))


def gaps(window: Window, taken: Iterable[Window]) -> Iterator[Window]:
    """The parts of a window that none of the other windows (in order) covers."""
    start = window.start
    for other in taken:
        if (common := Window(start, window.end).common(other)) is None:
            continue
        if start < common.start:
            yield Window(start, common.start)
        if common.end is None:
            return
        start = common.end
    if not window.is_over_at(start):
        yield Window(start, window.end)


def times(card: Card, quantity: int) -> Card:
    """An add-on's card, bought several times."""
    return extended(card, card, quantity - 1)


def extended(card: Card, more: Card, quantity: int) -> Card:
    """The card with another card of the same key added several times: amounts, limits and free units add up.

    Fields that only one card has are kept; name, cadence and payment term are the first card's.
    """
    if not quantity:
        return card
    members: Document = {**priced(card, more, quantity)}
    if entitlement := granted(card.get("entitlement"), more.get("entitlement"), quantity):
        members["entitlement"] = entitlement
    if free := more.get("discounts", {}).get("usage"):
        discounts = card.get("discounts", {})
        members["discounts"] = {**discounts, "usage": total(discounts.get("usage", "0"), free, quantity)}
    return {**card, **members}


def priced(card: Card, more: Card, quantity: int) -> Document:
    """The price of both cards together; if only the added card has one, with its currency and payment term."""
    have, price = card["price"], more["price"]
    if price["type"] == "free" or have["type"] not in ("free", "flat"):
        return {}
    if have["type"] == "free":
        terms = {name: more[name] for name in ("currency", "payment_term") if name in more}
        return {**terms, "price": times(more, quantity)["price"]}
    return {"price": {**have, "amount": total(have["amount"], price["amount"], quantity)}}


@exactly
def granted(have: Card | None, more: Card | None, quantity: int) -> Card | None:
    """Metered limits add up; any other entitlement is there or not."""
    if more is None or have is None or have["type"] != "metered":
        return have or (more and granted(more, more, quantity - 1))
    limit = Decimal(have.get("limit", 0)) + quantity * Decimal(more.get("limit", 0))
    return {**have, "limit": double_precision(limit)}


@exactly
def total(amount: str, more: str, quantity: int) -> str:
    return decimal_text(Decimal(amount) + quantity * Decimal(more))
