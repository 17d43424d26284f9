"""Did-you-mean: what somebody may have wanted to type. It only proposes and never corrects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from billsync.model.diagnostic import Position


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like this one, or None when none is near."""
    found = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`Did you mean "seats"?`, or an empty text."""
    found = closest(word, known)
    return f'Did you mean "{found}"?' if found else ""


def did_you_mean_at(word: str, known: Mapping[str, Position]) -> str:
    """`Did you mean "seats" (team.yaml:3)?`, or an empty text."""
    found = closest(word, known)
    return f'Did you mean "{found}" ({known[found].file}:{known[found].line})?' if found else ""
