"""Moved entities that are live under both keys: `moved` declares them to be one entity, but there are two, so both are
refused."""

from __future__ import annotations

from collections.abc import Iterator

from billsync.core.changes.moved import both_live
from billsync.core.changes.planned import Context, Planned, refused
from billsync.core.observed.index import is_over
from billsync.core.observed.refusals import MOVED_AND_LIVE
from billsync.model.address import Address


def on_both_sides(context: Context) -> tuple[Planned, ...]:
    """A refusal for each entity of ours that is live under an old key, while another is under the present one."""
    return tuple(_refused(new, old) for new, old in _ours(context))


def _ours(context: Context) -> Iterator[tuple[Address, Address]]:
    for new, old, row in both_live(context.index, context.desired.moved, context.registry):
        kind = context.registry[old.kind]
        if context.owns(row, old) and not is_over(kind, row.fields):
            yield new, old


def _refused(new: Address, old: Address) -> Planned:
    return refused(old, MOVED_AND_LIVE, verb="moving", present=new.text)
