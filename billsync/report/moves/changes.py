"""Changes of running subscriptions in a plan file, with the links that they end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from billsync.core.chains import head_of
from billsync.core.index import Index, state_of
from billsync.kinds.registry import KINDS
from billsync.model.kind import State
from billsync.model.state import Row
from billsync.report.impact.moving import SUBSCRIPTION, Begun

_RUNNING = (State.CURRENT, State.ENDING)


@dataclass(frozen=True, slots=True)
class Changing:
    """A subscription that a run changes: the link in force, None without one, and all links of its customer so far.

    `replaced` is a link that is scheduled and never begins; None without one.
    """

    begun: Begun
    running: Row | None
    links: tuple[Row, ...]
    replaced: Row | None = None

    @property
    def before(self) -> Row | None:
        """The link whose plan version the change leaves."""
        return self.running or self.replaced


def changings(begun: Iterable[Begun], found: Index) -> tuple[Changing, ...]:
    """The subscriptions that a run changes; `found` holds the compared rows by the addresses that the files use."""
    return tuple(_changing(one, found) for one in begun if one.is_change or one.replaces)


def _changing(one: Begun, found: Index) -> Changing:
    links = found.chains.get(one.customer, ())
    kind, key = KINDS[SUBSCRIPTION], one.address.key
    replaced = head_of(kind, links, key) if one.replaces else None
    return Changing(one, head_of(kind, in_force(links), key), links, replaced)


def in_force(links: Iterable[Row]) -> tuple[Row, ...]:
    """The links that run now, with an end or without."""
    return tuple(row for row in links if state_of(KINDS[SUBSCRIPTION], row.fields) in _RUNNING)
