"""Losses of subscriptions that move: features that the new plan version lacks, and add-ons that end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from billsync.model.address import Address
from billsync.model.change import Change
from billsync.report.moves.move import Move
from billsync.report.moves.terms import PlanTerms

ADDONS = "addons"


def losses(changes: Iterable[Change], moves: Iterable[Move]) -> Mapping[Address, tuple[str, ...]]:
    """By subscription, what it loses, in words; those that lose nothing are left out."""
    by_address = {move.address: move for move in moves}
    found = {
        one.address: (*_features(by_address[one.address]), *_addons(one))
        for one in changes
        if one.is_pending and one.address in by_address
    }
    return {address: lost for address, lost in found.items() if lost}


def _features(move: Move) -> Iterator[str]:
    if not (isinstance(move.old, PlanTerms) and isinstance(move.new, PlanTerms)):
        return
    old, new = _features_of(move.old), _features_of(move.new)
    yield from (f"feature {key}" for key in sorted(old - new))


def _features_of(terms: PlanTerms) -> frozenset[str]:
    return frozenset(slot.feature for phase in terms.phases for slot in phase.slots if slot.feature)


def _addons(change: Change) -> Iterator[str]:
    """The add-ons that a change ends, and that nothing attaches again."""
    yield from (f"add-on {one.path[1]}" for one in change.fields if one.path[0] == ADDONS and not one.new)
