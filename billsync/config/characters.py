"""Characters that no text of a configuration may hold."""

from __future__ import annotations

import re

_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def first_forbidden(text: str) -> int | None:
    """The offset of the first control character, or of another that YAML forbids; None for a text without one."""
    found = _FORBIDDEN.search(text)
    return found.start() if found else None


def described(character: str) -> str:
    """A forbidden character in a finding."""
    return f"U+{ord(character):04X} is a control character or not a character"
