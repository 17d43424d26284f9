"""Rows of the API for tests of reports: a subscription with cards, grants, movements."""

from typing import Any

from billsync.model.address import Address, Symbol

FEATURES = {"f-api": "api", "f-gb": "gb"}


def usage_card(key: str, price: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A card that prices the feature of the same key by usage, each month."""
    return {
        "key": key,
        "name": key.upper(),
        "feature": {"id": f"f-{key}"},
        "billing_cadence": "P1M",
        "price": price,
        "currency": "USD",
        **more,
    }


def fee_card(key: str, amount: str, term: str = "in_arrears", cadence: str | None = "P1M") -> dict[str, Any]:
    """A flat fee."""
    return {
        "key": key,
        "name": key.upper(),
        "billing_cadence": cadence,
        "payment_term": term,
        "price": {"type": "flat", "amount": amount},
        "currency": "USD",
    }


def unit(amount: str) -> dict[str, Any]:
    """A price of each unit."""
    return {"type": "unit", "amount": amount}


def graduated(*tiers: tuple[str | None, str]) -> dict[str, Any]:
    """Tiers of an upper bound and a price of each unit."""
    return {
        "type": "graduated",
        "tiers": [{"up_to_amount": bound, "unit_price": {"type": "unit", "amount": amount}} for bound, amount in tiers],
    }


def subscription_row(*cards: dict[str, Any], start: str = "2026-09-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    """A monthly subscription to the plan `pro` with one phase of these cards."""
    items = [{"id": f"item-{number}", "active_from": start, "rate_card": card} for number, card in enumerate(cards)]
    return {
        "id": "sub-1",
        "customer_id": "cus-1",
        "active_from": start,
        "billing_anchor": start,
        "billing_cadence": "P1M",
        "invoice_currency": "USD",
        "phases": [{"key": "default", "active_from": start, "items": items}],
        "plan": {"id": "plan-1", "key": "pro", "version": 1},
        "plan_id": "plan-1",
        "pro_rating_config": {"enabled": True, "mode": "prorate_prices"},
        "settlement_mode": "credit_then_invoice",
        "status": "active",
        **more,
    }


def with_trial(row: dict[str, Any], until: str) -> dict[str, Any]:
    """The row with a phase before, in which nothing is priced, until a moment."""
    (phase,) = row["phases"]
    items = [{**item, "active_from": until} for item in phase["items"]]
    trial = {"key": "trial", "active_from": row["active_from"], "active_to": until, "items": []}
    return {**row, "phases": [trial, {**phase, "active_from": until, "items": items}]}


def grant_row(amount: str, at: str = "2026-09-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    """An active grant without a price."""
    return {"id": f"g-{amount}", "amount": amount, "currency": "USD", "created_at": at, "status": "active", **more}


def consumed_row(amount: str, at: str) -> dict[str, Any]:
    """A movement that took credits."""
    return {"type": "consumed", "amount": f"-{amount}", "currency": "USD", "booked_at": at, "labels": {}}


def plan_fields(*cards: dict[str, Any]) -> dict[str, Any]:
    """A plan in canonical form."""
    phases = [{"key": "default", "rate_cards": [_with_symbol(card) for card in cards]}]
    return {"currency": "USD", "billing_cadence": "P1M", "phases": phases}


def own_plan(row: dict[str, Any], *keys: str) -> dict[str, Any]:
    """The plan that a subscription without add-ons is on, in canonical form: the cards with these keys."""
    phases = [
        {"key": phase["key"], "rate_cards": [_with_symbol(item["rate_card"]) for item in phase["items"]]}
        for phase in row["phases"]
    ]
    for phase in phases:
        phase["rate_cards"] = [card for card in phase["rate_cards"] if card["key"] in keys]
    return {"currency": "USD", "billing_cadence": "P1M", "phases": phases}


def _with_symbol(card: dict[str, Any]) -> dict[str, Any]:
    return {**card, "feature": Symbol(Address("feature", (card["key"],)))} if "feature" in card else card
