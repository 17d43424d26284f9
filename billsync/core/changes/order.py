"""The order of steps: each after the steps it needs, deterministic; cycles are reported, never broken."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping

from billsync.core.changes.planned import Planned
from billsync.model.address import Address, symbols_in, symbols_in_path
from billsync.model.change import Action, Step
from billsync.model.frozen import replace
from billsync.model.kind import Registry

Rank = tuple[int, int, tuple[str, tuple[str, ...], int], int]


def linked(planned: Iterable[Planned]) -> tuple[Planned, ...]:
    """The changes with their steps' `needs` filled in: references, parents, soft edges, claims, deletes."""
    changes = tuple(planned)
    by_address = _by_address(changes)
    freeing = {name: p.steps[-1] for p in changes for name in p.frees if p.steps}
    return tuple(
        replace(p, steps=(_first_step(p, by_address, freeing), *p.steps[1:])) if p.steps else p for p in changes
    )


def _by_address(changes: tuple[Planned, ...]) -> Mapping[Address, Planned]:
    """The changes by address, without deletes: what mentions something that goes comes before it goes."""
    return {p.change.address: p for p in changes if p.steps and p.change.action is not Action.DELETE}


def _first_step(planned: Planned, by_address: Mapping[Address, Planned], freeing: Mapping[str, Step]) -> Step:
    """The first step with everything that must be there before it; the later ones follow it."""
    first = planned.steps[0]
    needs = [by_address[a].steps[-1].id for a in needed(planned) if a in by_address]
    needs += [freeing[name].id for name in sorted(planned.claims) if name in freeing]
    own = {step.id for step in planned.steps}
    return replace(first, needs=tuple(dict.fromkeys(n for n in (*first.needs, *needs) if n not in own)))


def needed(planned: Planned) -> tuple[Address, ...]:
    """Return the addresses that a change depends on. A delete doesn't depend on its references, which go later."""
    if planned.change.action is Action.DELETE:
        return ()
    referred = [address for step in planned.steps for address in symbols_of(step)]
    return tuple(dict.fromkeys(a for a in referred if a != planned.change.address))


def symbols_of(step: Step) -> tuple[Address, ...]:
    """Return the addresses in a step's call: in its body and in its path."""
    return (*symbols_in(step.call.body), *symbols_in_path(step.call.path))


def with_soft_edges(planned: Iterable[Planned], registry: Registry) -> tuple[Planned, ...]:
    """Return the changes, each ordered after those changes of the same parent whose kind goes first (design.md §5,
    Order), and each delete after the changes of what belongs to the entity: it can't be found afterwards."""
    changes = tuple(planned)
    siblings: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for p in changes:
        if p.steps and p.change.address.parents:
            siblings[p.change.address.kind, p.change.address.parents].append(p.steps[-1].id)
    return tuple(_after(p, siblings, registry) for p in changes)


def _after(planned: Planned, siblings: Mapping[tuple[str, tuple[str, ...]], list[str]], registry: Registry) -> Planned:
    address = planned.change.address
    earlier = [i for name in registry[address.kind].after for i in siblings.get((name, address.parents), ())]
    if planned.change.action is Action.DELETE:
        below = (name for name, kind in registry.items() if kind.parent and kind.parent.kind == address.kind)
        earlier += [i for name in below for i in siblings.get((name, address.names), ())]
    if not planned.steps or not earlier:
        return planned
    first = planned.steps[0]
    return replace(
        planned, steps=(replace(first, needs=tuple(dict.fromkeys((*first.needs, *earlier)))), *planned.steps[1:])
    )


def with_delete_edges(planned: Iterable[Planned], users: Mapping[Address, frozenset[Address]]) -> tuple[Planned, ...]:
    """Return the changes, each delete ordered after the changes by which its users (by unversioned address) stop using
    it."""
    changes = tuple(planned)
    last: dict[Address, str] = {p.change.address.unversioned(): p.steps[-1].id for p in changes if p.steps}
    return tuple(_delete_after(p, users, last) for p in changes)


def _delete_after(
    planned: Planned, users: Mapping[Address, frozenset[Address]], last: Mapping[Address, str]
) -> Planned:
    used_by = users.get(planned.change.address, frozenset())
    needs = sorted(last[address] for address in used_by if address in last)
    if not planned.steps or not needs:
        return planned
    first = planned.steps[0]
    return replace(planned, steps=(replace(first, needs=(*first.needs, *needs)), *planned.steps[1:]))


def ordered(planned: Iterable[Planned], registry: Registry) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """All steps in an order in which each comes after the steps it needs, and the ids of steps in a cycle."""
    changes = [p for p in planned if p.steps]
    ranks = {step.id: _rank(p, number, registry) for p in changes for number, step in enumerate(p.steps)}
    steps = {step.id: step for p in changes for step in p.steps}
    waiting = {id_: {need for need in step.needs if need in steps} for id_, step in steps.items()}
    followers: dict[str, list[str]] = defaultdict(list)
    for id_, needs in waiting.items():
        for need in needs:
            followers[need].append(id_)
    ready = [(ranks[id_], id_) for id_, needs in waiting.items() if not needs]
    heapq.heapify(ready)
    result: list[Step] = []
    while ready:
        _, id_ = heapq.heappop(ready)
        result.append(steps[id_])
        for follower in followers[id_]:
            waiting[follower].discard(id_)
            if not waiting[follower]:
                heapq.heappush(ready, (ranks[follower], follower))
    done = {step.id for step in result}
    return tuple(result), tuple(sorted(id_ for id_ in steps if id_ not in done))


def _rank(planned: Planned, number: int, registry: Registry) -> Rank:
    """Creates in the registry's order, deletes after everything and in the opposite one."""
    position = list(registry).index(planned.change.address.kind)
    is_delete = planned.change.action is Action.DELETE
    return (int(is_delete), -position if is_delete else position, planned.change.address.order, number)
