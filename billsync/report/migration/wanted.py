"""The state that a migration wants: the subscriptions that move, declared on the target."""

from __future__ import annotations

from collections.abc import Iterable

from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.diagnostic import Position
from billsync.model.frozen import replace
from billsync.model.state import Desired, Entity
from billsync.model.transition import REFUSE, Transition
from billsync.model.value import Fields
from billsync.report.migration.standing import Member, Route

SUBSCRIPTION, PLAN = "subscription", "plan"
NOWHERE = Position("", 0, 0)


def wanted(desired: Desired, members: Iterable[Member], route: Route, timing: str | None) -> Desired:
    """The declared state of a migration: nothing but its subscriptions, with the owner and the rules of the files.

    What the files declare of a subscription stays; of one that they don't declare, the live state stays, its
    settlement mode included, as `core.lifecycle.chain_target.next_link` takes that from the running link.
    """
    declared = {entity.address: entity for entity in desired.entities}
    plan = declared.get(route.target.unversioned())
    entities = tuple(_entity(member.address, declared.get(member.address), plan, route) for member in members)
    return replace(
        desired,
        entities=entities,
        named=frozenset(),
        prices=(),
        transitions=_transitions(desired.transitions, timing),
    )


def _entity(address: Address, declared: Entity | None, plan: Entity | None, route: Route) -> Entity:
    target: Fields = {"plan": route.target.key, "version": route.target.version}
    if declared is None:
        return Entity(address, target, NOWHERE)
    inherited = {
        name: plan.fields[name] for name in KINDS[SUBSCRIPTION].inherits if plan is not None and name in plan.fields
    }
    return replace(declared, fields={**inherited, **declared.fields, **target})


def _transitions(rules: tuple[Transition, ...], timing: str | None) -> tuple[Transition, ...]:
    """The rules, with the timing that was asked for in place of theirs; a rule that refuses still refuses."""
    if timing is None:
        return rules
    kept = (rule if rule.timing == REFUSE else replace(rule, timing=timing) for rule in rules)
    return (*kept, Transition(timing=timing))
