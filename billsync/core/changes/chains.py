"""Links on the server of a declared chain: those with its key, and those that billsync didn't make.

An ended chain stays ended, even if billsync didn't make it (design.md §4): a missing label never begins it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from billsync.core.changes.planned import Context
from billsync.core.observed.index import is_over
from billsync.core.observed.ownership import KEY, labels_of, restarts_of
from billsync.model.address import Address, Symbol
from billsync.model.kind import Kind
from billsync.model.state import Row


def parent_of(kind: Kind, address: Address) -> Address:
    """The entity that a chain belongs to."""
    assert kind.parent is not None
    return Address(kind.parent.kind, address.parents)


def has_ended(kind: Kind, row: Row) -> bool:
    """Whether a link is over."""
    return is_over(kind, row.fields)


def head_of(kind: Kind, rows: tuple[Row, ...], key: str) -> Row | None:
    """Return the last link in force or scheduled under this key, else the last ended one.

    If none of our links is running, a running link without our label (made outside of billsync) counts too.
    """
    if running := running_links(kind, rows, key):
        return running[-1]
    own = [row for row in rows if labels_of(row.fields).get(KEY) == key]
    unlabelled = [row for row in rows if _is_unlabelled(row) and not has_ended(kind, row)]
    last = (unlabelled or own)[-1:]
    return last[0] if last else None


def running_links(kind: Kind, rows: tuple[Row, ...], key: str) -> tuple[Row, ...]:
    """The links under this key that are in force or scheduled, oldest first: two while a change is scheduled."""
    return tuple(row for row in rows if labels_of(row.fields).get(KEY) == key and not has_ended(kind, row))


def links_of(context: Context, address: Address) -> tuple[Row, ...]:
    """The live and ended links of a chain's parent, oldest first."""
    return context.index.chains.get(parent_of(context.registry[address.kind], address), ())


def last_of(context: Context, address: Address) -> Row | None:
    """Return the running head, else the link that ended last, even if billsync didn't make it.

    With several chains declared, an unlabelled ended link counts for each chain that is pinned to the same entity; if
    there is no such chain, it counts for all of them, as its own chain can't be identified.
    """
    kind = context.registry[address.kind]
    rows = links_of(context, address)
    head = head_of(kind, rows, address.key)
    if head is not None and not has_ended(kind, head):
        return head
    candidates = [*_strangers(context, address, rows), *([head] if head else [])]
    return max(candidates, key=rows.index, default=None)


def restarts(rows: Iterable[Row], key: str) -> int:
    """The highest `restart` that a chain has used up, 0 for none."""
    return max((restarts_of(row.fields) for row in rows if labels_of(row.fields).get(KEY) == key), default=0)


def _strangers(context: Context, address: Address, rows: tuple[Row, ...]) -> Iterator[Row]:
    """The unlabelled links that may belong to this chain, without links that were changed into another one."""
    kind = context.registry[address.kind]
    ids = {row.id for row in rows}
    for row in rows:
        went_on = kind.successor is not None and labels_of(row.fields).get(kind.successor) in ids
        if _is_unlabelled(row) and not went_on and _may_be(context, address, row):
            yield row


def _may_be(context: Context, address: Address, row: Row) -> bool:
    kind = context.registry[address.kind]
    live = context.view(row).get(kind.pins or "")
    fitting = [key for key in context.siblings(address) if _pin(context, address, key) == _unversioned(live)]
    return address.key in fitting or not fitting


def _pin(context: Context, address: Address, key: str) -> Address | None:
    """Return the entities that declared chains of the same parent are pinned to, without versions."""
    entity = context.entities[Address(address.kind, (*address.parents, key))]
    return _unversioned(context.want(entity).get(context.registry[address.kind].pins or ""))


def _unversioned(value: object) -> Address | None:
    return value.address.unversioned() if isinstance(value, Symbol) else None


def _is_unlabelled(row: Row) -> bool:
    return KEY not in labels_of(row.fields)
