"""Whom a change of prices reaches, and whether a run would move them. It rates nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from billsync.report.subscribed import Subscribed


class Standing(Enum):
    """Whether a run would move a subscription to the new cards; if not, whether the files mean it to."""

    MOVING = "moving"
    MEANT = "meant_to_move"
    STAYING = "grandfathered"


@dataclass(frozen=True, slots=True)
class Reached:
    """A live subscription that a change reaches.

    `problem` says why it can't be rated, as far as that is known before its usage is read.
    """

    name: str
    customer: str
    target: str
    standing: Standing
    before: Subscribed
    after: Subscribed
    problem: str = ""
