"""Regular expressions that a whole text must match, in JSON Schema and in Python alike."""

from __future__ import annotations

END = r"$(?!\n)"
"""The end of the text: in Python a bare `$` lets a line end pass, in editors it doesn't. `\\Z` is unknown to them."""


def whole_text(form: str) -> str:
    """The pattern of a text that has this form and nothing else. Digits are to be written as `[0-9]`, not `\\d`."""
    return f"^{form}{END}"


DIGEST = whole_text("sha256:[0-9a-f]{64}")
