"""Live links of a crowd's chains, one by one: what is kept of each, by its row or by bytes that look like another's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from billsync.core.declared.crowd import nested, with_key
from billsync.core.observed.ownership import KEY
from billsync.core.sieve.form import Form
from billsync.core.sieve.lookalikes import Lookalikes, is_of_texts
from billsync.core.sieve.members import Members
from billsync.core.sieve.rows import Facts, Make, Naming, Seen
from billsync.model.address import Address
from billsync.model.kind import Kind, State
from billsync.model.value import Fields


def link_taker(
    form: Form, members: Members, going: Naming, make: Make | None = None, alike: Lookalikes | None = None
) -> Callable[[Any], Seen]:
    """Return a function that makes of a link of a chain what is kept of it; `going` tells whether it names something
    that goes. Equal ones become known to `alike`."""
    kind, facts, parents, doubtful = form.kind, members.facts, members.parents, members.doubtful

    def take(row: Any) -> Seen:
        parent = parents.get(row.parent)
        if parent is None or parent in doubtful or going(row.bytes):
            return Seen(row.id, parent, False, False, bool(row.deleted_at), bytes(row.bytes))
        if form.is_over(row):
            return Seen(row.id, parent, False, True, bool(row.deleted_at))
        equal = form.state(row) is State.CURRENT and row.id not in facts.names and _link(form, facts, parent, row)
        if equal and alike is not None and not row.deleted_at:
            alike.learn(nested(kind, facts.crowd.members[parent])[0], row, equal)
        made = make(row.bytes) if make is not None and equal else None
        if not equal or (make is not None and made is None):
            return Seen(row.id, parent, False, False, bool(row.deleted_at), bytes(row.bytes))
        return Seen(row.id, parent, equal, False, bool(row.deleted_at), made=made)

    def _link(form: Form, facts: Facts, parent: str, row: Any) -> Address | bool:
        wants = nested(kind, facts.crowd.members[parent])
        if len(wants) != 1:
            return False
        want = with_key(kind, wants[0])
        if (row.f_labels or {}).get(KEY) != want[kind.key] or not _inherits(form, want, row, facts):
            return False
        equal = form.equal(want, row, facts.owner)
        return equal if not facts.ambiguous or equal not in facts.ambiguous else False

    return take


def alike_link_taker(
    alike: Lookalikes, kind: Kind, members: Members, going: Naming, make: Make | None = None
) -> Callable[[msgspec.Raw], Seen | None]:
    """Return a function that makes what is kept of the bytes of a link that is certainly equal, as another one is that
    it looks like; None for any other."""
    facts, parents, doubtful = members.facts, members.parents, members.doubtful
    one = kind.parent.one if kind.parent is not None else ""

    def take(raw: msgspec.Raw) -> Seen | None:
        row = bytes(raw)
        known = alike.of(row)
        if known is None:
            return None
        own, parent_id = known.ids(row)
        parent = parents.get(parent_id)
        if parent is None or parent in doubtful or own in facts.names:
            return None
        want = facts.crowd.members[parent].get(one)
        equal = want is not None and is_of_texts(want) and known.equal(want, row)
        if not equal or going(row):
            return None
        made = make(row) if make is not None else None
        return Seen(own, parent, equal, False, False, made=made) if make is None or made is not None else None

    return take


def _inherits(form: Form, want: Fields, row: Any, facts: Facts) -> bool:
    """Whether fields that come from the pinned entity's declaration are as it says; other values are counted in a
    note, even if the chain itself declares them."""
    pins = form.kind.pins or ""
    pinned = facts.pinned.get((pins, want.get(pins, "")))
    if pinned is None:
        return False
    for name in form.kind.inherits:
        if (value := pinned.get(name)) is not None:
            get, alike = form.parts[name]
            if not alike(value, get(row)):
                return False
    return True
