"""Fees in advance that a change of an add-on's quantity bills, where nothing was billed for that time before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from billsync.model.change import Action, Change, Outcome
from billsync.report.moves.advance import Unrated
from billsync.report.moves.amounts import amounts_text
from billsync.report.moves.twice import QuantityChange, quantity_billed_twice

BILLS_IN_ADVANCE = "bills-in-advance"


def quantity_notes(changes: Iterable[QuantityChange]) -> Iterator[Change]:
    """A note for each change that bills in advance at once or gives credit back, unless a guard shows its amounts."""
    for change in changes:
        if quantity_billed_twice(change) is None and (reason := _reason(change)):
            yield Change(change.address, Action.NONE, "note", Outcome.NOTE, reason=reason, code=BILLS_IN_ADVANCE)


def _reason(change: QuantityChange) -> str:
    """The amounts of a change in a sentence; empty where there are none, or they can't be worked out."""
    try:
        before, now = change.before(), change.now()
    except Unrated:
        return ""
    if not before and not (change.is_immediate and now):
        return ""
    returned = f", and {amounts_text(before.unused)} of what was billed come back as credit" if before else ""
    return f"the change {change.what} bills {amounts_text(now)} in advance{returned}"
