"""The entities that have changed between two desired states, and those that depend on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from billsync.core.declared.crowd import children_of, counts, members_as_entities, whole
from billsync.core.declared.dependents import with_dependents
from billsync.core.declared.selecting import included
from billsync.model.address import Address
from billsync.model.frozen import replace
from billsync.model.kind import Registry
from billsync.model.since import Since
from billsync.model.state import Desired
from billsync.model.value import Fields


def changed_besides(before: Desired, after: Desired) -> tuple[str, ...]:
    """The parts of the files that differ and are about more than single entities: `_info`, say.

    Defaults and the library are none of them: they are in the entities' fields.
    """
    names = before.besides.keys() | after.besides.keys()
    return tuple(sorted(name for name in names if before.besides.get(name) != after.besides.get(name)))


def touched(before: Desired, after: Desired, registry: Registry) -> frozenset[Address]:
    """The entities that differ, that are new, or that are no longer declared, and all that depend on them."""
    keys = _differing(before.crowd.members, after.crowd.members)
    old, new = (_fields(state, keys, registry) for state in (before, after))
    found = {address for address in old.keys() | new.keys() if old.get(address) != new.get(address)}
    return with_dependents(found, after, registry)


def _differing(old: Mapping[str, Fields], new: Mapping[str, Fields]) -> list[str]:
    """The keys of members that aren't equal in both crowds; a file that hasn't changed gives both the same objects."""
    return [key for key in old.keys() | new.keys() if old.get(key) is not new.get(key) and old.get(key) != new.get(key)]


def _fields(desired: Desired, keys: Iterable[str], registry: Registry) -> Mapping[Address, Fields]:
    """The fields of the entities in and besides the crowd, of which only these members count."""
    members = members_as_entities(desired.crowd, (key for key in keys if key in desired.crowd.members), registry)
    return {entity.address: entity.fields for entity in (*desired.entities, *members)}


def with_counts(since: Since, desired: Desired, registry: Registry) -> Since:
    """The comparison with the numbers of entities that a selection takes in, and that it leaves out."""
    everything = counts_of_all(desired, registry)
    chosen = desired.selection.chosen
    if chosen is None:
        return replace(since, compared=dict(sorted(everything.items())))
    declared = included(reached(desired, registry))
    within = {*declared, *filter(desired.selection.chooses, chosen)}
    left_out = everything - Counter(address.kind for address in declared)
    return replace(since, compared=_counts(within), left_out=dict(sorted(left_out.items())))


def reached(desired: Desired, registry: Registry) -> Desired:
    """The desired state with those members of its crowd among the entities that are chosen, or a part of which is, and
    no others."""
    chosen, crowd = chosen_members(desired, registry), desired.crowd
    if chosen is None:
        return whole(desired, registry)
    members = {key: member for key, member in crowd.members.items() if key in chosen}
    return whole(replace(desired, crowd=replace(crowd, members=members)), registry)


def chosen_members(desired: Desired, registry: Registry, *, without: Collection[str] = ()) -> frozenset[str] | None:
    """The keys of what is chosen, or a part of which is, of the crowd's kind; also of what is no longer declared. Parts
    of the kinds in `without` don't count. None for all."""
    chosen, crowd = desired.selection.chosen, desired.crowd
    if chosen is None:
        return None
    kinds = {crowd.kind, *(child.name for child in children_of(crowd.kind, registry))}.difference(without)
    return frozenset(address.names[0] for address in chosen if address.kind in kinds)


def counts_of_all(desired: Desired, registry: Registry) -> Counter[str]:
    """The number of declared entities of each kind, those of a crowd included."""
    return Counter(entity.address.kind for entity in desired.entities) + Counter(counts(desired.crowd, registry))


def _counts(addresses: Iterable[Address]) -> Mapping[str, int]:
    return dict(sorted(Counter(address.kind for address in addresses).items()))
