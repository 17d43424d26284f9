"""The rows of a recorded answer, as the promise of its path has them."""

from __future__ import annotations

from typing import Any

from billsync.api.promises import Promise


def rows_of(promise: Promise | None, answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a list; the answer itself where it is a document, even one that promises `data`."""
    is_list = "data" in answer and not (isinstance(promise, dict) and "data" in promise)
    rows: list[dict[str, Any]] = (answer["data"] or []) if is_list else [answer]
    return rows
