"""Rules that stop a run before its first write (design.md §4). Each names the flag that lets it pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation

from billsync.core.index import is_owned, status_of
from billsync.core.lifecycle.context import Context, Planned
from billsync.core.marks import OWNER, labels_of
from billsync.model.address import Address
from billsync.model.change import Action, Guard
from billsync.model.kind import Archetype
from billsync.model.state import Row
from billsync.model.value import Fields, Plain

DELETES, DOUBLED_GRANT, CUSTOMER_CREDIT = "deletes", "doubled-grant", "customer-credit"
COUNTED_FLAGS = (DELETES,)
FLAGS = (DELETES, DOUBLED_GRANT, CUSTOMER_CREDIT)
"""The flags that let a guard pass; the counted ones take a number (`deletes=25`)."""

DELETES_AT_MOST = 10
SHARE_AT_MOST = Decimal("0.2")
SHARE_COUNTS_FROM = 10


def guards(
    context: Context, planned: Iterable[Planned], *, allow: Mapping[str, str], balance_path: str
) -> tuple[Guard, ...]:
    """The guards that stop this run, sorted by code; `allow` maps a guard's name to its value, empty for none."""
    changes = tuple(p for p in planned if p.change.is_pending)
    deletes = tuple(p.change.address for p in changes if p.change.action is Action.DELETE)
    found = [
        *_too_many_deletes(context, deletes, allow.get(DELETES)),
        *(() if DOUBLED_GRANT in allow else _doubled(context, changes)),
        *(() if CUSTOMER_CREDIT in allow else _with_credit(context, deletes, balance_path)),
    ]
    return tuple(sorted(found, key=lambda guard: (guard.code, [a.order for a in guard.addresses])))


def _too_many_deletes(context: Context, deletes: tuple[Address, ...], allowed: str | None) -> Iterator[Guard]:
    limit = int(allowed) if allowed else DELETES_AT_MOST
    flag = f"--allow {DELETES}={len(deletes)}"
    if len(deletes) > limit:
        yield Guard(DELETES, f"{len(deletes)} deletes are more than {limit}", flag, deletes)
        return
    if allowed:
        return
    for kind, addresses in sorted(_by_kind(deletes).items()):
        owned = _owned(context, kind)
        if owned >= SHARE_COUNTS_FROM and len(addresses) > SHARE_AT_MOST * owned:
            yield Guard(
                DELETES,
                f"{len(addresses)} of {owned} owned {context.registry[kind].collection} would go",
                flag,
                addresses,
            )


def _by_kind(addresses: tuple[Address, ...]) -> dict[str, tuple[Address, ...]]:
    found: dict[str, list[Address]] = defaultdict(list)
    for address in addresses:
        found[address.kind].append(address)
    return {kind: tuple(members) for kind, members in found.items()}


def _owned(context: Context, name: str) -> int:
    kind = context.registry[name]
    rows = [(a, row) for a, row in context.index.records.items() if a.kind == name]
    rows += [(a, versions[-1]) for a, versions in context.index.versions.items() if a.kind == name]
    desired = context.desired
    return sum(is_owned(kind, row, owner=desired.owner, adopted=desired.adopted, key=a.key) for a, row in rows)


def _doubled(context: Context, changes: tuple[Planned, ...]) -> Iterator[Guard]:
    """A new append-only entity beside an owned one of the same parent, no longer declared, that looks the same.

    A fixed typo in a key would otherwise give the money twice.
    """
    abandoned = _abandoned(context)
    for planned in changes:
        address = planned.change.address
        if context.registry[address.kind].archetype is not Archetype.APPEND_ONLY:
            continue
        want = planned.steps[0].after.view or {}
        for other, have in abandoned.get((address.kind, address.parents), ()):
            if _alike(want, have):
                reason = (
                    f"{other.text} is active, no longer declared, and has the same name or amount as {address.text}"
                )
                yield Guard(DOUBLED_GRANT, reason, f"--allow {DOUBLED_GRANT}", (address, other))
        if any(_alike(want, have) for have in _keyless(context, address)):
            reason = (
                f"a {address.kind} without a key is active, ours, and has the same name or amount as {address.text}"
            )
            yield Guard(DOUBLED_GRANT, reason, f"--allow {DOUBLED_GRANT}", (address,))


def _keyless(context: Context, address: Address) -> Iterator[Fields]:
    """The views of active, owned rows beside an address that show no key: a server that loses keys makes such."""
    kind = context.registry[address.kind]
    assert kind.parent is not None
    for row in context.index.keyless.get(Address(kind.parent.kind, address.parents), ()):
        if row.kind == kind.name and _is_mine(context, row) and status_of(kind, row.fields) in ("active", "pending"):
            yield context.view(row)


def _abandoned(context: Context) -> Mapping[tuple[str, tuple[str, ...]], list[tuple[Address, Fields]]]:
    found: dict[tuple[str, tuple[str, ...]], list[tuple[Address, Fields]]] = defaultdict(list)
    for address, row in context.index.records.items():
        kind = context.registry[address.kind]
        active = status_of(kind, row.fields) in ("active", "pending")
        undeclared = active and address not in context.entities and _is_mine(context, row)
        if kind.archetype is Archetype.APPEND_ONLY and undeclared:
            found[address.kind, address.parents].append((address, context.view(row)))
    return found


def _is_mine(context: Context, row: Row) -> bool:
    owner = context.desired.owner
    return owner is not None and labels_of(row.fields).get(OWNER) == owner


def _alike(want: Fields, have: Fields) -> bool:
    return want.get("name") == have.get("name") or (
        want.get("amount") == have.get("amount") and want.get("currency") == have.get("currency")
    )


def _with_credit(context: Context, deletes: tuple[Address, ...], balance_path: str) -> Iterator[Guard]:
    """A deleted parent with a balance other than zero, or with an active child that is money."""
    for address in deletes:
        row = context.index.records.get(address)
        document = context.snapshot.documents.get(balance_path.replace("{parent}", row.id)) if row else None
        reasons = [*_balances(document), *_active_children(context, address)]
        if reasons:
            yield Guard(
                CUSTOMER_CREDIT, f"{address.text} has {', '.join(reasons)}", f"--allow {CUSTOMER_CREDIT}", (address,)
            )


def _balances(document: Fields | None) -> Iterator[str]:
    """What a balance document says is there; what can't be read counts as credit."""
    if document is None:
        return
    balances = document.get("balances")
    if not isinstance(balances, list | tuple):
        yield "a balance that can't be read"
        return
    for balance in balances:
        if not isinstance(balance, Mapping):
            yield "a balance that can't be read"
        elif any(_amount(balance.get(name)) != 0 for name in ("live", "settled", "pending")):
            yield f"a balance of {balance.get('live')} {balance.get('currency')}"


def _amount(value: Plain) -> Decimal | None:
    """The amount that a text stands for; None where it stands for none."""
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _active_children(context: Context, parent: Address) -> Iterator[str]:
    for address, row in context.index.records.items():
        kind = context.registry[address.kind]
        is_child = kind.parent is not None and Address(kind.parent.kind, address.parents) == parent
        if is_child and status_of(kind, row.fields) in ("active", "pending"):
            yield f"the active {address.text}"
