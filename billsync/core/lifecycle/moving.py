"""Moved entities that are live under both keys: `moved` says that they are one, and they are two, so none is taken."""

from __future__ import annotations

from collections.abc import Iterator

from billsync.core.index import is_over
from billsync.core.moved import both_live
from billsync.core.planned import Context, Planned
from billsync.model.address import Address
from billsync.model.change import Action, Change, Outcome

MOVED_TWICE = "moved-and-live"


def on_both_sides(context: Context) -> tuple[Planned, ...]:
    """A refusal for each entity of ours that is live under an old key, while another is under the present one."""
    return tuple(_refused(new, old) for new, old in _ours(context))


def _ours(context: Context) -> Iterator[tuple[Address, Address]]:
    for new, old, row in both_live(context.index, context.desired.moved, context.registry):
        kind = context.registry[old.kind]
        if context.owns(kind, row, old.key) and not is_over(kind, row.fields):
            yield new, old


def _refused(new: Address, old: Address) -> Planned:
    change = Change(
        old,
        Action.UPDATE,
        "moving",
        Outcome.REFUSED,
        reason=f"it is moved to {new.text}, and both are live: they are two, so neither is taken as the other",
        hint="end one of them by hand, or take the entry out of `moved`; until then the old one is left alone",
        code=MOVED_TWICE,
    )
    return Planned(change)
