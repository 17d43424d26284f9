"""The words for entities of a kind in a sentence."""

from __future__ import annotations

from billsync.kinds.registry import KINDS


def noun(kind: str, number: int) -> str:
    """The word for as many entities of the kind: `tax code`, `tax codes`."""
    return nouns(kind) if number != 1 else KINDS[kind].title if kind in KINDS else kind


def nouns(kind: str) -> str:
    """The word for entities of the kind: `tax codes`."""
    return KINDS[kind].titles if kind in KINDS else kind
