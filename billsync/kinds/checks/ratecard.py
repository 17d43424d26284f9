"""Checks for rate cards of which the server would refuse or lose something (catalog-facts.md §7.3, §7.4, §14.2).

Findings that only keep a plan or an add-on from being published count as well: both are declared to be published.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from billsync.kinds.prices import FLAT, FREE, USAGE_PRICES, price_problems
from billsync.kinds.ratecard import is_under_an_hour
from billsync.model.address import Symbol
from billsync.model.currencies import decimals
from billsync.model.kind import Path, Problem
from billsync.model.value import Fields

FIAT_LENGTH = 3


def card_problems(card: Fields, path: Path, *, currency: str, holder: str) -> Iterator[Problem]:
    """Yield all problems of one card; `path` is its position.

    `holder` is the word for the card's plan or add-on, and `currency` is the holder's currency.
    """
    price = card.get("price") or {}
    yield from price_problems(price, (*path, "price"))
    yield from _identity(card, path)
    yield from _only_for_flat(card, path)
    yield from _only_for_usage(card, path)
    yield from _commitments(card, path)
    yield from _discounts(card, path)
    yield from _unit_config(card, path)
    yield from _entitlement(card, path)
    yield from _currency(card, path, currency=currency, holder=holder)
    yield from too_short(card.get("billing_cadence"), (*path, "billing_cadence"))


def form(card: Fields) -> str:
    """The form of the card's price: `flat`, `unit`, …"""
    return str((card.get("price") or {}).get("type"))


def _identity(card: Fields, path: Path) -> Iterator[Problem]:
    feature = card.get("feature")
    if isinstance(feature, Symbol) and feature.address.key != card.get("key"):
        yield Problem(
            (*path, "key"),
            "card-key-mismatch",
            f"the card is `{card.get('key')}` and its feature `{feature.address.key}`",
            "leave the key out: it is the feature's",
        )
    if feature is None and form(card) in USAGE_PRICES:
        yield Problem(
            (*path, "price"),
            "card-without-feature",
            f"the card `{card.get('key')}` has a {form(card)} price, and nothing to measure",
            "name the feature, such as `feature: api_requests`",
        )


def _only_for_flat(card: Fields, path: Path) -> Iterator[Problem]:
    if "payment_term" in card and form(card) != FLAT:
        yield _lost((*path, "payment_term"), f"a payment term on a {form(card)} price", "leave payment_term out")


def _only_for_usage(card: Fields, path: Path) -> Iterator[Problem]:
    if "commitments" in card and form(card) not in USAGE_PRICES:
        yield _lost((*path, "commitments"), f"commitments on a {form(card)} price", "leave commitments out")


def _lost(path: Path, what: str, hint: str) -> Problem:
    return Problem(path, "lost-by-server", f"it doesn't keep {what}", hint)


def _commitments(card: Fields, path: Path) -> Iterator[Problem]:
    commitments = card.get("commitments") or {}
    least, most = commitments.get("minimum_amount"), commitments.get("maximum_amount")
    if isinstance(least, Decimal) and isinstance(most, Decimal) and least > most:
        yield Problem(
            (*path, "commitments", "minimum_amount"),
            "card-commitments",
            f"{least} is more than {most}",
            "lower minimum_amount, or raise maximum_amount",
        )


def _discounts(card: Fields, path: Path) -> Iterator[Problem]:
    discounts = card.get("discounts") or {}
    if discounts and form(card) == FREE:
        detail = "a free card can't be discounted"
        yield Problem((*path, "discounts"), "card-discount", detail, "leave discounts out")
    elif "usage" in discounts and form(card) == FLAT:
        detail = "a flat fee doesn't depend on usage, so no units can be free"
        yield Problem((*path, "discounts", "usage"), "card-discount", detail, "leave usage out")


def _unit_config(card: Fields, path: Path) -> Iterator[Problem]:
    config = card.get("unit_config") or {}
    if config and form(card) not in USAGE_PRICES:
        yield Problem(
            (*path, "unit_config"),
            "card-unit-config",
            f"a {form(card)} price doesn't depend on a quantity",
            "leave unit_config out",
        )
    if config.get("rounding") == "none" and config.get("precision"):
        yield _lost((*path, "unit_config", "precision"), "a precision without rounding", "choose a rounding")


def _entitlement(card: Fields, path: Path) -> Iterator[Problem]:
    entitlement = card.get("entitlement") or {}
    if not entitlement:
        return
    place = (*path, "entitlement")
    if "feature" not in card:
        detail = f"the card `{card.get('key')}` has no feature that customers could get access to"
        yield Problem(place, "card-entitlement", detail, "name the feature, or leave the entitlement out")
    if entitlement.get("type") != "metered":
        return
    if "limit" not in entitlement:
        detail = "the server doesn't publish a metered entitlement without a limit"
        yield Problem(place, "card-entitlement", detail, "give it a limit, or use `type: boolean`")
    if "usage_period" not in entitlement:
        detail = "the card has no billing cadence that the usage period could be taken from"
        yield Problem(place, "card-entitlement", detail, "give it a usage_period, such as P1M")
    yield from too_short(entitlement.get("usage_period"), (*place, "usage_period"))


def _currency(card: Fields, path: Path, *, currency: str, holder: str) -> Iterator[Problem]:
    override = card.get("currency")
    if override is None:
        return
    if len(override) == FIAT_LENGTH:
        detail = f"{override} is not a custom currency, and ordinary prices are in the {holder}'s currency, {currency}"
    elif len(currency) != FIAT_LENGTH:
        detail = f"the {holder} itself is in the custom currency {currency}, so no card can have another"
    elif form(card) == FREE:
        detail = "a free card has no currency"
    else:
        return
    yield Problem((*path, "currency"), "card-currency", detail, "leave currency out")


def too_short(duration: object, path: Path) -> Iterator[Problem]:
    """A duration below the server's least, an hour."""
    if isinstance(duration, str) and is_under_an_hour(duration):
        yield Problem(
            path,
            "duration-under-an-hour",
            f"{duration} is shorter",
            "use PT1H or longer",
        )


def unknown_currency(code: object, path: Path) -> Iterator[Problem]:
    """A three-letter code that the server doesn't know."""
    if isinstance(code, str) and len(code) == FIAT_LENGTH and decimals(code) is None:
        yield Problem(
            path,
            "unknown-currency",
            f"`{code}` is not one of its currency codes",
            "use an ISO 4217 code, such as USD",
        )
