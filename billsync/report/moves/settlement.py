"""Subscriptions paid for in another way than their plan declares: a running one keeps its own (design.md §5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from billsync.model.address import Address
from billsync.model.change import Action, Change, Outcome
from billsync.model.frozen import dataclass

SETTLEMENT_MODE = "settlement-mode"


@dataclass(frozen=True, slots=True)
class Settled:
    """The settlement mode that a plan declares, and those of its live subscriptions; `unread` more were not read."""

    plan: Address
    declared: str
    modes: tuple[str, ...]
    unread: int = 0


def settlement_notes(plans: Iterable[Settled]) -> tuple[Change, ...]:
    """A note for each plan with live subscriptions that have another settlement mode, with their number."""
    found = ((one, Counter(mode for mode in one.modes if mode != one.declared)) for one in plans)
    return tuple(_note(one, others) for one, others in found if others)


def _note(one: Settled, others: Counter[str]) -> Change:
    counts = " and ".join(
        f"{count} {'has' if count == 1 else 'have'} {mode or 'no mode'}" for mode, count in sorted(others.items())
    )
    unread = f" ({one.unread} more were not looked at)" if one.unread else ""
    number = len(one.modes)
    whole = f"{number} live subscription{'' if number == 1 else 's'}"
    reason = f"it declares settlement_mode {one.declared}; of {whole} {counts}{unread}: running ones keep theirs"
    return Change(one.plan, Action.NONE, "note", Outcome.NOTE, reason=reason, code=SETTLEMENT_MODE)
