"""Did-you-mean, in a sentence. It only proposes and never corrects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from billsync.core.declared.suggest import closest
from billsync.model.diagnostic import Position


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`Did you mean "seats"?`, or an empty text."""
    found = closest(word, known)
    return f'Did you mean "{found}"?' if found else ""


def did_you_mean_at(word: str, known: Mapping[str, Position]) -> str:
    """`Did you mean "seats" (team.yaml:3)?`, or an empty text."""
    found = closest(word, known)
    return f'Did you mean "{found}" ({known[found].file}:{known[found].line})?' if found else ""
