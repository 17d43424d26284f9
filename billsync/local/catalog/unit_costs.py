"""Unit costs of a feature for the seller: their forms and rules (catalog-facts.md §5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from billsync.local.server.problems import invalid
from billsync.local.store.documents import Document
from billsync.local.store.store import Row
from billsync.local.store.values import canonical

PAIRS = ("provider", "model", "token_type")


def check_cost(cost: Mapping[str, Any], meter: Row | None) -> None:
    """Raises Problem (400) for a cost that the feature can't have."""
    if cost["type"] == "manual":
        if Decimal(cost["amount"]) < 0:
            raise invalid("manual unit cost amount must be non-negative")
        return
    for name in PAIRS:
        check_pair(cost, name)
    if meter is None:
        raise invalid("LLM unit cost requires a meter to be associated with the feature")
    dimensions = meter.document["dimensions"] or {}
    for name in (f"{name}_property" for name in PAIRS):
        if cost.get(name) and cost[name] not in dimensions:
            raise invalid(f'{name} "{cost[name]}" not found in meter group-by keys')


def check_pair(cost: Mapping[str, Any], name: str) -> None:
    fixed, measured = cost.get(name), cost.get(f"{name}_property")
    if fixed and measured:
        raise invalid(f"{name}_property and {name} are mutually exclusive")
    if not fixed and not measured:
        raise invalid(f"either {name}_property or {name} is required for LLM unit cost")


def check_form_kept(have: Mapping[str, Any] | None, want: Mapping[str, Any]) -> None:
    """Raises Problem where the real server fails: a member can't go from fixed to measured or back in one step."""
    if not have or have["type"] != "llm" or want["type"] != "llm":
        return
    if any((name in have) != (name in want) for name in PAIRS):
        raise invalid("the form of an LLM unit cost can't change in one step; clear it first")


def canonical_cost(cost: Mapping[str, Any]) -> Document:
    return {**cost, "amount": canonical(cost["amount"])} if cost["type"] == "manual" else dict(cost)
