"""Subscriptions that a change of prices reaches, and whether a run would move them."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from billsync.model.frozen import dataclass
from billsync.report.billing.subscribed import Subscribed

COMBINED = "together"
"""The target of the combined change, for subscribers reached by several changes."""


class MigrationStatus(Enum):
    """Whether a run would move a subscription to the new cards; if not, whether the files mean it to."""

    MOVING = "moving"
    MEANT = "meant_to_move"
    STAYING = "grandfathered"


@dataclass(frozen=True, slots=True)
class Reached:
    """A live subscription that a change reaches.

    `target` is the address of what changes, and `because` says why it goes, if it does. `after` is the same for all
    that are alike, and may have the ids of another one. `problem` says why the subscription can't be rated, as far as
    that is known before its usage is read; `notes` what it has that its numbers don't say, after "it has". `since` is
    when a move takes effect, None for at once. `is_part`: the change is about a part that a subscription may have or
    not, an add-on, so that others reach the same subscription.
    """

    name: str
    customer: str
    target: str
    standing: MigrationStatus
    before: Subscribed
    after: Subscribed
    problem: str = ""
    notes: tuple[str, ...] = ()
    because: str = ""
    is_part: bool = False
    since: datetime | None = None

    @property
    def change(self) -> str:
        """The change that reaches it, as text."""
        return f"{self.target}: {self.because}" if self.because else self.target
