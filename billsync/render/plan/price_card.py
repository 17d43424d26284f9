"""The prices of a new entity as a card: each price with its feature, cadence and phase."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from billsync.model.address import Symbol
from billsync.model.value import Fields, Plain
from billsync.render.formats.words import readable, visible

OPEN = "above"
_EXTRAS = ("unit_config", "discounts", "commitments", "entitlement")


def card_rows(view: Fields) -> Iterator[tuple[str, str, str]]:
    """The phase, the key and the terms of each rate card of an entity, whose phase is empty where it has none."""
    currency, cadence = view.get("currency"), view.get("billing_cadence")
    for phase in view.get("phases") or ():
        for key, terms in _cards(phase.get("rate_cards") or (), currency, cadence):
            yield str(phase.get("key")), key, terms
    for key, terms in _cards(view.get("rate_cards") or (), currency, cadence):
        yield "", key, terms


def price_card(view: Fields) -> Iterator[str]:
    """Lines for an entity's rate cards, by phase where it has phases; none for an entity without prices."""
    currency, cadence = view.get("currency"), view.get("billing_cadence")
    phases = view.get("phases") or ()
    for phase in phases:
        last = f" for {phase['duration']}" if "duration" in phase else ""
        yield f"    phase {visible(str(phase.get('key')))}{last}:"
        yield from (f"      {_line(*card)}" for card in _cards(phase.get("rate_cards") or (), currency, cadence))
    yield from (f"    {_line(*card)}" for card in _cards(view.get("rate_cards") or (), currency, cadence))


def _line(key: str, terms: str) -> str:
    return visible(f"{key}: {terms}")


def _cards(cards: Sequence[Fields], currency: Plain, cadence: Plain) -> Iterator[tuple[str, str]]:
    """The key and the terms of each card."""
    for card in cards:
        each = card.get("billing_cadence") or cadence
        yield str(card.get("key")), _terms(card, str(currency or ""), str(each or ""))


def _terms(card: Fields, currency: str, each: str) -> str:
    price = card.get("price") or {}
    extras = [f"{name} {_text(card[name])}" for name in _EXTRAS if card.get(name)]
    unit = "a converted unit" if card.get("unit_config") else "a unit"
    currency = str(card.get("currency") or currency)
    often = "once" if price.get("type") == "flat" and not card.get("billing_cadence") else f"each {each}"
    when = " in advance" if card.get("payment_term") == "in_advance" else ""
    if price.get("type") in (None, "free"):
        return ", ".join(["free", *extras])
    return ", ".join([f"{_price(price, currency, unit)}, {often}{when}", *extras])


def _price(price: Fields, currency: str, unit: str) -> str:
    kind = price.get("type")
    if kind == "flat":
        return f"{_text(price.get('amount'))} {currency}"
    if kind == "unit":
        return f"{_text(price.get('amount'))} {currency} {unit}"
    if isinstance(price.get("tiers"), Sequence):
        return f"{kind}: {'; '.join(_tier(tier, currency, unit) for tier in price['tiers'])}"
    return _text(price)


def _tier(tier: Fields, currency: str, unit: str) -> str:
    bound = f"up to {_text(tier['up_to_amount'])}" if tier.get("up_to_amount") is not None else OPEN
    prices = [_price(tier[name], currency, unit) for name in ("unit_price", "flat_price") if tier.get(name)]
    return f"{bound}: {' + '.join(prices) or 'free'}"


def _text(value: Plain) -> str:
    plain = readable(value)
    if isinstance(value, Mapping) and not isinstance(value, Symbol):
        return " ".join(f"{name} {_text(item)}" for name, item in value.items())
    if isinstance(plain, bool):
        return "true" if plain else "false"
    return ", ".join(map(_text, plain)) if isinstance(plain, list) else str(plain)
