"""Masks secrets in texts for people: whole, in pieces, and percent-encoded. A text is masked before it is cut."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from string import ascii_lowercase, ascii_uppercase
from urllib.parse import quote

from billsync.model.frozen import dataclass, replace
from billsync.model.source import Source
from billsync.model.value import Masked, decimal_text

MASKED = "***"
PIECE = 8
"""A run of that many characters of a secret is masked too, as a server may cut what it echoes."""
SHORT = 4
"""Texts from a source that are shorter are masked only where their value is known to stand: `5` is no secret."""

SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)
_WORDS = re.compile(r"[^\W\d]+(?:[ _-]+[^\W\d]+)*\Z")
_NUMBER = re.compile(r"-?[0-9]+\.[0-9]+\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that must not be shown, and what stands in its place.

    `is_word`: it is masked only as a whole word; `piece` is the shortest part of it that is masked, too.
    """

    text: str
    shown: str = MASKED
    is_word: bool = False
    piece: int = PIECE


@dataclass(frozen=True, slots=True)
class Mask:
    """Knows secrets, and shows none."""

    _secrets: tuple[Secret, ...] = ()

    def __repr__(self) -> str:
        return "Mask()"

    def __call__(self, text: str, *, at_most: int) -> str:
        """The text without secrets, then cut to `at_most` characters; a cut ends in `…`."""
        spellings = [spelling for secret in self._secrets for spelling in _spellings(secret)]
        reserve = max((len(spelling.text) for spelling in spellings), default=0)
        looked_at = text[: 4 * at_most + reserve]
        masked = _without(looked_at, spellings)
        if len(looked_at) < len(text):
            masked = masked[: max(0, len(masked) - reserve)]  # a secret that begins there may go on behind it
        is_cut = len(masked) > at_most or len(looked_at) < len(text)
        return masked[: at_most - 1] + "…" if is_cut else masked

    def whole(self, text: str) -> str:
        """The text without secrets, at its full length."""
        return self(text, at_most=len(text) * 4 + 4) if self._secrets else text

    def also(self, other: Mask) -> Mask:
        """A mask of the secrets of both."""
        return Mask((*self._secrets, *other._secrets))


NOTHING_HIDDEN = Mask()


def mask_of(*secrets: str | None) -> Mask:
    """A mask of the secrets that are there."""
    return Mask(tuple(Secret(secret) for secret in secrets if secret))


def secret_values(headers: Mapping[str, str]) -> tuple[str, ...]:
    """The values of added headers that are long enough to be secrets; a short one could be any word of a message."""
    return tuple(value for value in headers.values() if len(value) >= PIECE)


def source_mask(texts: Mapping[Source, str], *, shortest: int = SHORT) -> Mask:
    """A mask that names the source of each text. Those shorter than `shortest` stay."""
    found = ((source, text) for source, text in texts.items() if len(text) >= shortest)
    return Mask(tuple(secret for source, text in found for secret in _secrets(source, text)))


def _secrets(source: Source, text: str) -> Iterator[Secret]:
    """The text, and the number in it without zeros at its end."""
    shown = Masked(source).text
    for spelling in dict.fromkeys((text, decimal_text(Decimal(text)) if _NUMBER.match(text) else text)):
        yield Secret(spelling, shown, is_word=len(spelling) < PIECE)


def whole_mask(texts: Mapping[Source, str], *secrets: str | None) -> Mask:
    """A mask for all that is printed, of secrets as a whole: what a longer part of the output merely shares stays.

    Texts of sources that are shorter than a piece, or only words, stay: the output's own words may be the same.
    """
    own = {secret: MASKED for secret in secrets if secret}
    kept = ((source, text) for source, text in texts.items() if len(text) >= PIECE and not _WORDS.match(text))
    named = {text: Masked(source).text for source, text in kept}
    return Mask(tuple(Secret(text, shown, piece=len(text)) for text, shown in {**own, **named}.items()))


def _spellings(secret: Secret) -> Iterator[Secret]:
    """The forms in which a secret may appear in a text."""
    text = secret.text
    yield secret
    if (escaped := json.dumps(text, ensure_ascii=False)[1:-1]) != text:
        yield replace(secret, text=escaped)
    for spelling in sorted({quote(text, safe=""), "".join(f"%{byte:02X}" for byte in text.encode())} - {text}):
        yield replace(secret, text=spelling, piece=3 * secret.piece)


def _without(text: str, spellings: Iterable[Secret]) -> str:
    spans = [(span, spelling.shown) for spelling in spellings for span in _found(text, spelling)]
    if not spans:
        return text
    hidden: list[str] = [""] * len(text)
    for (start, end), shown in spans:
        hidden[start:end] = [shown] * (end - start)
    before = ["", *hidden]
    return "".join(
        char if not shown else shown if shown != last else ""
        for char, shown, last in zip(text, hidden, before, strict=False)
    )


def _found(text: str, secret: Secret) -> Iterator[tuple[int, int]]:
    """Return the spans of pieces of a secret, in any case; they may overlap."""
    lowered, small = text.translate(SMALL), secret.text.translate(SMALL)
    if secret.is_word:
        word = rf"(?<![\w.]){re.escape(small)}(?!\w|\.\w)"
        yield from (found.span() for found in re.finditer(word, lowered))
        return
    piece = min(secret.piece, len(small))
    for wanted in {small[start : start + piece] for start in range(len(small) - piece + 1)}:
        start = lowered.find(wanted)
        while start >= 0:
            yield start, start + piece
            start = lowered.find(wanted, start + 1)
