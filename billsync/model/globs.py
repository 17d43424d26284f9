"""Keys and globs by kind, as `external`, `adopted` and policies name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from fnmatch import fnmatchcase

from billsync.model.address import Address
from billsync.model.diagnostic import Position
from billsync.model.frozen import dataclass

_MARKS = frozenset("*?[")
"""The characters that make a text a glob."""


def is_glob(text: str) -> bool:
    """Whether a text may match others than itself."""
    return not _MARKS.isdisjoint(text)


def literal(text: str) -> str:
    """The glob that matches this text alone."""
    return "".join(f"[{char}]" if char in _MARKS else char for char in text)


@dataclass(frozen=True, slots=True)
class Patterns:
    """Keys and globs by kind, as in `external` and `adopted`; `places` are those of each kind and text."""

    by_kind: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    places: Mapping[tuple[str, str], Position] = field(default_factory=dict, compare=False, repr=False)
    _parts: dict[str, tuple[frozenset[str], tuple[str, ...]]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def match(self, kind: str, key: str) -> bool:
        """Whether a key of the kind is named, exactly or by a glob. Thousands of keys take no longer than one."""
        if (parts := self._parts.get(kind)) is None:
            texts = self.by_kind.get(kind, ())
            globs = tuple(filter(is_glob, texts))
            parts = self._parts[kind] = frozenset(texts).difference(globs), globs
        exact, globs = parts
        return key in exact or any(fnmatchcase(key, pattern) for pattern in globs)

    def covers(self, address: Address) -> bool:
        """Whether an entity is named: by its key or, where it belongs to another, by both keys, as `acme/welcome`."""
        return self.match(address.kind, address.key) or (
            len(address.names) > 1 and self.match(address.kind, "/".join(address.names))
        )
