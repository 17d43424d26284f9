"""Customers that were deleted and would be created again with money: a new one has neither credit nor a paid period.

The server says when a customer was deleted, and not by whom.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from billsync.core.observed.ownership import OWNER
from billsync.model.address import Address
from billsync.model.change import Action, Change, Guard, PlanFile
from billsync.model.frozen import dataclass
from billsync.model.state import Desired, Entity
from billsync.model.value import Fields
from billsync.report.impact.moving import CUSTOMER, Begun, begun_by
from billsync.report.moves.advance import Unrated, billed_at_start
from billsync.report.moves.amounts import Amounts, amounts_text, summed, together
from billsync.report.moves.sides import Sides
from billsync.report.moves.terms import PlanTerms, Start, begun

RECREATED = "recreated"
GRANT = "grant"


@dataclass(frozen=True, slots=True)
class Recreated:
    """A deleted customer that a run creates again: when it was deleted, and what the run grants and subscribes it to.

    `fees` are those that its subscriptions are billed in advance when they begin, None where they can't be worked out.
    """

    address: Address
    deleted_at: str
    granted: Amounts
    plans: tuple[Address, ...]
    fees: Amounts | None


def created_with_money(plan: PlanFile) -> tuple[Address, ...]:
    """The customers that a run creates together with something that belongs to them."""
    created = [change.address for change in plan.pending if change.action is Action.CREATE]
    parents = {address.parents for address in created}
    return tuple(address for address in created if address.kind == CUSTOMER and address.names in parents)


def deleted_before(customers: Iterable[Address], rows: Iterable[Fields], owner: str | None) -> Mapping[Address, str]:
    """The time of the last deletion of each of these customers; `rows` are API v1's. Another owner's don't count."""
    wanted = {address.key: address for address in customers}
    found: dict[Address, str] = {}
    for row in rows:
        address, deleted_at = wanted.get(str(row.get("key"))), row.get("deletedAt")
        labels = row.get("metadata") or {}
        if address is None or not deleted_at or labels.get(OWNER, owner) != owner:
            continue
        found[address] = max(str(deleted_at), found.get(address, ""))
    return found


def recreated(deleted: Mapping[Address, str], plan: PlanFile, desired: Desired, sides: Sides) -> tuple[Recreated, ...]:
    """The customers that a run creates again, with what it grants and bills them."""
    entities = {entity.address: entity for entity in desired.entities}
    subscribed = begun_by(plan)
    return tuple(
        Recreated(
            address,
            deleted_at,
            _granted(_created(plan, address), entities),
            tuple(one.plan for one in subscribed if one.customer == address),
            _fees([one for one in subscribed if one.customer == address], sides),
        )
        for address, deleted_at in sorted(deleted.items(), key=lambda item: item[0].order)
    )


def _created(plan: PlanFile, customer: Address) -> Iterator[Change]:
    return (one for one in plan.pending if one.action is Action.CREATE and one.address.parents == customer.names)


def _granted(created: Iterable[Change], entities: Mapping[Address, Entity]) -> Amounts:
    grants = (entities[one.address].fields for one in created if one.address.kind == GRANT)
    return summed((str(fields["currency"]), Decimal(str(fields["amount"]))) for fields in grants)


def _fees(subscribed: Iterable[Begun], sides: Sides) -> Amounts | None:
    try:
        return together([_first_fees(one, sides) for one in subscribed])
    except Unrated:
        return None


def _first_fees(one: Begun, sides: Sides) -> Amounts:
    terms = sides.terms(one.plan)
    if not isinstance(terms, PlanTerms):
        raise Unrated(f"the prices of {one.plan.text} can't be read")
    start = datetime.fromisoformat(one.timing) if one.timing else sides.now
    return billed_at_start(begun(terms, Start(start, one.anchor or start, "")))


def recreated_guards(found: Iterable[Recreated]) -> tuple[Guard, ...]:
    """A guard for all of them, with what would be granted and billed again."""
    them = tuple(found)
    addresses = tuple(one.address for one in them)
    return (Guard(RECREATED, _reason(them), f"--allow {RECREATED}", addresses),) if them else ()


def _reason(them: Sequence[Recreated]) -> str:
    last = max(one.deleted_at for one in them)
    if len(them) == 1:
        who = f"{them[0].address.text} was deleted at {last}, here or elsewhere; it would be created again"
    else:
        who = f"{len(them)} customers were deleted, here or elsewhere, the last at {last}; they would be created again"
    return f"{who}, {' and '.join(_money(them))}: what the deleted one had was granted and billed before"


def _money(them: Sequence[Recreated]) -> Iterator[str]:
    granted = together(one.granted for one in them)
    plans = [plan for one in them for plan in one.plans]
    if granted or not plans:
        yield f"granted {amounts_text(granted)}"
    if plans:
        whereto = plans[0].text if len(plans) == 1 else f"{len(plans)} plans"
        yield f"subscribed to {whereto} ({_billed(them)})"


def _billed(them: Sequence[Recreated]) -> str:
    fees = [one.fees for one in them]
    known = [one for one in fees if one is not None]
    text = f"{amounts_text(together(known))} billed in advance"
    return text if len(known) == len(fees) else f"at least {text}" if known else "at fees that aren't known"
