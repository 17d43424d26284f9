"""Checks for add-ons that the server would refuse, not publish, or fail on (catalog-facts.md §7.3, §8.3)."""

from __future__ import annotations

from collections.abc import Iterator

from billsync.kinds.checks.ratecard import card_problems, form, unknown_currency
from billsync.kinds.prices import FREE, USAGE_PRICES
from billsync.model.duration import divides_evenly, parse_duration
from billsync.model.kind import Path, Problem
from billsync.model.value import Fields


def currency(addon: Fields) -> Iterator[Problem]:
    """The add-on's currency."""
    yield from unknown_currency(addon.get("currency"), ("currency",))


def rate_cards(addon: Fields) -> Iterator[Problem]:
    """Check that there are cards, and each card by itself."""
    cards = addon.get("rate_cards") or ()
    if not cards:
        yield Problem(
            ("rate_cards",),
            "addon-without-cards",
            "the server doesn't publish an add-on without rate cards",
            "give it a rate card",
        )
    for number, card in enumerate(cards):
        path: Path = ("rate_cards", number)
        yield from card_problems(card, path, currency=str(addon.get("currency")), holder="add-on")
        yield from _usage(card, path, is_multiple=addon.get("instance_type") == "multiple")


def _usage(card: Fields, path: Path, *, is_multiple: bool) -> Iterator[Problem]:
    if form(card) not in USAGE_PRICES:
        return
    if "billing_cadence" not in card:
        yield Problem(
            path,
            "addon-card-cadence",
            f"an add-on has no cadence that the card `{card.get('key')}` could take, and the server fails without one",
            "give the card a billing_cadence, such as P1M",
        )
    if is_multiple:
        yield Problem(
            (*path, "price"),
            "addon-multiple-usage",
            f"the card `{card.get('key')}` has a {form(card)} price, and what can be bought several times has a fee",
            "use a flat price, or `instance_type: single`",
        )


def cadences(addon: Fields) -> Iterator[Problem]:
    """All fees and prices that recur do so together."""
    cards = enumerate(addon.get("rate_cards") or ())
    priced = [(number, card) for number, card in cards if "billing_cadence" in card and form(card) != FREE]
    for number, card in priced[1:]:
        first, own = str(priced[0][1]["billing_cadence"]), str(card["billing_cadence"])
        if not _same(first, own):
            yield Problem(
                ("rate_cards", number, "billing_cadence"),
                "addon-cadences",
                f"`{priced[0][1].get('key')}` is charged every {first}, and `{card.get('key')}` every {own}",
                f"use {first}, or make two add-ons",
            )


def _same(one: str, other: str) -> bool:
    """Whether two cadences are always equally long; invalid cadences pass."""
    lengths = parse_duration(one), parse_duration(other)
    if lengths[0] is None or lengths[1] is None or one == other:
        return True
    first, second = lengths[0], lengths[1]
    return first.in_seconds() == second.in_seconds() != 0 and divides_evenly(first, second)


CHECKS = (currency, rate_cards, cadences)
