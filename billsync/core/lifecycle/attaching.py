"""Parts of a draft: attached one by one between its making and its publishing, in one order, each at most once."""

from __future__ import annotations

from collections.abc import Iterator

from billsync.core.changes.planned import Context, step_id
from billsync.core.changes.versions import in_state
from billsync.core.observed.ownership import LABELS, OWNER, member_mark
from billsync.core.views.normalize import sorted_canonical
from billsync.core.views.view import complete, part_body
from billsync.model.address import Address, Symbol, part_address
from billsync.model.change import Call, Step
from billsync.model.kind import Kind, State
from billsync.model.routes import Part
from billsync.model.state import Row
from billsync.model.value import Fields, Plain, canonical


def without_parts(context: Context, kind: str, fields: Fields) -> Fields:
    """A view as its entity is right after it was made."""
    parts = {part.field for part in context.routes[kind].parts}
    return {name: value for name, value in fields.items() if name not in parts}


def is_begun(context: Context, draft: Row, want: Fields) -> bool:
    """Whether a draft is the wanted version, except that some parts may be missing.

    Its labels must be the wanted ones; labels added by others are ignored.
    """
    kind = context.registry[draft.kind]
    have = context.view(draft)
    have_bare, want_bare = (without_parts(context, kind.name, side) for side in (have, want))
    if canonical(have_bare) != canonical(complete(kind, want_bare, {LABELS: have.get(LABELS)}, {})):
        return False
    return all(
        canonical(member) in {canonical(wanted) for wanted in want.get(part.field, ())}
        for part in context.routes[kind.name].parts
        for member in have.get(part.field, ())
    )


def attach_steps(context: Context, address: Address, *, have: Fields, want: Fields) -> tuple[Step, ...]:
    """A step for each wanted member of a part list that isn't live yet, in the lists' order.

    A second step labels the member with its owner, as a server may drop labels when a member is attached and keep them
    only on an update.
    """
    steps: list[Step] = []
    for part in context.routes[address.kind].parts:
        present = {canonical(member) for member in have.get(part.field, ())}
        for member in want.get(part.field, ()):
            if canonical(member) not in present:
                after = _with_member(context, address, part, have, member)
                steps.append(_attach_step(context, address, part, member, before=have, after=after))
                have = after
            steps.extend(_mark_steps(context, address, part, member, have))
    return tuple(steps)


def _mark_steps(context: Context, address: Address, part: Part, member: Fields, have: Fields) -> Iterator[Step]:
    owner = context.desired.owner
    if owner is None or LABELS not in part.update:
        return
    kind = context.registry[address.kind]
    symbol: Symbol = member[part.titled_by]
    whole = {
        "name": _title(context, symbol.address),
        **part_body(kind, part, member),
        LABELS: {OWNER: owner},
    }
    row = part_address(address, part.field, symbol.address)
    mark = member_mark(part.field, symbol.address.key, owner)
    yield Step(
        id=step_id(address, f"mark-{symbol.address.key}"),
        address=address,
        verb="marking",
        call=Call(
            "PUT",
            f"{part.collection.replace('{parent}', address.symbol)}/{row.symbol}",
            {name: whole[name] for name in part.update if name in whole},
        ),
        before=in_state(kind, have, State.DRAFT),
        after=in_state(kind, have, State.DRAFT, State.CURRENT, at_least=(part.field,), marked=(mark,)),
    )


def _with_member(context: Context, address: Address, part: Part, fields: Fields, member: Plain) -> Fields:
    more = {**fields, part.field: (*fields.get(part.field, ()), member)}
    whole: Fields = sorted_canonical(context.registry[address.kind].record, more)
    return whole


def _attach_step(
    context: Context, address: Address, part: Part, member: Fields, *, before: Fields, after: Fields
) -> Step:
    kind = context.registry[address.kind]
    symbol: Symbol = member[part.titled_by]
    sent = {
        "name": _title(context, symbol.address),
        **part_body(kind, part, member),
    }
    return Step(
        id=step_id(address, f"attach-{symbol.address.key}"),
        address=address,
        verb="attaching",
        call=Call("POST", part.collection.replace("{parent}", address.symbol), sent),
        before=in_state(kind, before, State.DRAFT),
        after=in_state(kind, after, State.DRAFT, State.CURRENT, at_least=(part.field,)),
    )


def _title(context: Context, address: Address) -> str:
    """The name of the attached entity: as declared, else as it is live, else its key."""
    entity = context.entities.get(address.unversioned())
    if entity is not None:
        return str(entity.fields["name"])
    rows = context.index.versions.get(address.unversioned(), ())
    return str(rows[-1].fields.get("name") or address.key) if rows else address.key


def detach_steps(context: Context, address: Address, have: Fields) -> tuple[Step, ...]:
    """A step for each member of a draft's part lists, which takes it away."""
    kind = context.registry[address.kind]
    steps: list[Step] = []
    for part in context.routes[address.kind].parts:
        for member in have.get(part.field, ()):
            after = _without_member(part, have, member)
            steps.append(_detach_step(kind, address, part, member, before=have, after=after))
            have = after
    return tuple(steps)


def _without_member(part: Part, fields: Fields, member: Plain) -> Fields:
    rest = tuple(other for other in fields[part.field] if other is not member)
    return {name: rest if name == part.field else value for name, value in fields.items() if name != part.field or rest}


def _detach_step(kind: Kind, address: Address, part: Part, member: Fields, *, before: Fields, after: Fields) -> Step:
    symbol: Symbol = member[part.titled_by]
    row = part_address(address, part.field, symbol.address)
    return Step(
        id=step_id(address, f"detach-{symbol.address.key}"),
        address=address,
        verb="detaching",
        call=Call("DELETE", f"{part.collection.replace('{parent}', address.symbol)}/{row.symbol}"),
        before=in_state(kind, before, State.DRAFT),
        after=in_state(kind, after, State.DRAFT),
    )
