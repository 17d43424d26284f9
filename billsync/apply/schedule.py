"""The steps of a plan file that may begin, when several are under way. It runs nothing, and reads nothing."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from billsync.core.declared.referring import kinds_in
from billsync.model.address import Address, chain_of, whole_of
from billsync.model.change import Action, PlanFile, Step
from billsync.model.kind import Registry


class Sort(NamedTuple):
    """The kind of a step's entity, and whether its change deletes."""

    kind: str
    deletes: bool


class Schedule:
    """The steps that may begin, by their numbers in the plan file; lower ones first.

    A step waits for those before it in the plan file that it needs, that belong to the same family (an entity, and what
    belongs to it), or whose kinds it may refer to, as not every reference names its entity; a delete waits for all
    before it that are of another sort. So nothing waits for ever, and one at a time, the order is the plan file's.
    """

    def __init__(self, plan: PlanFile, registry: Registry) -> None:
        steps = plan.steps
        self._sorts = tuple(_sorts(plan))
        self._waits = [set(waits) for waits in _needed(steps)]
        for before, after in _in_families(steps, registry):
            self._waits[after].add(before)
        self._followers: dict[int, list[int]] = defaultdict(list)
        for number, waits in enumerate(self._waits):
            for other in waits:
                self._followers[other].append(number)
        self._left: dict[Sort, list[int]] = defaultdict(list)
        for number in range(len(steps)):
            self._left[self._sorts[number]].append(number)
        self._goes_first = _going_first(self._left, registry)
        self._ended: set[int] = set()
        self._ready: dict[Sort, list[int]] = {sort: [] for sort in self._left}
        for number, waits in enumerate(self._waits):
            if not waits:
                self._ready[self._sorts[number]].append(number)

    def next(self) -> int | None:
        """Take the first step that may begin; None if all others wait."""
        found = min((ready[0] for sort, ready in self._ready.items() if ready and self._may_begin(sort)), default=None)
        return heapq.heappop(self._ready[self._sorts[found]]) if found is not None else None

    def ended(self, number: int) -> None:
        """A step has ended, in whatever way."""
        self._ended.add(number)
        left = self._left[self._sorts[number]]
        while left and left[0] in self._ended:
            heapq.heappop(left)
        for follower in self._followers.pop(number, ()):
            self._waits[follower].discard(number)
            if not self._waits[follower]:
                heapq.heappush(self._ready[self._sorts[follower]], follower)

    def _may_begin(self, sort: Sort) -> bool:
        """Whether all sorts that go before the first ready step of a sort have ended up to it."""
        first = self._ready[sort][0]
        return all(not self._left[other] or self._left[other][0] > first for other in self._goes_first[sort])


def _sorts(plan: PlanFile) -> Iterator[Sort]:
    deleting = {step for change in plan.changes if change.action is Action.DELETE for step in change.steps}
    for step in plan.steps:
        yield Sort(_entity(step.address).kind, step.id in deleting or step.after.view is None)


def _needed(steps: Sequence[Step]) -> Iterator[Iterator[int]]:
    numbers = {step.id: number for number, step in enumerate(steps)}
    for number, step in enumerate(steps):
        yield (numbers[need] for need in step.needs if numbers.get(need, number) < number)


def _in_families(steps: Sequence[Step], registry: Registry) -> Iterator[tuple[int, int]]:
    """Yield each two steps that follow one another in a family."""
    found: dict[Address, list[int]] = defaultdict(list)
    for number, step in enumerate(steps):
        found[_family(_entity(step.address), registry)].append(number)
    for members in found.values():
        yield from pairwise(members)


def _entity(address: Address) -> Address:
    """The entity that an address is about: a member of a list is a part of one, an earlier link of a chain."""
    part = whole_of(address)
    return chain_of(part[0] if part else address)


def _family(entity: Address, registry: Registry) -> Address:
    """The entity, of any version, to which this one belongs."""
    kind = registry.get(entity.kind)
    return Address(kind.parent.kind, entity.parents) if kind and kind.parent else entity.unversioned()


def _going_first(sorts: Iterable[Sort], registry: Registry) -> Mapping[Sort, tuple[Sort, ...]]:
    """By sort, the sorts whose earlier steps go before it."""
    found = tuple(sorts)
    needed = {name: _referred(name, registry) for name in {sort.kind for sort in found}}
    return {
        sort: tuple(other for other in found if other != sort and (sort.deletes or other.kind in needed[sort.kind]))
        for sort in found
    }


def _referred(name: str, registry: Registry) -> frozenset[str]:
    """The kinds to which entities of a kind may refer or belong, on whatever ways; the kind itself, too."""
    found, new = frozenset[str](), frozenset({name})
    while new:
        found |= new
        known = [registry[each] for each in new if each in registry]
        parents = {kind.parent.kind for kind in known if kind.parent}
        new = frozenset(parents).union(*(kinds_in(kind.record) for kind in known)) - found
    return found
