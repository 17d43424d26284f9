"""Obstacles of a delete or a start: checked again right before the call, as a confirmation may take an hour, and a plan
file may be run twice.

Guards and waiting deletes make the same checks when the run is decided. A step carries its checks as data, so that
running it needs no knowledge of kinds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache

from billsync.core.changes.planned import Context, Planned
from billsync.core.changes.versions import LEFT_OVER
from billsync.core.declared.referring import referrers
from billsync.core.observed.index import is_over, state_of, status_of
from billsync.core.observed.ownership import KEY, labels_of
from billsync.model.address import Address
from billsync.model.change import Action, Obstacle
from billsync.model.frozen import replace
from billsync.model.kind import Archetype, Kind, State
from billsync.model.value import Fields, Plain, leaves

CREDIT, CHILDREN, USERS, ENDS = "credit", "children", "users", "ends"
"""A balance other than zero; what belongs to the entity and isn't over; what refers to it and holds on to it; links of
the chain that have ended since."""


def credit_code(kind: Kind) -> str:
    """The code of the guard against deleting a parent that has credit; it is the flag's name, too."""
    return f"{kind.name}-credit"


def with_obstacles(
    planned: Iterable[Planned], context: Context, *, balance: str, allow: Collection[str]
) -> Iterator[Planned]:
    """Return the changes, the last step of each delete with the obstacles that would stop it.

    `balance` is the path that shows a parent's credit, and `allow` are the guards that are overridden.
    """

    @cache
    def users_of(kind: str) -> Sequence[str]:
        return sorted(referrers([kind], context.registry) - {kind})

    for each in planned:
        if each.steps and each.change.action is Action.DELETE and each.change.code != LEFT_OVER:
            address = each.change.address
            found = tuple(_obstacles(context, address, users_of(address.kind), balance=balance, allow=allow))
            last = each.steps[-1]
            each = replace(each, steps=(*each.steps[:-1], replace(last, before=replace(last.before, without=found))))
        yield each


def _obstacles(
    context: Context, address: Address, users: Sequence[str], *, balance: str, allow: Collection[str]
) -> Iterator[Obstacle]:
    credit_may_go = credit_code(context.registry[address.kind]) in allow
    children = [kind for kind in context.registry.values() if kind.parent and kind.parent.kind == address.kind]
    if children and not credit_may_go:
        yield Obstacle(CREDIT, path=balance.replace("{parent}", address.symbol))
    for kind in children:
        if kind.archetype is Archetype.CHAINED or not credit_may_go:
            yield Obstacle(CHILDREN, kind.name)
    for name in users:
        yield Obstacle(USERS, name)


def credit_in(document: Fields) -> tuple[str, ...]:
    """Return the credit in a balance document; an unreadable amount counts as credit."""
    balances = document.get("balances")
    if not isinstance(balances, list | tuple):
        return ("a balance that can't be read",)
    return tuple(text for balance in balances for text in _credit(balance))


def _credit(balance: Plain) -> Iterator[str]:
    if not isinstance(balance, Mapping):
        yield "a balance that can't be read"
        return
    for name, words in (("live", "a balance"), ("settled", "a settled balance"), ("pending", "a pending balance")):
        if _amount(balance.get(name)) != 0:
            yield f"{words} of {balance.get(name)} {balance.get('currency')}"
            return


def _amount(value: Plain) -> Decimal | None:
    """The amount in a text, or None."""
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def lasting_children(kind: Kind, rows: Sequence[Fields]) -> tuple[str, ...]:
    """The children among rows that aren't over, in words."""
    return tuple(
        f"a {kind.name} that is {status_of(kind, row)}"
        for row in rows
        if not row.get("deleted_at") and not is_over(kind, row)
    )


def ends_among(kind: Kind, rows: Iterable[Fields], keys: Collection[str]) -> tuple[str, ...]:
    """Descriptions of one parent's ended links that may belong to a chain with one of these keys, sorted by end."""
    ended = [row for row in rows if not row.get("deleted_at") and is_over(kind, row) and _may_be(row, keys)]
    ends = sorted(str(row.get("active_to")) for row in ended)
    return tuple(f"a {kind.name} that ended at {end}" for end in ends)


def _may_be(row: Fields, keys: Collection[str]) -> bool:
    return labels_of(row).get(KEY) in (None, *keys)


def users_among(kind: Kind, rows: Sequence[Fields], server_id: str) -> tuple[str, ...]:
    """The rows that name a server id and hold on to it, in words."""
    return tuple(
        f"{kind.name} {row.get(kind.key)} that uses it" for row in rows if holds(kind, row) and names(row, server_id)
    )


_NOT_HOLDING = (State.OVER, State.TAKEN_BACK, State.DRAFT)


def holds(kind: Kind, row: Fields) -> bool:
    """Whether a row keeps the entities it refers to in use: False if it is deleted, a draft, or over."""
    return not row.get("deleted_at") and state_of(kind, row) not in _NOT_HOLDING


def names(value: Plain, server_id: str) -> bool:
    """Whether a server id stands anywhere in a value."""
    return any(leaf == server_id for leaf in leaves(value))
