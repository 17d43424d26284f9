"""Rules of the files for every run (`_info.policy`): deletes, losses of what is protected, and flags that override
guards. No flag overrides a policy (design.md §4)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from billsync.core.changes.planned import Context, Planned
from billsync.core.changes.versions import LEFT_OVER
from billsync.core.lifecycle.chain_steps import CANCEL
from billsync.core.observed.index import is_over
from billsync.model.address import Address
from billsync.model.change import Action, Guard
from billsync.model.frozen import replace
from billsync.model.globs import Patterns
from billsync.model.policy import MAX_SHARE, PERCENT_FROM, Policy, Share
from billsync.model.value import Fields, decimal_text

DELETES = "deletes"
"""The flag that takes the number of deletes that a run may make."""
DELETE_POLICY = "delete-policy"
PROTECTED = "protected"
DELETE = "delete"
NOT_RAISED = f"`--allow {DELETES}=N` doesn't raise it"


def policy_in(besides: Fields) -> Fields:
    """The policy as the files write it, in their parts besides entities."""
    found: Fields = besides.get("_info", {}).get("policy", {})
    return found


def permitted(policy: Policy, allow: Mapping[str, str]) -> Mapping[str, str]:
    """The flags that were given, without those that the policy forbids."""
    return {name: value for name, value in allow.items() if name not in policy.forbid}


def hardened(policy: Policy, guards: Iterable[Guard]) -> tuple[Guard, ...]:
    """The guards; those that the policy forbids to override name no flag, but the policy."""
    return tuple(_forbidden(policy, guard) if guard.code in policy.forbid and guard.flag else guard for guard in guards)


MAX_DELETES = "max_deletes"


def both_of(first: Policy, second: Policy) -> Policy:
    """A policy that allows no more than either of two; a rule in both has the place of the stricter one. Of two limits
    on shares, both hold, unless one implies the other."""
    shares = _strict((*first.shares, *second.shares))
    share = shares[0] if shares else None
    found = replace(
        second,
        max_deletes=_least(first.max_deletes, second.max_deletes),
        max_delete_percent=share.percent if share else None,
        percent_from=share.count if share else PERCENT_FROM,
        more_shares=shares[1:],
        protected=_named_by_either(first, second),
        forbid=first.forbid | second.forbid,
        forbidden_at={name: each.place_forbidding(name) for each in (second, first) for name in sorted(each.forbid)},
    )
    is_firsts = MAX_DELETES in first.places and first.max_deletes == found.max_deletes
    most = {MAX_DELETES: first.places[MAX_DELETES]} if is_firsts else {}
    largest = {MAX_SHARE: share.position} if share else {}
    return replace(found, places={**first.places, **second.places, **most, **largest})


def _strict(shares: Sequence[Share]) -> tuple[Share, ...]:
    """The limits without those that an earlier one, or a stricter later one, implies."""
    return tuple(
        one
        for number, one in enumerate(shares)
        if not any(
            other.implies(one) and not (one.implies(other) and number < place)
            for place, other in enumerate(shares)
            if place != number
        )
    )


def _least(first: int | None, second: int | None) -> int | None:
    return min((limit for limit in (first, second) if limit is not None), default=None)


def _named_by_either(first: Policy, second: Policy) -> Patterns:
    """The keys and globs that either policy protects, each with its place."""
    places = {
        (kind, pattern): each.places[PROTECTED]
        for each in (first, second)
        for kind, patterns in each.protected.by_kind.items()
        for pattern in patterns
    }
    kinds = dict.fromkeys(kind for kind, _ in places)
    return Patterns({kind: tuple(text for name, text in places if name == kind) for kind in kinds}, places)


def _forbidden(policy: Policy, guard: Guard) -> Guard:
    where = f"the policy at {policy.place_forbidding(guard.code)} forbids it, so that `{guard.flag}` changes nothing"
    return replace(guard, reason=f"{guard.reason}; {where}", flag="")


def deleted(changes: Iterable[Planned]) -> tuple[Address, ...]:
    """The entities that pending changes delete; drafts that a run left aren't counted."""
    deletes = (p.change for p in changes if p.change.action is Action.DELETE and p.change.code != LEFT_OVER)
    return tuple(change.address for change in deletes)


def policy_guards(context: Context, changes: Sequence[Planned], owned: Mapping[str, int]) -> Iterator[Guard]:
    """The guards of the policy for pending changes; `owned` counts the owned live entities by kind."""
    deletes = deleted(changes)
    yield from _too_many(context.desired.policy, deletes)
    yield from _too_large_a_share(context, deletes, owned)
    yield from _protected(context, changes)


def _too_many(policy: Policy, deletes: tuple[Address, ...]) -> Iterator[Guard]:
    limit = policy.max_deletes
    if limit is not None and len(deletes) > limit:
        place = policy.places["max_deletes"]
        count = "1 delete exceeds" if len(deletes) == 1 else f"{len(deletes)} deletes exceed"
        reason = f"{count} the {limit} that the policy at {place} allows; {NOT_RAISED}"
        yield Guard(DELETE_POLICY, reason, "", deletes)


def _too_large_a_share(context: Context, deletes: tuple[Address, ...], owned: Mapping[str, int]) -> Iterator[Guard]:
    shares = context.desired.policy.shares
    for kind, count in sorted(Counter(address.kind for address in deletes).items()):
        for one in shares:
            if owned[kind] < one.count or count * 100 <= Fraction(one.percent) * owned[kind]:
                continue
            which = f" of {one.count} or more" if len(shares) > 1 else ""
            reason = (
                f"{count} of {owned[kind]} owned {context.registry[kind].collection} would be deleted; the policy at "
                f"{one.position} allows {decimal_text(one.percent)} %{which}; {NOT_RAISED}"
            )
            yield Guard(DELETE_POLICY, reason, "", tuple(address for address in deletes if address.kind == kind))


def _protected(context: Context, changes: Sequence[Planned]) -> Iterator[Guard]:
    policy = context.desired.policy
    if not policy.protected.by_kind:
        return
    children = _children(context, frozenset(address.unversioned() for address in deleted(changes)))
    for planned in changes:
        address = planned.change.address.unversioned()
        if loss := _loss(context, planned):
            losers = (*_losers(context, address), *(children.get(address, ()) if loss == DELETE else ()))
            for holder, place in ((found, place) for found in losers if (place := policy.protection_of(found))):
                reason = f"the policy at {place} protects {holder.text}, and the run would {loss} {address.text}"
                yield Guard(PROTECTED, reason, "", (planned.change.address,))


def _loss(context: Context, planned: Planned) -> str:
    """The verb of a change that takes something away for good; empty for any other change."""
    change, taking_back = planned.change, context.registry[planned.change.address.kind].taking_back
    if change.action is Action.DELETE and change.code != LEFT_OVER:
        return DELETE
    if taking_back is not None and change.verb == taking_back.verb:
        return taking_back.call
    return "end" if any(guard.code == CANCEL for guard in planned.guards) else ""


def _losers(context: Context, address: Address) -> Iterator[Address]:
    """Whatever loses something with an entity: itself, and its parent."""
    parent = context.registry[address.kind].parent
    yield address
    if parent is not None:
        yield Address(parent.kind, address.parents)


def _children(context: Context, parents: Container[Address]) -> Mapping[Address, Sequence[Address]]:
    """By parent, the live entities that go with it when it is deleted. None is a chain: a parent with running chains
    isn't deleted."""
    found: dict[Address, list[Address]] = defaultdict(list)
    for address, row in sorted(context.index.records.items(), key=lambda item: item[0].order):
        kind = context.registry[address.kind]
        parent = Address(kind.parent.kind, address.parents) if kind.parent else None
        if parent is not None and parent in parents and not is_over(kind, row.fields):
            found[parent].append(address)
    return found
