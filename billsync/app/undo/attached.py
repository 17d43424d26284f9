"""Former quantities of what a run attached to chains, detached, or changed, with all else that is attached now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from billsync.app.server.connection import Connection
from billsync.apply.bindings import Bindings
from billsync.core.observed.attached import Attached, decoded, member_in
from billsync.core.taking_back.journal import Made
from billsync.kinds.registry import KINDS
from billsync.live.lists.paging import Refused
from billsync.live.snapshot import PARENT
from billsync.model.address import Address
from billsync.model.change import Expectation
from billsync.model.kind import Archetype, State
from billsync.model.malformed import Malformed
from billsync.model.routes import Attachments
from billsync.model.value import Fields

THEN = ", then "
"""Between quantities over time: what is scheduled takes effect some day."""
UNSHOWN = "what is attached to it can't be read"


def attached_before(
    connection: Connection, bindings: Bindings, made: Iterable[Made]
) -> Iterator[tuple[Address, Fields | str]]:
    """The fields of chains that say what was attached to them before the run; a text where that can't be had, as
    somebody changed it since. Raises RemoteError."""
    for one in made:
        attachments = connection.routes[one.address.kind].attachments
        if attachments is None or one.first is None or not (one.attached or _is_replaced(one)):
            continue
        rows = _rows(connection, bindings, attachments, one)
        if rows is None or isinstance(rows, str):
            if rows:
                yield one.address, rows
            continue
        now = {_key(connection, bindings, attachments, row): row.quantities.last for row in rows}
        found = {key: number for key, number in {**now, **one.attached}.items() if number}
        yield one.address, _declared(attachments, found)


def attached_by_journal(attachments: Attachments, made: Made) -> Fields:
    """The field that says what was attached to a chain before a run, from the journal alone: all that the run attached
    to the link that it began, in the former quantities."""
    left = _quantities(attachments, (step.after for step in made.steps))
    found = {member.key: int(come_about(text)) for member, text in left.items()} | dict(made.attached)
    return _declared(attachments, {key: number for key, number in found.items() if number})


def _declared(attachments: Attachments, quantities: Mapping[str, int]) -> Fields:
    member, quantity = attachments.part.titled_by, attachments.quantity
    return {attachments.part.field: tuple({member: key, quantity: quantities[key]} for key in sorted(quantities))}


def _is_replaced(made: Made) -> bool:
    """Whether the run began another link of a chain at once, so that what is attached belongs to that."""
    kind, last = KINDS[made.address.kind], made.steps[-1].after
    is_chain = kind.archetype is Archetype.CHAINED
    is_later = not set(last.statuses).isdisjoint(kind.words(State.COMING))
    return is_chain and not is_later and bool(kind.pins) and kind.pins in made.changing


def _rows(
    connection: Connection, bindings: Bindings, attachments: Attachments, made: Made
) -> tuple[Attached, ...] | str | None:
    """The rows attached to the running link; a text where it isn't as the run left it, None where no link runs."""
    link = bindings.id_of(made.steps[-1].address)
    if link is None:
        return None
    path = attachments.part.collection.replace(PARENT, link)
    try:
        rows = decoded(connection.listed(path, listing=attachments.part.listing), attachments)
    except Refused:
        return UNSHOWN
    if isinstance(rows, Malformed):
        return f"{UNSHOWN} ({rows.text})"
    now = {row.of: row.quantities.text for row in rows}
    left = _quantities(attachments, (step.after for step in made.steps))
    before = _quantities(attachments, (step.before for step in reversed(made.steps)))
    for member, quantity in left.items():
        seen = now.get(bindings.id_of(member) or "", "0")
        former = str(made.attached.get(member.key, quantity))
        if seen not in (quantity, come_about(quantity), before.get(member), former):
            return f"its {member.text} is in quantity {seen}, the run left {quantity}"
    return rows


def come_about(quantities: str) -> str:
    """The last of quantities over time, which is the only one some day."""
    return quantities.rpartition(THEN)[2]


def _quantities(attachments: Attachments, ends: Iterable[Expectation]) -> Mapping[Address, str]:
    """The last quantities over time that ends of steps say, by the attached entity."""
    found: dict[Address, str] = {}
    for end in ends:
        for name, quantity in end.facts.items():
            if (member := member_in(attachments, name)) is not None:
                found[member] = str(quantity or "0")
    return found


def _key(connection: Connection, bindings: Bindings, attachments: Attachments, row: Attached) -> str:
    """The key of an attached entity, which may need a look at its own row. Raises RemoteError."""
    known = bindings.names.get(row.of)
    return known.key if known else str(connection.item(attachments.part.titled_by, row.of).get("key") or row.of)
