"""The words for entities of a kind in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.kinds.registry import KINDS


def noun(kind: str, number: int) -> str:
    """The word for as many entities of the kind: `tax code`, `tax codes`."""
    return nouns(kind) if number != 1 else KINDS[kind].title if kind in KINDS else kind


def nouns(kind: str) -> str:
    """The word for entities of the kind: `tax codes`."""
    return KINDS[kind].titles if kind in KINDS else kind


def counted_kinds(counts: Mapping[str, int]) -> str:
    """`1 plan and 2 features`, in the order of the kinds; empty for none."""
    words = [f"{counts[kind]:,} {noun(kind, counts[kind])}" for kind in KINDS if counts.get(kind)]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
