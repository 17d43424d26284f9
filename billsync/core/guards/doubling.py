"""Guards against granting or selling twice: a new entity looks like one of ours that is no longer declared.

The old entity counts whether it stays (its delete waits, this run deletes nothing, its collection isn't named) or is
deleted: its money was granted or sold in either case. Source: design.md §4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from billsync.core.changes.chains import has_ended
from billsync.core.changes.likeness import NO_KEY, Children, alike_parents, children
from billsync.core.changes.planned import Context, Planned
from billsync.core.observed.index import is_over, state_of, status_of
from billsync.core.observed.ownership import OWNER, labels_of
from billsync.model.address import Address
from billsync.model.change import Action, Guard
from billsync.model.frozen import dataclass
from billsync.model.kind import Archetype, Kind, State
from billsync.model.state import Row
from billsync.model.value import Fields


def doubled_code(kind: Kind) -> str:
    """The code of the guard against two of a kind, which is its flag, too."""
    return f"doubled-{kind.name}"


@dataclass(frozen=True, slots=True)
class _Doubling:
    """The inputs of the comparison: new entities, children of each parent, and each parent's possible earlier keys."""

    context: Context
    new: tuple[Planned, ...]
    children: Mapping[str, Children]
    earlier: Mapping[Address, tuple[Address, ...]]
    going: frozenset[Address]


def doubled(context: Context, changes: tuple[Planned, ...]) -> tuple[Guard, ...]:
    """The guards for entities that would exist under two keys, one guard for each pair."""
    new = tuple(p for p in changes if p.change.action is Action.CREATE and _kind(context, p).traits)
    if not new:
        return ()
    kinds = {_kind(context, p).name: _kind(context, p) for p in new}
    doubling = _Doubling(
        context,
        new,
        {name: children(kind, context.index) for name, kind in kinds.items() if kind.parent},
        alike_parents(context.desired, context.index, context.registry, _parents(context, new)),
        frozenset(p.change.address for p in changes if p.change.action is Action.DELETE),
    )
    money = tuple(_money(doubling))
    told = {(guard.addresses[0].parents, guard.addresses[-1].parents) for guard in money}
    return (*money, *(guard for guard in _parents_twice(doubling) if _names(guard) not in told))


def _names(guard: Guard) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return guard.addresses[0].names, guard.addresses[-1].names


def _kind(context: Context, planned: Planned) -> Kind:
    return context.registry[planned.change.address.kind]


def _parents(context: Context, new: Iterable[Planned]) -> tuple[Address, ...]:
    """The parents of new entities, and new entities that may become parents."""
    found = (_parent(_kind(context, p), p.change.address) or p.change.address for p in new)
    return tuple(dict.fromkeys(found))


def _parent(kind: Kind, address: Address) -> Address | None:
    return Address(kind.parent.kind, address.parents) if kind.parent else None


def _money(doubling: _Doubling) -> Iterator[Guard]:
    for planned in doubling.new:
        kind = _kind(doubling.context, planned)
        parent = _parent(kind, planned.change.address)
        for holder in (parent, *doubling.earlier[parent]) if parent else ():
            for other, row in doubling.children[kind.name].get(holder, ()):
                if _is_doubled(doubling.context, planned, other, row):
                    yield _guard(doubling.context, planned, other, row)


def _is_doubled(context: Context, planned: Planned, other: Address, row: Row) -> bool:
    kind = _kind(context, planned)
    assert kind.traits is not None
    is_settled = _is_settled(context, kind, planned.change.address, other)
    if other in context.entities or not _is_ours(context, kind, other, row):
        return False
    if is_settled and not _counts(context, kind, planned.change.address, other, row):
        return False
    want: Fields = planned.steps[0].after.view or {}
    new, old = kind.traits(want), kind.traits(context.view(row, want))
    return new == old if is_settled and is_over(kind, row.fields) else not new.isdisjoint(old)


def _is_settled(context: Context, kind: Kind, address: Address, other: Address) -> bool:
    """Whether the other entity's parent wasn't renamed: it is the same parent, or it is declared too."""
    return other.parents == address.parents or _parent(kind, other) in context.entities


def _is_ours(context: Context, kind: Kind, address: Address, row: Row) -> bool:
    """Whether an entity is ours by its label, or without one because its parent is."""
    owner = labels_of(row.fields).get(OWNER)
    parent = _parent(kind, address)
    if owner is not None or parent is None or parent in context.entities:
        return owner is not None and bool(owner == context.desired.owner)
    row_of_parent = context.index.records.get(parent)
    return row_of_parent is not None and context.owns(row_of_parent, parent)


def _counts(context: Context, kind: Kind, address: Address, other: Address, row: Row) -> bool:
    """Whether a child of a declared parent counts.

    A child that was taken back doesn't; an ended chain counts only if it has the same parent and isn't begun again. An
    expired grant was granted, so it counts if the new one is equal to it in everything, as after a corrected key.
    """
    if kind.archetype is not Archetype.CHAINED:
        return state_of(kind, row.fields) is not State.TAKEN_BACK
    if not has_ended(kind, row):
        return True
    return other.parents == address.parents and not context.entities[address].fields.get("restart")


def _guard(context: Context, planned: Planned, other: Address, row: Row) -> Guard:
    kind, address = _kind(context, planned), planned.change.address
    code = doubled_code(kind)
    what = f"{other.text} is" if other.key != NO_KEY else f"a {kind.name} of {_owner(kind, other)} without a key is"
    reason = (
        f"{what} {status_of(kind, row.fields) or 'live'}, yours, no longer declared, and looks like the new "
        f"{address.text}; if it is the same under another key, {_way_out(context, kind, address, other)}"
    )
    addresses = (address,) if other.key == NO_KEY else (address, other)
    return Guard(code, reason, f"--allow {code}", addresses)


def _owner(kind: Kind, address: Address) -> str:
    parent = _parent(kind, address)
    return parent.text if parent else ""


def _way_out(context: Context, kind: Kind, address: Address, other: Address) -> str:
    """The entries of `moved` that would say that both are one."""
    parent, before = _parent(kind, address), _parent(kind, other)
    entries = []
    if parent and before and parent != before:
        entries.append(f"{{kind: {parent.kind}, from: {before.key}, to: {parent.key}}}")
    if address.key != other.key and other.key != NO_KEY:
        belongs = f"{parent.kind}: {parent.key}, " if parent else ""
        entries.append(f"{{kind: {kind.name}, {belongs}from: {other.key}, to: {address.key}}}")
    if not entries:
        return "remove the new one"
    is_kept = before != parent and before in context.entities
    first = f"remove {before.text} from the files and " if before and is_kept else ""
    return f"{first}add `moved: [{', '.join(entries)}]`"


def _parents_twice(doubling: _Doubling) -> Iterator[Guard]:
    """A new parent like one of ours that stays and isn't declared any more, although no money is doubled yet."""
    context = doubling.context
    for planned in doubling.new:
        address = planned.change.address
        for other in doubling.earlier.get(address, ()):
            row = context.index.records[other]
            is_left = other not in context.entities and other not in doubling.going
            if is_left and context.owns(row, other):
                yield _guard(context, planned, other, row)
