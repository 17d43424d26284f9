"""Add-ons as plan versions offer them, and the add-ons that a version offers less of."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from billsync.model.frozen import dataclass
from billsync.model.value import Fields


@dataclass(frozen=True, slots=True)
class Offer:
    """An add-on that a plan version offers: from which phase on, its place among the phases, and how many at most.

    None is any number.
    """

    phase: str
    place: int
    at_most: int | None

    def is_narrower(self, other: Offer) -> bool:
        """Whether it lets a subscriber have fewer, or have them only from a later phase on."""
        return self.is_later(other) or self._allows_fewer(other)

    def is_later(self, other: Offer) -> bool:
        """Whether it begins with a later phase."""
        return self.place > other.place

    def _allows_fewer(self, other: Offer) -> bool:
        return self.at_most is not None and (other.at_most is None or self.at_most < other.at_most)


UNKNOWN = Offer("", sys.maxsize, None)
"""Stands for an offer that can't be read, which may be the widest possible."""


def offer(row: Fields, phases: Sequence[str]) -> Offer:
    """The offer in a member of a plan's add-ons, live or declared; `phases` are the keys of the plan's phases.

    Source: catalog-facts.md §9.1.
    """
    phase, at_most = str(row.get("from_plan_phase", "")), row.get("max_quantity")
    place = phases.index(phase) if phase in phases else 0
    return Offer(phase, place, None if at_most is None else int(at_most))


def refusals(new: Offer, old: Offer, *, addon: str, plan: str, quantity: int) -> Iterator[str]:
    """Return the reason why the server wouldn't attach an add-on again after a move to a plan version, after "it has".

    Source: customer-facts.md §6.2.
    """
    if new.at_most is not None and quantity > new.at_most:
        yield f"more of {addon} than {plan} allows ({new.at_most}): the server would not attach as many again"
    if new.is_later(old):
        yield f"{addon}, which {plan} offers only from phase {new.phase} on: the server would not attach it before"
