"""Checks that the add-ons of a plan fit it (catalog-facts.md §9.3 and §9.4), made on both declarations.

Fields are as declared, and may have any form: their own mistakes are reported by other checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

from billsync.kinds.across import cards_of
from billsync.kinds.prices import FLAT, FREE, USAGE_PRICES
from billsync.model.address import Address
from billsync.model.duration import Duration, divides_evenly, parse_duration
from billsync.model.kind import Find, Path, Problem
from billsync.model.value import Fields, Plain

_FIAT_LENGTH = 3


def phases(address: Address, plan: Fields, find: Find) -> Iterator[Problem]:
    """Phases that the plan doesn't have."""
    known = [phase.get("key") for phase in _maps(plan.get("phases"))]
    for path, offer in _offers(plan):
        named = offer.get("from_plan_phase")
        if named is not None and named not in known:
            yield Problem(
                (*path, "from_plan_phase"),
                "addon-phase",
                f"`{named}` is not one of {', '.join(str(key) for key in known)}",
                "name a phase of this plan, or leave from_plan_phase out: it is then the first",
            )


def quantities(address: Address, plan: Fields, find: Find) -> Iterator[Problem]:
    """Yield a problem for a limit on a single-instance add-on."""
    for path, offer, addon in _fitted(plan, find):
        if "max_quantity" in offer and addon.get("instance_type") == "single":
            yield Problem(
                (*path, "max_quantity"),
                "addon-quantity",
                f'add-on "{offer["addon"]}" has `instance_type: single`, and the server takes no max_quantity for it',
                "leave max_quantity out, or make the add-on `multiple`",
            )


def currencies(address: Address, plan: Fields, find: Find) -> Iterator[Problem]:
    """An add-on in another currency than the plan's."""
    own = plan.get("currency")
    for path, offer, addon in _fitted(plan, find):
        other = addon.get("currency")
        if isinstance(own, str) and isinstance(other, str) and not _pays(own, other, addon):
            yield Problem(
                (*path, "addon"),
                "currency-mismatch",
                f'add-on "{offer["addon"]}" is in {other}, and plan "{address.key}" in {own}',
                f"offer an add-on in {own}",
            )


def _pays(own: str, other: str, addon: Fields) -> bool:
    """Whether a plan takes an add-on's currency: a plan in an ordinary one also takes custom ones, at a cost basis."""
    if len(own) == _FIAT_LENGTH:
        return other == own or len(other) != _FIAT_LENGTH
    return all(card.get("currency", other) == own for _, card in cards_of(addon) if _form(card) != FREE)


def cadences(address: Address, plan: Fields, find: Find) -> Iterator[Problem]:
    """Yield cards whose billing cadence and the plan's don't divide each other (catalog-facts.md §7.4)."""
    own = _duration(plan.get("billing_cadence"))
    for path, offer, addon in _fitted(plan, find):
        for card in (card for _, card in cards_of(addon)):
            other = _duration(card.get("billing_cadence"))
            if own and other and not divides_evenly(own, other):
                yield Problem(
                    (*path, "addon"),
                    "cadence-unaligned",
                    f'card `{card.get("key")}` of add-on "{offer["addon"]}" is charged every {other.text}, and the '
                    f"plan every {own.text}: neither is a whole multiple of the other in every month and on every day",
                    f"use {own.text}, or a cadence in the same unit that divides it or is a multiple of it",
                )


def same_cards(address: Address, plan: Fields, find: Find) -> Iterator[Problem]:
    """Yield mismatches between cards with the same key: the server adds them up only if they are alike."""
    for path, offer, addon in _fitted(plan, find):
        above = {str(card.get("key")): card for _, card in cards_of(addon)}
        told: set[tuple[str, str]] = set()
        for below in _cards_from(plan, offer.get("from_plan_phase")):
            key = str(below.get("key"))
            for what in _mismatches(_filled(below, plan), _filled(above[key], {})) if key in above else ():
                if (key, what) not in told:
                    told.add((key, what))
                    yield _mismatch(path, str(offer["addon"]), key, what)


def _mismatch(path: Path, addon: str, key: str, what: str) -> Problem:
    return Problem(
        (*path, "addon"),
        "addon-card-mismatch",
        f'card `{key}` of add-on "{addon}" and of the plan: {what}',
        "give the add-on's card a key of its own, or make the two alike",
    )


def _cards_from(plan: Fields, first: Plain) -> Iterator[Fields]:
    """The cards of the phases from a given phase on; of all phases without one, and empty for an unknown phase."""
    members = _maps(plan.get("phases"))
    keys = [phase.get("key") for phase in members]
    start = 0 if first is None else keys.index(first) if first in keys else len(keys)
    for phase in members[start:]:
        yield from (card for _, card in cards_of(phase))


def _filled(card: Fields, plan: Fields) -> Fields:
    """The fields of a card that are compared here, with the meaning of absent ones filled in."""
    filled = dict(card)
    if _form(card) in USAGE_PRICES and "billing_cadence" in plan:
        filled.setdefault("billing_cadence", plan["billing_cadence"])
    if _form(card) == FLAT:
        filled.setdefault("payment_term", "in_arrears")
    if isinstance(entitlement := card.get("entitlement"), Mapping) and "billing_cadence" in filled:
        filled["entitlement"] = {"usage_period": filled["billing_cadence"], **entitlement}
    return filled


def _mismatches(below: Fields, above: Fields) -> Iterator[str]:
    forms = _form(below), _form(above)
    if None not in forms and FREE not in forms and forms != (FLAT, FLAT):
        yield "both are priced, and only flat fees add up"
    if forms == (FLAT, FLAT) and below["payment_term"] != above["payment_term"]:
        yield "their payment terms differ"
    if _both(below, above, "feature") and below["feature"] != above["feature"]:
        yield "their features differ"
    if _both(below, above, "billing_cadence") and not _same(below["billing_cadence"], above["billing_cadence"]):
        yield "their billing cadences differ"
    if _both(_map(below.get("discounts")), _map(above.get("discounts")), "percentage"):
        yield "both have a percentage discount"
    if _both(below, above, "unit_config") and _exact(below["unit_config"]) != _exact(above["unit_config"]):
        yield "their unit conversions differ"
    if _both(below, above, "entitlement"):
        yield from _entitlements(_map(below["entitlement"]), _map(above["entitlement"]))


def _entitlements(below: Fields, above: Fields) -> Iterator[str]:
    if below.get("type") != above.get("type"):
        yield "their entitlements are of different types"
    elif below.get("type") == "static":
        yield "both have a static entitlement"
    elif below.get("type") == "metered" and not _same(below.get("usage_period"), above.get("usage_period")):
        yield "their entitlements have different usage periods"


def _fitted(plan: Fields, find: Find) -> Iterator[tuple[Path, Fields, Fields]]:
    """Each add-on that the plan offers and the files declare: where it is offered, how, and its fields."""
    for path, offer in _offers(plan):
        key = offer.get("addon")
        addon = find("addon", key) if isinstance(key, str) else None
        if addon is not None:
            yield path, offer, addon


def _offers(plan: Fields) -> Iterator[tuple[Path, Fields]]:
    for index, offer in enumerate(_maps(plan.get("addons"))):
        yield ("addons", index), offer


def _both(one: Fields, other: Fields, name: str) -> bool:
    return name in one and name in other


def _same(one: Plain, other: Plain) -> bool:
    return one == other or (_duration(one) is not None and _duration(one) == _duration(other))


def _exact(config: Plain) -> Fields:
    """A unit conversion with its numbers in one form and its defaults."""
    filled = {"rounding": "none", "precision": 0, **_map(config)}
    return {name: _number(value) for name, value in filled.items()}


def _number(value: Plain) -> Plain:
    try:
        return Decimal(value) if isinstance(value, str | int | Decimal) else value
    except InvalidOperation:
        return value


def _duration(text: Plain) -> Duration | None:
    """Return a duration longer than zero, or None; the schema reports invalid durations."""
    duration = parse_duration(text) if isinstance(text, str) else None
    return duration if duration and duration.in_seconds() else None


def _form(card: Fields) -> Plain:
    return _map(card.get("price")).get("type")


def _map(value: Plain) -> Fields:
    return value if isinstance(value, Mapping) else {}


def _maps(value: Plain) -> tuple[Fields, ...]:
    return tuple(_map(item) for item in value) if isinstance(value, list | tuple) else ()


CROSS = (phases, quantities, currencies, cadences, same_cards)
