"""The key of a moved entity, changed on the server where its older API can do that; elsewhere it stays as it was."""

from __future__ import annotations

from billsync.core.changes.planned import Context, step_id
from billsync.core.observed.index import is_over
from billsync.core.views.view import body
from billsync.model.address import Address
from billsync.model.change import Call, Expectation, Step
from billsync.model.kind import Kind
from billsync.model.routes import Renaming
from billsync.model.state import Entity, Row
from billsync.model.value import Fields, Plain


def may_rename(context: Context, entity: Entity, row: Row) -> bool:
    """Whether a moved entity may be renamed on the server: it is ours, and no usage is counted under the old key."""
    kind = context.registry[row.kind]
    renaming = context.routes[kind.name].renaming
    if renaming is None or row.fields.get(kind.key) == entity.address.key:
        return False
    return context.owns(row, entity.address) and not _counts(context, entity)


def _counts(context: Context, entity: Entity) -> bool:
    """Whether another key would change the usage that is billed.

    Usage is matched by the key in addition to the subjects, and only when it is queried (customer-facts.md §14): a new
    key changes past usage, too.
    """
    links = context.index.chains.get(entity.address, ())
    return any(not is_over(context.registry[link.kind], link.fields) for link in links)


def rename_step(context: Context, address: Address, *, before: Fields, after: Fields) -> Step:
    """The call of the older API; it replaces the whole entity, so it sends all that is wanted."""
    kind = context.registry[address.kind]
    renaming = context.routes[kind.name].renaming
    assert renaming is not None
    return Step(
        id=step_id(address, "rename"),
        address=address,
        verb="renaming",
        call=Call("PUT", f"{renaming.collection}/{address.symbol}", _body(context, kind, renaming, after)),
        before=Expectation(before),
        after=Expectation(after),
    )


def _body(context: Context, kind: Kind, renaming: Renaming, after: Fields) -> Fields:
    sent = body(kind, after, context.routes[kind.name].create)
    return {renaming.names.get(name) or _camel(name): _parts(name, value, renaming) for name, value in sent.items()}


def _parts(name: str, value: Plain, renaming: Renaming) -> Plain:
    """A field in the older API's spelling; fields listed in `names` hold names that users chose, which stay as they
    are."""
    if isinstance(value, dict) and name not in renaming.names:
        return {_camel(part): inner for part, inner in value.items()}
    return value


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
