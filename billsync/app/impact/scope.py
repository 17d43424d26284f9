"""The scope of an impact. A run without one loads nothing else about impacts."""

from __future__ import annotations

from billsync.model.frozen import dataclass

EVERYBODY = "all"


@dataclass(frozen=True, slots=True)
class ImpactScope:
    """The subscriptions to look at, over how many full billing periods, and the size of the sample.

    `has_details`: the JSON has every line of every subscription.
    """

    whom: str
    periods: int = 1
    sample: int | None = None
    has_details: bool = False

    @property
    def everybody(self) -> bool:
        """Whether undeclared subscriptions are included."""
        return self.whom == EVERYBODY
