"""Rules that stop a run before its first write (design.md §4). Each names the flag that lets it pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from billsync.core.changes.obstacles import credit_code, credit_in
from billsync.core.changes.planned import Context, Planned
from billsync.core.guards.doubling import doubled, doubled_code
from billsync.core.guards.policies import DELETE_POLICY, DELETES, deleted, hardened, policy_guards
from billsync.core.guards.taken_back_guards import taking_back_codes, taking_back_guards
from billsync.core.lifecycle.attached_anew import lost_code
from billsync.core.lifecycle.chain_end import REVERT
from billsync.core.lifecycle.chain_steps import CANCEL
from billsync.core.lifecycle.unmarked import unmarked_codes, unmarked_guards
from billsync.core.observed.index import is_over
from billsync.core.observed.ownership import OWNER, is_owned, labels_of
from billsync.model.address import Address
from billsync.model.change import Guard
from billsync.model.kind import Registry, attached_fields
from billsync.model.policy import PERCENT_FROM
from billsync.model.value import Fields

COUNTED_FLAGS = (DELETES,)
"""The flags that take a number (`deletes=25`)."""

DELETES_AT_MOST = 10
SHARE_AT_MOST = Fraction(1, 5)
SHARE_COUNTS_FROM = PERCENT_FROM


def flags(registry: Registry) -> tuple[str, ...]:
    """The flags that let a guard pass."""
    doubled_codes = (doubled_code(kind) for kind in registry.values() if kind.traits)
    parents = {kind.parent.kind for kind in registry.values() if kind.parent}
    credit_codes = (credit_code(registry[name]) for name in sorted(parents))
    lost_codes = (lost_code(field) for kind in registry.values() for field in attached_fields(kind))
    others = (*lost_codes, *unmarked_codes(registry), *taking_back_codes(registry))
    return (DELETES, CANCEL, REVERT, *credit_codes, *doubled_codes, *others)


def guards(
    context: Context, planned: Iterable[Planned], *, allow: Mapping[str, str], balance_path: str
) -> tuple[Guard, ...]:
    """The guards that stop this run, sorted by code; `allow` maps a guard's name to its value, empty for none."""
    changes = tuple(p for p in planned if p.change.is_pending)
    deletes = deleted(changes)
    owned = {name: _owned(context, name) for name in {address.kind for address in deletes}}
    policies = tuple(policy_guards(context, changes, owned))
    limited = any(guard.code == DELETE_POLICY for guard in policies)
    found = (
        *policies,
        *(() if limited else _too_many_deletes(context, deletes, owned, allow.get(DELETES))),
        *(guard for guard in doubled(context, changes) if guard.code not in allow),
        *(guard for guard in _with_credit(context, deletes, balance_path) if guard.code not in allow),
        *(guard for guard in unmarked_guards(context, changes) if guard.code not in allow),
        *(guard for guard in taking_back_guards(context, changes, balance_path) if guard.code not in allow),
        *(guard for p in changes for guard in p.guards if guard.code not in allow),
    )
    return tuple(
        sorted(
            hardened(context.desired.policy, found), key=lambda guard: (guard.code, [a.order for a in guard.addresses])
        )
    )


def _too_many_deletes(
    context: Context, deletes: tuple[Address, ...], owned: Mapping[str, int], allowed: str | None
) -> Iterator[Guard]:
    limit = int(allowed) if allowed else DELETES_AT_MOST
    flag = f"--allow {DELETES}={len(deletes)}"
    if len(deletes) > limit:
        yield Guard(DELETES, f"{len(deletes)} deletes exceed the limit of {limit}", flag, deletes)
        return
    if allowed:
        return
    for kind, addresses in sorted(_by_kind(deletes).items()):
        if owned[kind] >= SHARE_COUNTS_FROM and len(addresses) > SHARE_AT_MOST * owned[kind]:
            collection = context.registry[kind].collection
            yield Guard(
                DELETES, f"{len(addresses)} of {owned[kind]} owned {collection} would be deleted", flag, addresses
            )


def _by_kind(addresses: tuple[Address, ...]) -> dict[str, tuple[Address, ...]]:
    found: dict[str, list[Address]] = defaultdict(list)
    for address in addresses:
        found[address.kind].append(address)
    return {kind: tuple(members) for kind, members in found.items()}


def _owned(context: Context, name: str) -> int:
    rows = [(a, row) for a, row in context.index.records.items() if a.kind == name]
    rows += [(a, versions[-1]) for a, versions in context.index.versions.items() if a.kind == name]
    desired = context.desired
    found = sum(is_owned(row, a, owner=desired.owner, adopted=desired.adopted) for a, row in rows)
    return found + desired.passed.owned.get(name, 0)


def _with_credit(context: Context, deletes: tuple[Address, ...], balance_path: str) -> Iterator[Guard]:
    """A deleted parent with a balance other than zero, or with an active child that is money."""
    children = _active_children(context, frozenset(deletes)) if deletes else {}
    for address in deletes:
        row = context.index.records.get(address)
        document = context.snapshot.documents.get(balance_path.replace("{parent}", row.id)) if row else None
        reasons = [*(credit_in(document) if document else ()), *children.get(address, ())]
        if reasons:
            code = credit_code(context.registry[address.kind])
            yield Guard(code, f"{address.text} has {', '.join(reasons)}", f"--allow {code}", (address,))


def _of_whom(context: Context, row: Fields) -> str:
    """Return the children of other owners that are deleted with the parent, for the guard's message."""
    owner = labels_of(row).get(OWNER)
    return f" (owner {str(owner)!r})" if owner not in (None, context.desired.owner) else ""


def _active_children(context: Context, parents: Collection[Address]) -> Mapping[Address, Sequence[str]]:
    """The active children of these parents, in words."""
    found: dict[Address, list[str]] = defaultdict(list)
    for address, row in context.index.records.items():
        kind = context.registry[address.kind]
        parent = Address(kind.parent.kind, address.parents) if kind.parent else None
        if parent is not None and parent in parents and not is_over(kind, row.fields):
            found[parent].append(f"the active {address.text}{_of_whom(context, row.fields)}")
    for parent in parents:
        for row in context.index.keyless.get(parent, ()):
            if not is_over(context.registry[row.kind], row.fields):
                found[parent].append(f"an active {row.kind} without a key")
    return found
