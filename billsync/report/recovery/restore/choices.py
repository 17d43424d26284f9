"""The choices of a restore, which people make with options."""

from __future__ import annotations

from enum import Enum

from billsync.model.address import Address
from billsync.model.frozen import dataclass


class InAdvance(Enum):
    """The treatment of fees in advance of the running period, which a new subscription bills again."""

    GRANT = "grant"
    """Give each customer a credit of exactly that fee before."""
    WAIT = "wait"
    """Begin at the next boundary of a period."""
    BILL = "bill"
    """Let them be billed."""


class Usage(Enum):
    """The treatment of the usage events of running periods, which lie before the new subscriptions' starts."""

    AT_START = "at-start"
    """Send them dated at the start of the new subscription."""
    AS_IT_WAS = "as-it-was"
    """Send them with their own times: they are shown, and never billed."""
    NONE = "none"
    """Send none, as the event store still has them."""


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of a restore. `uses` are live records that are used as they are, whoever owns them."""

    in_advance: InAdvance = InAdvance.GRANT
    usage: Usage = Usage.AT_START
    uses: frozenset[Address] = frozenset()
