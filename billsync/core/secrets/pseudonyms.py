"""Pseudonyms: texts that stand for others, and from which nobody without the key finds these again."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import field

from billsync.model.currencies import decimals
from billsync.model.frozen import dataclass
from billsync.model.shape import Pseudonym

PREFIX = "anon_"
_SIGNS = "0123456789bcdfghjklmnpqrstvwxyz"
"""The digits and letters of pseudonyms: without vowels, so that they are never words."""
_LENGTH = 13
_COUNTRIES = (*(f"Q{sign}" for sign in "MNOPQRSTUVWXYZ"), *(f"X{sign}" for sign in "ABCDEFGHIJLMNOPQRSTUVWXYZ"))
"""Codes that ISO 3166 leaves to its users, but for the one that is in use for Kosovo."""
_DIGEST = re.compile("sha256:[0-9a-f]{64}")
_STRIPE = re.compile("txcd_[0-9]{8}")
_CODE = re.compile("[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Pseudonyms under a secret key: the same text always has the same one, wherever it stands."""

    key: bytes = field(repr=False)
    known: dict[str, str] = field(default_factory=dict, repr=False)

    def name(self, text: str) -> str:
        """The pseudonym of a text; nothing stands for nothing."""
        if not text:
            return text
        found = self.known.get(text)
        if found is None:
            found = self.known[text] = PREFIX + self._signs(text)
        return found

    def of(self, text: str, form: Pseudonym) -> str:
        """The pseudonym of a text, in a form that the place of the text demands."""
        return _FORMS[form](self, text) if text else text

    def digits(self, text: str) -> str:
        """A keyed digest of a text, in base 16."""
        return hmac.digest(self.key, text.encode("utf-8", "surrogatepass"), "sha256").hex()

    def _signs(self, text: str) -> str:
        number, signs = int(self.digits(text), 16), ""
        for _ in range(_LENGTH):
            number, place = divmod(number, len(_SIGNS))
            signs += _SIGNS[place]
        return signs


def _country(names: Pseudonyms, text: str) -> str:
    return _COUNTRIES[int(names.digits(text), 16) % len(_COUNTRIES)]


def _currency(names: Pseudonyms, text: str) -> str:
    return text if decimals(text) is not None or _CODE.fullmatch(text) else names.name(text)


def _digest(names: Pseudonyms, text: str) -> str:
    return f"sha256:{names.digits(text)}" if _DIGEST.fullmatch(text) else names.name(text)


def _stripe(names: Pseudonyms, text: str) -> str:
    number = int(names.digits(text), 16) % 10**8
    return f"txcd_{number:08}" if _STRIPE.fullmatch(text) else names.name(text)


_FORMS: Mapping[Pseudonym, Callable[[Pseudonyms, str], str]] = {
    Pseudonym.NAME: Pseudonyms.name,
    Pseudonym.EMAIL: lambda names, text: f"{names.name(text)}@example.invalid",
    Pseudonym.JSON_PATH: lambda names, text: f"$.{names.name(text)}",
    Pseudonym.COUNTRY: _country,
    Pseudonym.CURRENCY: _currency,
    Pseudonym.DIGEST: _digest,
    Pseudonym.STRIPE: _stripe,
}
