"""Changes of running subscriptions in a plan file, with the links that they end."""

from __future__ import annotations

from collections.abc import Iterable

from billsync.core.changes.chains import head_of
from billsync.core.observed.index import Index, state_of
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.kind import State
from billsync.model.state import Row
from billsync.report.impact.moving import CUSTOMER, SUBSCRIPTION, Begun

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
    replaced = head_of(KINDS[SUBSCRIPTION], links, one.address.key) if one.replaces else None
    return Changing(one, running_link(one.address, found), links, replaced)


def running_link(address: Address, found: Index) -> Row | None:
    """The link of a subscription that runs now, with an end or without; None without one."""
    kind, links = KINDS[SUBSCRIPTION], found.chains.get(Address(CUSTOMER, address.parents), ())
    running = (row for row in links if state_of(kind, row.fields) in _RUNNING)
    return head_of(kind, tuple(running), address.key)
