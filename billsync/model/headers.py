"""Headers that a person adds to each request: which names and values can be sent (RFC 9110, §5)."""

from __future__ import annotations

import re

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that say how a request is written, which only the writer of the request knows."""
_TOKEN = "authorization"


def header_problem(name: str, value: str) -> str | None:
    """Return the reason why a header can't be added to requests; None if it can. It doesn't hold the value."""
    if _NAME.fullmatch(name) is None:
        return "a header's name consists of letters, digits and hyphens"
    if name.lower() == _TOKEN:
        return "the token has its own ways in: --token-file, or BILLSYNC_TOKEN"
    if name.lower() in _OURS:
        return f"billsync itself sets {name}"
    if not value or not all(" " <= char <= "~" for char in value) or value != value.strip():
        return f"the value of {name} is empty, begins or ends with a space, or holds a line end or another " + (
            "character outside printable ASCII"
        )
    return None
