"""Custom currencies in prices: which ones plans and add-ons name, and which a server lacks.

No file declares one, so that a run can't make it; a plan or an add-on in one that isn't there is refused by the server
(catalog-facts.md §7.6).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeGuard

from billsync.kinds.across import cards_of
from billsync.kinds.prices import FREE
from billsync.model.kind import Find, Named, Path, Problem
from billsync.model.value import Fields

CURRENCY = "currency"
FIAT_LENGTH = 3
CREDIT_ONLY = "credit_only"


def mentioned(holder: Fields) -> Iterator[tuple[Path, str, str]]:
    """The custom currencies that a plan or an add-on and its cards name."""
    for path, part in (((), holder), *cards_of(holder)):
        code = part.get("currency")
        if is_custom(code):
            yield (*path, "currency"), CURRENCY, code


def is_custom(code: object) -> TypeGuard[str]:
    """Whether this is the code of a custom currency."""
    return isinstance(code, str) and len(code) > FIAT_LENGTH


def lacking(holder: Fields, find: Find, named: Named) -> Iterator[Problem]:
    """The custom currencies that the server doesn't have, and those of a plan in an ordinary one of which a unit costs
    nothing there; each once."""
    live = named.get(CURRENCY)
    if live is None:
        return
    seen = set[str]()
    for path, _, code in mentioned(holder):
        if code not in live and code not in seen:
            seen.add(code)
            detail = f"it is priced in the custom currency {code}, which the server doesn't have"
            yield Problem(path, "not-on-server", detail, f"make {code} on the server first, with what a unit costs")
    fiat = holder.get("currency")
    if "phases" in holder and not is_custom(fiat) and holder.get("settlement_mode") != CREDIT_ONLY:
        for path, code in _sold(holder, find):
            costs = live.get(code)
            if costs is not None and fiat not in costs and code not in seen:
                seen.add(code)
                detail = f"it is priced in the custom currency {code}, of which a unit costs nothing in {fiat} there"
                yield Problem(path, "no-unit-cost", detail, f"set what a unit of {code} costs in {fiat} on the server")


def _sold(plan: Fields, find: Find) -> Iterator[tuple[Path, str]]:
    """The custom currencies in which a plan in an ordinary one, or a declared add-on of it, sells something."""
    for path, card in cards_of(plan):
        if is_custom(code := card.get("currency")) and _is_priced(card):
            yield (*path, "currency"), code
    offers = plan.get("addons")
    for index, offer in enumerate(offers if isinstance(offers, list | tuple) else ()):
        key = offer.get("addon") if isinstance(offer, Mapping) else None
        addon = find("addon", key) if isinstance(key, str) else None
        for _, card in cards_of(addon or {}):
            if is_custom(code := card.get("currency", (addon or {}).get("currency"))) and _is_priced(card):
                yield ("addons", index, "addon"), code


def _is_priced(card: Fields) -> bool:
    price = card.get("price")
    return isinstance(price, Mapping) and price.get("type") != FREE
