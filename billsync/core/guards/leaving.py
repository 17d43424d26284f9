"""Parents that are to be deleted: their chains are cancelled first, and the delete waits until the server has nothing
more of theirs (customer-facts.md §3.6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence

from billsync.core.changes.chains import head_of
from billsync.core.changes.likeness import alike_parents, begun_again
from billsync.core.changes.planned import Context, Planned, time_shown
from billsync.core.guards.doubling import doubled_code
from billsync.core.lifecycle.chain_end import end_at_renewal
from billsync.core.lifecycle.chain_steps import RENEWS, TO
from billsync.core.observed.index import is_over, state_of, status_of
from billsync.core.observed.ownership import KEY, OWNER, labels_of
from billsync.core.observed.refusals import STILL_THERE
from billsync.model.address import Address
from billsync.model.change import Outcome
from billsync.model.frozen import dataclass
from billsync.model.kind import Archetype, Kind, State
from billsync.model.state import Row
from billsync.model.value import Fields


@dataclass(frozen=True, slots=True)
class Leaving:
    """The consequences of parents that are to be deleted: the ends of their chains, by address, and which of them look
    like a new entity, so that they may be the same under another key: nothing of those is ended.

    `coming` are the children, by parent, that the server still has to bill before they take effect.
    """

    ends: Mapping[Address, Planned]
    renamed: Mapping[Address, Address]
    coming: Mapping[Address, Sequence[str]]


def leaving(context: Context, going: Iterable[Planned]) -> Leaving:
    """The ends, at renewal, of our running chains that belong to entities which are to be deleted."""
    parents = dict.fromkeys(planned.change.address for planned in going if planned.steps)
    renamed = dict(_renamed(context, parents))
    left = (parent for parent in parents if parent not in renamed)
    found = (end for parent in left for kind, rows in _chains(context, parent)
             for end in _ends(context, kind, parent, rows))  # fmt: skip
    ends = {planned.change.address: planned for planned in found}
    return Leaving(ends, renamed, _coming(context, parents) if parents else {})


def _renamed(context: Context, going: Collection[Address]) -> Iterator[tuple[Address, Address]]:
    """Each entity to be deleted that looks like one which would be made, with that one; none if the guards against
    that are overridden, as then both are intended."""
    if context.allow & {doubled_code(kind) for kind in context.registry.values() if kind.traits}:
        return
    kinds = {address.kind for address in going if any(True for _ in _chains(context, address))}
    new = [a for a in begun_again(context.desired, context.index, context.registry) if a.kind in kinds]
    for address, others in alike_parents(context.desired, context.index, context.registry, new).items():
        yield from ((other, address) for other in others if other in going)


def _chains(context: Context, parent: Address) -> Iterator[tuple[Kind, tuple[Row, ...]]]:
    rows = context.index.chains.get(parent, ())
    for kind in context.registry.values():
        if kind.archetype is Archetype.CHAINED and kind.parent is not None and kind.parent.kind == parent.kind:
            yield kind, tuple(row for row in rows if row.kind == kind.name)


def _ends(context: Context, kind: Kind, parent: Address, rows: tuple[Row, ...]) -> Iterator[Planned]:
    for key in sorted({str(labels_of(row.fields)[KEY]) for row in rows if KEY in labels_of(row.fields)}):
        address, head = Address(kind.name, (*parent.names, key)), head_of(kind, rows, key)
        if head is None or address in context.doubts or not _may_end(context, head):
            continue
        if state_of(kind, head.fields) in (State.COMING, State.CURRENT):
            planned = end_at_renewal(context, address, head)
            yield from (planned,) if planned else ()


def _is_ours(context: Context, row: Row) -> bool:
    owner = labels_of(row.fields).get(OWNER)
    return owner is not None and bool(owner == context.desired.owner)


def _may_end(context: Context, row: Row) -> bool:
    """Whether a link is ours, and of the files' selection."""
    return _is_ours(context, row) and context.desired.selection.carried_by(labels_of(row.fields))


def after_its_children(context: Context, planned: Planned, left: Leaving) -> Planned:
    """The delete of a parent, as waiting while the server has something of it that it doesn't delete."""
    row = context.index.records.get(planned.change.address)
    if not planned.steps or row is None:
        return planned
    found = (
        *_links_left(context, planned.change.address, left),
        *left.coming.get(planned.change.address, ()),
        *context.snapshot.holds.get(row.id, ()),
    )
    return planned.refused(STILL_THERE, what="; ".join(dict.fromkeys(found))) if found else planned


def _links_left(context: Context, parent: Address, left: Leaving) -> Iterator[str]:
    """The links that aren't over, each with what becomes of it."""
    for kind, rows in _chains(context, parent):
        for row in rows:
            if not is_over(kind, row.fields):
                key = str(labels_of(row.fields).get(KEY, row.id))
                address = Address(kind.name, (*parent.names, key))
                if new := left.renamed.get(parent):
                    yield f"{address.text}, which runs on, as {parent.text} looks like the new {new.text}"
                else:
                    yield f"{address.text}, {_fate(context, kind, row, left.ends.get(address))}"


def _fate(context: Context, kind: Kind, row: Row, planned: Planned | None) -> str:
    facts, state = kind.facts(row.fields) if kind.facts else {}, state_of(kind, row.fields)
    if planned is not None and planned.change.outcome is not Outcome.PENDING:
        return f"which can't be ended yet: {planned.change.reason}"
    if state is State.ENDING:
        return f"which ends at {time_shown(facts.get(TO))}"
    if planned is not None:
        return _fate_of_ended(state, facts)
    return "which is not yours and has to be ended first" if not _is_ours(context, row) else "which runs"


def _fate_of_ended(state: State | None, facts: Fields) -> str:
    """The fate of a link that this run ends."""
    if state is State.COMING:
        return "which this run takes back"
    return f"which this run ends at {time_shown(facts.get(RENEWS))}"


def _coming(context: Context, parents: Container[Address]) -> Mapping[Address, Sequence[str]]:
    """The children of these parents that the server still has to bill before they take effect (customer-facts.md
    §7.5)."""
    found: dict[Address, list[str]] = defaultdict(list)
    for address, row in sorted(context.index.records.items(), key=lambda item: item[0].order):
        kind = context.registry[address.kind]
        parent = Address(kind.parent.kind, address.parents) if kind.parent else None
        if parent is not None and parent in parents and state_of(kind, row.fields) is State.COMING:
            found[parent].append(f"{address.text}, which is {status_of(kind, row.fields)}")
    return found
