"""Evidence for the journal: the calls that were made, without customers' personal data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import count
from urllib.parse import unquote

from billsync.model.kind import Kind
from billsync.model.value import Plain

WITHHELD = "(withheld)"
_CHAR = r"""[^\s"\\'<>()\[\]{},:;=/@]"""
EMAIL = re.compile(rf"(?<!{_CHAR}){_CHAR}+(?:@|%40){_CHAR}+\.[^\W\d_]{{2,}}")
"""An address in text or, as keys stand in a step's name, in a URL."""


def body_kept(kind: Kind, body: Plain) -> Plain:
    """The body of a call with every personal field's value withheld."""
    if not isinstance(body, Mapping):
        return body
    return {name: WITHHELD if _snake(name) in kind.personal else value for name, value in body.items()}


def _snake(name: str) -> str:
    """A field's name as API v3 writes it; API v1 writes `primaryEmail`."""
    return re.sub(r"[A-Z]", lambda found: f"_{found.group().lower()}", name)


def text_kept(kind: Kind, text: str) -> str:
    """A message about an entity; withheld where it may quote a personal field."""
    return WITHHELD if text and kind.personal else text


class EmailMask:
    """Replaces addresses in text, wherever they stand: a key or a subject may be one, too.

    An address has the same number everywhere in one journal, so that two customers stay apart.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, str] = {}
        self._next = count(1)

    def masked(self, text: str) -> str:
        """The text with a number for each address."""
        return EMAIL.sub(lambda found: self._number(found.group()), text)

    def _number(self, found: str) -> str:
        address = unquote(found)
        if address not in self._numbers:
            self._numbers[address] = f"(e-mail {next(self._next)})"
        return self._numbers[address]
