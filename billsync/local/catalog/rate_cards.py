"""Rate cards as they are stored and shown (catalog-facts.md §7.3): fields filled in, and fields silently dropped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billsync.local.catalog.prices import is_usage_based, read_price
from billsync.local.store.documents import Document
from billsync.local.store.durations import NOTHING, canonical_duration
from billsync.local.store.values import canonical, double_precision, single_precision
from billsync.model.duration import parse_duration

AS_GIVEN = ("key", "name", "description", "labels", "currency", "tax_config", "feature", "type")
UNREAD = frozenset(("labels", "type"))
Card = Mapping[str, Any]


def is_free(card: Card) -> bool:
    return bool(card["price"]["type"] == "free")


def kept_card(card: Card) -> Document:
    """The card as a plan stores it: the card as shown, plus its labels."""
    price = card["price"]
    kept: Document = {name: card[name] for name in AS_GIVEN if name in card}
    kept["price"] = read_price(price)
    if cadence := kept_cadence(card):
        kept["billing_cadence"] = cadence
    if price["type"] == "flat":
        kept["payment_term"] = card["payment_term"]
    parts = {
        "commitments": kept_commitments(card),
        "discounts": kept_discounts(card.get("discounts") or {}),
        "unit_config": kept_unit_config(card.get("unit_config")),
        "entitlement": kept_entitlement(card.get("entitlement"), kept.get("billing_cadence")),
    }
    return kept | {name: part for name, part in parts.items() if part}


def read_card(kept: Card) -> Document:
    """A plan's card as v3 shows it: without its labels (§1.5) and the type that v1 may have given it."""
    return {name: value for name, value in kept.items() if name not in UNREAD}


def kept_cadence(card: Card) -> str | None:
    """A usage card without a cadence is kept with `P0D`; another one is a one-time fee."""
    if given := card.get("billing_cadence"):
        return canonical_duration(given)
    return "P0D" if is_usage_based(card["price"]) else None


def kept_commitments(card: Card) -> Document:
    """Dropped on flat and free prices."""
    given = card.get("commitments") or {}
    return {name: canonical(value) for name, value in given.items()} if is_usage_based(card["price"]) else {}


def kept_discounts(given: Mapping[str, Any]) -> Document:
    kept: Document = {}
    if "percentage" in given:
        kept["percentage"] = single_precision(given["percentage"])
    if "usage" in given:
        kept["usage"] = canonical(given["usage"])
    return kept


def kept_unit_config(given: Mapping[str, Any] | None) -> Document:
    """Without rounding neither `rounding` nor `precision` is kept."""
    if not given:
        return {}
    dropped = ("rounding", "precision") if given["rounding"] == "none" else ()
    kept = {name: value for name, value in given.items() if name not in dropped}
    return kept | {"conversion_factor": canonical(given["conversion_factor"])}


def kept_entitlement(given: Mapping[str, Any] | None, cadence: str | None) -> Document:
    """A metered template without a period has the card's cadence."""
    if not given or given["type"] != "metered":
        return dict(given or {})
    kept = {**given, "usage_period": usage_period(given, cadence)}
    if "limit" in given:
        kept["limit"] = double_precision(given["limit"])
    return kept


def usage_period(template: Mapping[str, Any], cadence: str | None) -> str | None:
    """The period over which a metered template counts usage; None if neither it nor the card has one."""
    given = parse_duration(template.get("usage_period") or "P0D")
    return given.text if given and given != NOTHING else cadence
