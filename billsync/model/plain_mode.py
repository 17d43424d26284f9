"""The switch for all fast paths: with `BILLSYNC_PLAIN=1`, everything goes through the full code."""

from __future__ import annotations

from collections.abc import Mapping

VARIABLE = "BILLSYNC_PLAIN"


def is_plain(environment: Mapping[str, str]) -> bool:
    """Whether the environment switches the fast paths off: with any value but an empty one and `0`."""
    return environment.get(VARIABLE, "") not in ("", "0")
