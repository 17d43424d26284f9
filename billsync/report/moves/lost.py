"""Add-ons that a change of plan would end: it drops all of them, and not all are attached again
(customer-facts.md §5.8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from billsync.model.address import Address
from billsync.model.change import Guard
from billsync.model.state import Entity
from billsync.report.billing.attached import Attached
from billsync.report.moves.finding import grouped
from billsync.report.moves.move import Move

ADDONS_LOST = "addons-lost"


@dataclass(frozen=True, slots=True)
class Attachments:
    """The add-ons of a running subscription, and their keys by the ids of their versions.

    `kept` are the keys of those that are attached again. With a `problem`, the reason why they can't be read, there are
    none.
    """

    has: Sequence[Attached] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()
    problem: str = ""

    def lost(self, at: datetime) -> tuple[tuple[str, int], ...]:
        """The keys and quantities of those that hold at a moment and are not attached again."""
        found = ((self.keys.get(one.addon_id, one.addon_id), one.at(at)) for one in self.has)
        return tuple(sorted((key, now.quantity) for key, now in found if now and key not in self.kept))


@dataclass(frozen=True, slots=True)
class Lost:
    """A change that ends add-ons; `names` are their keys and quantities."""

    address: Address
    route: str
    names: tuple[tuple[str, int], ...]
    problem: str = ""


def addons_declared(subscription: Entity) -> frozenset[str]:
    """The keys of the add-ons that a subscription declares, of which it has at least one."""
    declared = subscription.fields.get("addons") or ()
    return frozenset(str(one["addon"]) for one in declared if one.get("quantity", 1))


def addons_lost(move: Move, attachments: Attachments) -> Lost | None:
    """The add-ons that a change ends, or the reason why they aren't known; None if it ends none."""
    names = attachments.lost(move.at)
    if not names and not attachments.problem:
        return None
    return Lost(move.address, move.route, names, attachments.problem)


def lost_guards(found: Iterable[Lost]) -> tuple[Guard, ...]:
    """A guard for all changes that end the same add-ons."""
    return tuple(
        Guard(ADDONS_LOST, _text(them), f"--allow {ADDONS_LOST}", tuple(one.address for one in them))
        for them in grouped(found, lambda one: (one.route, one.names, one.problem))
    )


def _text(them: Sequence[Lost]) -> str:
    first = them[0]
    what = "a change" if len(them) == 1 else f"{len(them)} changes"
    if first.problem:
        return f"{what} from {first.route} may end add-ons: {first.problem}"
    names = ", ".join(f"{key} ({quantity})" for key, quantity in first.names)
    return f"{what} from {first.route} would end add-ons that are not attached again: {names}"
