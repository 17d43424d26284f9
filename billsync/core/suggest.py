"""What somebody may have wanted to type. It only proposes, and stops trying when there is too much to compare."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

COMPARISONS = 200_000
"""How many pairs of words one Suggester compares at most: about two seconds' work."""


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like this one, or None when none is near."""
    found = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return found[0] if found else None


class Suggester:
    """Suggests for many words; the same mistake in 100,000 places costs no more than in one."""

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
