"""The entities that have changed between two desired states, and those that depend on them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from billsync.core.declared.references import finder, referred_by
from billsync.core.declared.selecting import included
from billsync.model.address import Address
from billsync.model.frozen import replace
from billsync.model.kind import Registry
from billsync.model.since import Since
from billsync.model.state import Desired


def changed_besides(before: Desired, after: Desired) -> tuple[str, ...]:
    """The parts of the files that differ and are about more than single entities: `_info`, say.

    Defaults and the library are none of them: they are in the entities' fields.
    """
    names = before.besides.keys() | after.besides.keys()
    return tuple(sorted(name for name in names if before.besides.get(name) != after.besides.get(name)))


def touched(before: Desired, after: Desired, registry: Registry) -> frozenset[Address]:
    """The entities that differ, that are new, or that are no longer declared, and all that depend on them."""
    old, new = ({entity.address: entity.fields for entity in state.entities} for state in (before, after))
    found = {address for address in old.keys() | new.keys() if old.get(address) != new.get(address)}
    users = _users(after, registry)
    waiting = list(found)
    while waiting:
        more = users[waiting.pop()] - found
        found |= more
        waiting.extend(more)
    return frozenset(found)


def _users(desired: Desired, registry: Registry) -> Mapping[Address, set[Address]]:
    """By address, the declared entities that refer or belong to it."""
    finders = {name: finder(kind.record) for name, kind in registry.items()}
    found: dict[Address, set[Address]] = defaultdict(set)
    for entity in desired.entities:
        kind = registry[entity.address.kind]
        for referred in referred_by(entity, kind, finders[kind.name]):
            found[Address(referred.kind, (referred.key,))].add(entity.address)
    return found


def with_counts(since: Since, desired: Desired) -> Since:
    """The comparison with the numbers of entities that a selection takes in, and that it leaves out."""
    chosen = desired.selection.chosen
    if chosen is None:
        return replace(since, compared=_counts(entity.address for entity in desired.entities))
    within = {*included(desired), *filter(desired.selection.chooses, chosen)}
    outside = (entity.address for entity in desired.entities if entity.address not in within)
    return replace(since, compared=_counts(within), left_out=_counts(outside))


def _counts(addresses: Iterable[Address]) -> Mapping[str, int]:
    return dict(sorted(Counter(address.kind for address in addresses).items()))
