"""Guards against taking back money for good, and the balances that a person should see before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from billsync.core.changes.planned import Context, Planned
from billsync.core.lifecycle.taken_back import is_taken_back
from billsync.core.observed.index import Index, state_of
from billsync.model.address import Address
from billsync.model.change import Guard
from billsync.model.kind import Kind, Registry, State
from billsync.model.state import Desired
from billsync.model.value import Fields, Plain


def taking_back_code(kind: Kind) -> str:
    """The code of the guard against taking an entity back, and of its flag; empty for kinds that can't be."""
    return kind.taking_back.call if kind.taking_back else ""


def taking_back_codes(registry: Registry) -> tuple[str, ...]:
    """The codes of these guards of all kinds."""
    return tuple(dict.fromkeys(code for kind in registry.values() if (code := taking_back_code(kind))))


def taking_back_guards(context: Context, changes: Iterable[Planned], balance_path: str) -> Iterator[Guard]:
    """A guard for each entity that this run takes back: what is lost, and its parent's balance now."""
    for planned in changes:
        address = planned.change.address
        kind = context.registry[address.kind]
        form = kind.taking_back
        if form is not None and planned.change.verb == form.verb:
            code = taking_back_code(kind)
            loss = form.loss(context.index.records[address].fields)
            yield Guard(
                code,
                f"{address.text}: {loss}{_balance(context, address, balance_path)}",
                f"--allow {code}",
                (address,),
            )


def _balance(context: Context, address: Address, balance_path: str) -> str:
    parent = context.registry[address.kind].parent
    row = context.index.records.get(Address(parent.kind, address.parents)) if parent else None
    document = context.snapshot.documents.get(balance_path.replace("{parent}", row.id)) if row else None
    texts = ", ".join(_amounts(document)) if document else ""
    return f" (the balance now: {texts})" if texts else ""


def _amounts(document: Fields) -> Iterator[str]:
    balances: Plain = document.get("balances")
    for balance in balances if isinstance(balances, list | tuple) else ():
        if isinstance(balance, Mapping):
            yield f"live {balance.get('live')}, settled {balance.get('settled')} {balance.get('currency')}"


def declares_taking_back(desired: Desired, registry: Registry) -> bool:
    """Whether the files declare any entity as taken back."""
    return any(is_taken_back(registry[entity.address.kind], entity.fields) for entity in desired.entities)


def losing_parents(desired: Desired, found: Index, registry: Registry) -> tuple[Address, ...]:
    """The parents of live entities that the files declare as taken back, sorted: their balances are to be read."""
    parents = {
        Address(kind.parent.kind, entity.address.parents)
        for entity in desired.entities
        if (kind := registry[entity.address.kind]).parent and is_taken_back(kind, entity.fields)
        if (row := found.records.get(entity.address)) and state_of(kind, row.fields) is State.CURRENT
    }
    return tuple(sorted(parents & found.records.keys(), key=lambda address: address.order))
