"""Keys, and words, by which grants that a restore made are known again."""

from __future__ import annotations

from hashlib import sha256

from billsync.model.address import Address
from billsync.model.state import Row

PREFIX = "restore:"
"""Beginning of the keys of grants that a restore makes and nobody declared."""


def key_of(row: Row) -> str:
    """The key of a grant; of one without a key, the one that it is restored under."""
    return str(row.fields.get("key") or f"{PREFIX}{short_digest(row.id)}")


def short_digest(*parts: str) -> str:
    """A digest of texts, short enough to be read, long enough to be unique."""
    return sha256("\n".join(parts).encode()).hexdigest()[:32]


def described(chain: Address) -> str:
    """The description of a credit for a chain's fees in advance that are billed again."""
    return f"The fees of the running period that {chain.text} is billed again by a restore."
