"""Checks for features that the server would refuse (catalog-facts.md §5.1 and §5.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from billsync.model.kind import Problem
from billsync.model.value import Fields

_ULID = re.compile(r"[0-7][0-9a-hjkmnp-tv-z]{25}", re.ASCII | re.IGNORECASE)
PAIRS = ("provider", "model", "token_type")


def key_form(feature: Fields) -> Iterator[Problem]:
    """A key that could be an id."""
    key = str(feature.get("key", ""))
    if _ULID.fullmatch(key):
        yield Problem(
            ("key",),
            "feature-key-like-id",
            f"`{key}` has the form of a ULID",
            "choose another key",
        )


def unit_cost(feature: Fields) -> Iterator[Problem]:
    """A cost of the language-model kind: it needs a meter, and one of each pair."""
    cost = feature.get("unit_cost") or {}
    if cost.get("type") != "llm":
        return
    if "meter" not in feature:
        yield Problem(
            ("unit_cost",),
            "feature-unit-cost",
            "an `llm` cost is worked out from the events of a meter, and this feature has none",
            "give the feature a meter, or use `type: manual`",
        )
    for name in PAIRS:
        if (name in cost) == (f"{name}_property" in cost):
            said = "both are" if name in cost else "neither is"
            yield Problem(
                ("unit_cost",),
                "feature-unit-cost",
                f"exactly one of {name} and {name}_property is required; {said} given",
                f"give {name} for a fixed value, or {name}_property for a dimension of the meter",
            )


CHECKS = (key_form, unit_cost)
