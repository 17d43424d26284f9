"""The key of the pseudonyms in a dump."""

from __future__ import annotations

import secrets

from billsync.app.ending import error

SHORTEST, LONGEST = 16, 65_536
"""Lengths of a key in bytes; a shorter one could be guessed."""


def sanitizing_key(path: str | None) -> bytes:
    """The key in a file, without the space around it, or without a file a new one for this run. Raises Ended."""
    if path is None:
        return secrets.token_bytes(32)
    try:
        with open(path, "rb") as file:
            key = file.read(LONGEST + 1).strip()
    except (OSError, ValueError) as problem:
        raise error("sanitize-key", f"{path}: {getattr(problem, 'strerror', None) or problem}") from problem
    if not SHORTEST <= len(key) <= LONGEST:
        raise error("sanitize-key", f"{path}: {len(key)} bytes", "Make one of 32 random bytes, in base 16 or 64.")
    return key
