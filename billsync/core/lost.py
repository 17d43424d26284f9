"""References into nothing: `external` vouches for something, and the server doesn't have it. Told before a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from billsync.core.planned import Context, Planned
from billsync.model.address import Address, symbols_in, symbols_in_path, whole_of
from billsync.model.change import Outcome


def without_lost_references(planned: Iterable[Planned], context: Context) -> tuple[Planned, ...]:
    """The changes; one that needs what is neither declared nor live is refused (design.md §3)."""
    changes = tuple(planned)
    known = {address.unversioned() for address in context.index.names.values()}
    known |= {entity.address.unversioned() for entity in context.desired.entities}
    return tuple(_refused(p, lost) if (lost := _lost(p, known)) else p for p in changes)


def _lost(planned: Planned, known: set[Address]) -> tuple[Address, ...]:
    needed = {a for step in planned.steps for a in (*symbols_in(step.call.body), *symbols_in_path(step.call.path))}
    lost = (address for address in needed if whole_of(address) is None and address.unversioned() not in known)
    return tuple(sorted(lost, key=lambda address: address.order))


def _refused(planned: Planned, lost: tuple[Address, ...]) -> Planned:
    names = ", ".join(address.text for address in lost)
    change = replace(
        planned.change,
        outcome=Outcome.REFUSED,
        steps=(),
        code="not-on-server",
        reason=f"it refers to {names}, which `external` names and the server doesn't have",
        hint="declare it in the files, or make it on the server first",
    )
    return Planned(change)
