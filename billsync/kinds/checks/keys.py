"""Checks for keys of customers and grants that the server would accept but billsync can't use."""

from __future__ import annotations

from collections.abc import Iterator

from billsync.model.kind import Problem
from billsync.model.value import Fields


def findable(entity: Fields) -> Iterator[Problem]:
    """A key that a list filter can find: filters trim and split at commas (catalog-facts.md §1.4)."""
    key = entity.get("key")
    if not isinstance(key, str) or not key:
        return
    if key != key.strip() or not key.strip(", "):
        yield Problem(
            ("key",),
            "unfindable-key",
            f"{key!r} begins or ends with a space, or holds nothing but commas",
            "use letters, digits and signs, without space around them",
        )
