"""Rules for when a chain changes from one plan to another. Values only."""

from __future__ import annotations

from fnmatch import fnmatchcase

from billsync.model.diagnostic import Position
from billsync.model.frozen import dataclass

IMMEDIATE, AT_RENEWAL, REFUSE = "immediate", "at_renewal", "refuse"
TIMINGS = (IMMEDIATE, AT_RENEWAL)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a rule: entities by keys and globs, and by their cadence (ISO 8601); empty for any."""

    keys: tuple[str, ...] = ()
    cadence: str = ""

    def covers(self, key: str, cadence: str | None) -> bool:
        """Whether an entity with this key and cadence is meant; an unknown cadence (None) matches no rule for one."""
        named = not self.keys or any(fnmatchcase(key, pattern) for pattern in self.keys)
        return named and self.cadence in ("", cadence)

    @property
    def text(self) -> str:
        """The side in words, for a message."""
        parts = [*(" or ".join(self.keys),), *((f"cadence {self.cadence}",) if self.cadence else ())]
        return ", ".join(part for part in parts if part) or "any"


@dataclass(frozen=True, slots=True)
class Transition:
    """A rule: changes between entities on these sides take effect at this time, or are refused with this message.

    `on_cancel` is the key of the entity that a chain changes to instead of being cancelled; such a rule says nothing
    about other changes.
    """

    source: Side = Side()
    target: Side = Side()
    timing: str = AT_RENEWAL
    message: str = ""
    on_cancel: str = ""
    position: Position | None = None
