"""Entities in files that this run has read already: a second version of a configuration has most files in common."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from billsync.model.value import Plain


class MembersRead:
    """By what stands in a file, the entities of a crowd in it, which are certainly read and valid by themselves."""

    def __init__(self) -> None:
        self._members: dict[bytes, Sequence[Plain]] = {}

    def of(self, content: bytes) -> Sequence[Plain] | None:
        """The entities in a file of this content, which nobody may change; None where none was read."""
        return self._members.get(sha256(content).digest())

    def keep(self, content: bytes, members: Sequence[Plain]) -> None:
        """Remember the entities in a file."""
        self._members[sha256(content).digest()] = members
