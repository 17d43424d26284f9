"""Live rows of a crowd, one by one: what is kept of each, and whether it certainly equals its declaration."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeAlias

import msgspec

from billsync.core.sieve.form import Form
from billsync.core.sieve.joint import Exact
from billsync.model.address import Address
from billsync.model.crowd import Crowd
from billsync.model.frozen import dataclass
from billsync.model.kind import State
from billsync.model.value import Fields, Plain


class Seen(msgspec.Struct, gc=False):
    """The part of a live row that is kept: its bytes, or its fields, on a page in doubt; neither of a link that may be
    left out.

    `key` is its own key; of a link, its parent's. `equal`: it certainly equals its declaration; of a link, the version
    that it pins. `over`: it has ended, so that nothing is said of it. `gone`: it is deleted, and in no list. `made` is
    what a run asked to be made of a link that is equal.
    """

    id: str
    key: str | None
    equal: bool | Address
    over: bool
    gone: bool
    bytes: bytes | None = None
    fields: Any = None
    made: Any = None


Make: TypeAlias = Callable[[Any], object | None]
"""Makes of the bytes of a link what a run needs of it; None where it has doubts, so that the link is in doubt."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts that comparisons of members need besides their kind's form.

    `owner` is ours; `names` are ids of what isn't in the crowd; `pinned` are the declared entities that chains may be
    pinned to, by kind and key; `ambiguous` are live versions that have several rows.
    """

    crowd: Crowd
    owner: str | None
    names: Mapping[str, Address]
    pinned: Mapping[tuple[str, str], Fields]
    ambiguous: frozenset[Address]


Naming: TypeAlias = Callable[[bytes | msgspec.Raw], bool]
"""Whether a row names something that goes."""


class Unsure(Exception):
    """Something in the live state makes the whole sieve unsure."""


def root_taker(form: Form, facts: Facts) -> Callable[[Any], Seen]:
    """Return a function that makes of the row of a member what is kept of it."""
    members, names, owner = facts.crowd.members, facts.names, facts.owner

    def take(row: Any) -> Seen:
        key = row.f_key
        want = members.get(key)
        equal = (
            want is not None
            and row.id not in names
            and form.equal(want, row, owner) is True
            and not form.claims_others(want, row)
        )
        return Seen(row.id, key, equal, False, bool(row.deleted_at), bytes(row.bytes))

    return take


def plain_root(form: Form, row: Fields) -> Seen:
    """The part that is kept of the row of a member that isn't typed."""
    key = row.get(form.kind.key)
    return Seen(row["id"], key if isinstance(key, str) else None, False, False, bool(row.get("deleted_at")), fields=row)


def plain_link(row: Fields, parent: Plain, parents: Mapping[str, str | None]) -> Seen:
    """The part that is kept of a link that isn't typed; `parent` is the id that it shows."""
    return Seen(row["id"], parents.get(str(parent)), False, False, bool(row.get("deleted_at")), fields=row)


def odd_row(exact: Exact, keep: Callable[[Fields], Seen]) -> Callable[[bytes], Seen | None]:
    """Return a function that keeps a row that fits no type; None for one that may not even be a row, or be deleted."""

    def odd(raw: bytes) -> Seen | None:
        try:
            row = exact(raw)
        except ValueError:
            return None
        if not isinstance(row, dict) or not isinstance(row.get("id"), str) or row.get("deleted_at") is not None:
            return None
        return keep(row)

    return odd


def all_equal(form: Form, facts: Facts, wants: Iterable[Fields], rows: Iterable[Any], ids: Collection[str]) -> bool:
    """Whether the children of one member are certainly equal: each declared one is there once, and others are over."""
    by_key: dict[str, Any] = {}
    for row in rows:
        if row.deleted_at:
            continue
        if not row.f_key or row.f_key in by_key or row.id in facts.names or row.id in ids:
            return False
        by_key[row.f_key] = row
    for want in wants:
        row = by_key.pop(want[form.kind.key], None)
        if row is None or form.state(row) not in (State.CURRENT, State.OVER) or not form.equal(want, row, facts.owner):
            return False
    return all(map(form.is_over, by_key.values()))
