"""Characters that no text of a configuration may hold."""

from __future__ import annotations

import re

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")


def first_forbidden(text: str) -> int | None:
    """The offset of the first control character, or of another that YAML forbids; None for a text without one."""
    found = _FORBIDDEN.search(text)
    return found.start() if found else None


def described(character: str) -> str:
    """A forbidden character in a finding."""
    return f"U+{ord(character):04X} is a control character or not a character"
