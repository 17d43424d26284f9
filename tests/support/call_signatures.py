"""The signature of a call: what is left of it without ids, keys, amounts and texts."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx

ULID = re.compile(r"\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b")
KINDS_OF_BODY = ("type", "timing", "funding_method", "settlement_mode", "aggregation")
"""Fields of a body whose value says what sort of thing is sent."""


def signature(request: httpx.Request) -> str:
    """Method, path with ids blanked, the names in the query, and the names in the body."""
    names = sorted(request.url.params)
    query = f"?{'&'.join(names)}" if names else ""
    content = request.read()
    body = f" {_shape(json.loads(content))}" if content else ""
    return f"{request.method} {ULID.sub('{id}', request.url.path)}{query}{body}"


def _shape(body: Any) -> str:
    """The names of a body's fields; those that say what sort it is, with their values."""
    if not isinstance(body, dict):
        return "[]"
    return ", ".join(
        f"{name}={body[name]}" if name in KINDS_OF_BODY and isinstance(body[name], str) else name
        for name in sorted(body)
    )
