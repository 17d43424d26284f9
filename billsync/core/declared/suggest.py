"""Near names for a mistyped one. Gives up if there is too much to compare."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

COMPARISONS = 200_000
"""Largest number of pairs of words that one Suggester compares: about two seconds' work."""


_LONGEST = 100
"""Longer words are not compared, as they can't be slips of known words."""


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word most similar to this one, or None if none is similar enough.

    A one-letter slip counts most, then a name with all the parts of the other (`email` in `primary_email`, `plan` in
    `plan_id`), then any similarity. Case is ignored, and `-` equals `_` (`SUM`, `event-type`).
    """
    if len(word) > _LONGEST:
        return None
    words = {_folded(name): name for name in sorted(known)}
    word = _folded(word)
    slips = get_close_matches(word, words, n=1, cutoff=0.85)
    around = sorted((name for name in words if _has_parts(name, word) or _has_parts(word, name)), key=len)
    found = slips or around or get_close_matches(word, words, n=1, cutoff=0.6)
    return words[found[0]] if found else None


def _folded(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_")


def _has_parts(whole: str, part: str) -> bool:
    """Whether the parts of a name between its `_` hold those of another, together and in order."""
    return f"_{part}_" in f"_{whole}_" and bool(part)


class Suggester:
    """Suggestions for many words, cached: the same mistake in 100,000 places costs no more than in one."""

    def __init__(self, comparisons: int = COMPARISONS) -> None:
        self._left = comparisons
        self._known: dict[tuple[str, str], str | None] = {}

    def closest(self, topic: str, word: str, known: Collection[str]) -> str | None:
        """As `closest`, among the words of a topic; None once the comparisons are used up."""
        if (topic, word) not in self._known:
            if len(known) > self._left:
                return None
            self._left -= len(known)
            self._known[topic, word] = closest(word, known)
        return self._known[topic, word]
