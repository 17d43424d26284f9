"""Keys and globs by kind, as `external`, `adopted` and policies name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Patterns:
    """Keys and globs by kind, as in `external` and `adopted`."""

    by_kind: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def match(self, kind: str, key: str) -> bool:
        """Whether a key of the kind is named, exactly or by a glob."""
        return any(fnmatchcase(key, pattern) for pattern in self.by_kind.get(kind, ()))
