"""Conditions on a meter's dimensions, in queries and in features' meter filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from billsync.local.server.problems import invalid

EQUALITY = frozenset(("eq", "in"))
Conditions = Mapping[str, Mapping[str, Any]]

TESTS: Mapping[str, Callable[[str, Any], bool]] = {
    "eq": lambda text, wanted: text == wanted,
    "neq": lambda text, wanted: text != wanted,
    "in": lambda text, wanted: text in wanted,
    "nin": lambda text, wanted: text not in wanted,
    "contains": lambda text, wanted: wanted.lower() in text.lower(),
    "ncontains": lambda text, wanted: wanted.lower() not in text.lower(),
    "exists": lambda text, wanted: bool(text) == wanted,
    "and": lambda text, parts: all(holds(part, text) for part in parts),
    "or": lambda text, parts: any(holds(part, text) for part in parts),
}


def holds(condition: Mapping[str, Any], text: str) -> bool:
    """Whether a text meets every operator of a condition; a missing value counts as the empty text."""
    return all(TESTS[operator](text, operand) for operator, operand in condition.items())


def accepts(conditions: Conditions) -> Callable[[Mapping[str, str]], bool]:
    """Whether an event's dimensions meet the conditions on them."""

    def accepted(dimensions: Mapping[str, str]) -> bool:
        return all(holds(condition, dimensions.get(name, "")) for name, condition in conditions.items())

    return accepted


def equal_to(name: str, condition: Mapping[str, Any]) -> Sequence[str]:
    """The values of a condition that may only compare for equality. Raises Problem (400) for another operator."""
    if not condition or not condition.keys() <= EQUALITY:
        raise invalid(f"only the eq and in operators are supported for {name}")
    wanted = [{condition["eq"]}] if "eq" in condition else []
    wanted += [set(condition["in"])] if "in" in condition else []
    return sorted(set.intersection(*wanted))
