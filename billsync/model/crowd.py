"""Declared entities that were certainly read and are certainly valid, and haven't been made entities yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from billsync.model.frozen import dataclass
from billsync.model.value import Fields


@dataclass(frozen=True, slots=True)
class Crowd:
    """Entities of one kind that others belong to, with those nested in them: too many to make an `Entity` of each.

    `members` are the entities by key, in the order of the files, as they are declared: plain values (None, bool, int,
    Decimal, str, list, dict), texts as they are written, numbers as they stand there (`1.50` is Decimal("1.50"), and a
    quoted "1.50" a text), no defaults filled in. The entities that belong to a member are still in it, under the names
    of their `Parent` (`one`: a map, `many`: a list of maps, never both); one whose kind has a default key may lack its
    key. Each is valid by itself, every reference leads somewhere, no key and no claim stands twice, also among the
    entities that aren't in the crowd, and no value comes from a source. Maps must not be changed: equal ones may be
    the same object.

    `files` are the names of the files by key, for positions.
    """

    kind: str = ""
    members: Mapping[str, Fields] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether it has members."""
        return bool(self.members)
