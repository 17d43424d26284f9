"""Masks secrets in texts for people: whole, in pieces, and percent-encoded. A text is masked before it is cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase
from urllib.parse import quote

MASKED = "***"
PIECE = 8
"""A run of that many characters of a secret is masked too, as a server may cut what it echoes."""

SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)


@dataclass(frozen=True, slots=True)
class Mask:
    """Knows secrets, and shows none."""

    _secrets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Mask()"

    def __call__(self, text: str, *, at_most: int) -> str:
        """The text without secrets, then cut to `at_most` characters; a cut ends in `…`."""
        spellings = [spelling for secret in self._secrets for spelling in _spellings(secret)]
        reserve = max((len(spelling) for spelling, _ in spellings), default=0)
        looked_at = text[: 4 * at_most + reserve]
        masked = _without(looked_at, spellings)
        if len(looked_at) < len(text):
            masked = masked[: max(0, len(masked) - reserve)]  # a secret that begins there may go on behind it
        is_cut = len(masked) > at_most or len(looked_at) < len(text)
        return masked[: at_most - 1] + "…" if is_cut else masked


def mask_of(*secrets: str | None) -> Mask:
    """A mask of the secrets that are there."""
    return Mask(tuple(secret for secret in secrets if secret))


def _spellings(secret: str) -> Iterator[tuple[str, int]]:
    """The forms in which a secret may appear in a text, each with the shortest piece that must be masked."""
    yield secret, PIECE
    for spelling in {quote(secret, safe=""), "".join(f"%{byte:02X}" for byte in secret.encode())} - {secret}:
        yield spelling, 3 * PIECE


def _without(text: str, spellings: Iterable[tuple[str, int]]) -> str:
    hidden = bytearray(len(text))
    for spelling, piece in spellings:
        for start, end in _found(text, spelling, min(piece, len(spelling))):
            hidden[start:end] = b"\x01" * (end - start)
    shown: list[str] = []
    for place, char in enumerate(text):
        if not hidden[place]:
            shown.append(char)
        elif not place or not hidden[place - 1]:
            shown.append(MASKED)
    return "".join(shown)


def _found(text: str, secret: str, piece: int) -> Iterator[tuple[int, int]]:
    """Return the spans of pieces of a secret, in any case; they may overlap."""
    lowered, small = text.translate(SMALL), secret.translate(SMALL)
    for wanted in {small[start : start + piece] for start in range(len(small) - piece + 1)}:
        start = lowered.find(wanted)
        while start >= 0:
            yield start, start + piece
            start = lowered.find(wanted, start + 1)
