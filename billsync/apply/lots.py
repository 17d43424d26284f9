"""Steps whose looks right before the call are made together: of several, a list that a filter narrows is read once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from billsync.apply.bindings import Unbound
from billsync.apply.obstacles import looks_before, takes_several_looks
from billsync.apply.world import World
from billsync.core.changes.read_set import filter_chunks
from billsync.model.change import Step
from billsync.model.frozen import dataclass
from billsync.model.ports import NOTHING_READ, ListRead, ReadAhead, RemoteError
from billsync.model.value import Fields

Query = tuple[tuple[str, str], ...]

TOGETHER = 3
"""Steps of a lot: their looks are as many as a client has under way, so that they take no longer than those of one."""

EQUAL = re.compile(r"filter\[(\w+)\](?:\[eq\])?")
PLAIN = re.compile(r"[\w.~-]+", re.ASCII)
"""A value that can stand in a list of values."""


def may_share(step: Step, world: World) -> bool:
    """Whether a step's looks can be made with those of others: it takes several, whose reads are known."""
    return world.calls_first and world.bindings.read_together is not None and takes_several_looks(step, world)


def looks_of(steps: Sequence[Step], world: World) -> ReadAhead:
    """The answers to the looks right before the calls of these steps, as far as they are plain.

    What isn't among them is read by its step, which tells a failure.
    """
    try:
        looks = [looks_before(step, world) for step in steps]
    except Unbound:
        return NOTHING_READ
    documents = [each for _, several in looks for each in several]
    assert world.bindings.read_together is not None
    apart, shared = _shared([each for several, _ in looks for each in several])
    found = world.bindings.read_together([*(each.read for each in shared), *apart], documents)
    rows = {asked: seen for asked, seen in found.rows.items() if not isinstance(seen, RemoteError)}
    for each in shared:
        rows.update(each.divided(rows.pop((each.read.path, each.read.query), None)))
    answers = {path: seen for path, seen in found.answers.items() if not isinstance(seen, RemoteError)}
    return ReadAhead(rows, answers)


@dataclass(frozen=True, slots=True)
class _Shared:
    """One read for several, which differ in the value of a field that they ask for."""

    read: ListRead
    field: str
    parts: Mapping[str, ListRead]

    def divided(self, rows: Sequence[Fields] | None) -> Mapping[tuple[str, Query], Sequence[Fields]]:
        """The rows of each; nothing where one has a value that wasn't asked for."""
        if rows is None or not all(row.get(self.field) in self.parts for row in rows):
            return {}
        return {
            (read.path, read.query): [row for row in rows if row[self.field] == value]
            for value, read in self.parts.items()
        }


def _shared(lists: Sequence[ListRead]) -> tuple[list[ListRead], list[_Shared]]:
    """The reads that stay as they are, and those that take the place of several."""
    apart: list[ListRead] = []
    alike: dict[tuple[str, str], dict[str, ListRead]] = defaultdict(dict)
    for each in lists:
        match = EQUAL.fullmatch(each.query[0][0]) if len(each.query) == 1 else None
        if match and PLAIN.fullmatch(each.query[0][1]):
            alike[each.path, match[1]][each.query[0][1]] = each
        else:
            apart.append(each)
    shared: list[_Shared] = []
    for (path, field), parts in alike.items():
        for chunk in filter_chunks(parts):
            some = {value: parts[value] for value in chunk}
            if len(some) == 1:
                apart += some.values()
            else:
                query = ((f"filter[{field}][oeq]", ",".join(chunk)),)
                shared.append(_Shared(ListRead(path, query, some[chunk[0]].listing), field, some))
    return apart, shared
