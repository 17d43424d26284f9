"""Law: whatever flags are given, a run that has steps and isn't stopped breaks no policy of the files."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.app.planning.pipeline import Comparison, compare, compared
from billsync.core.diffing.diff import Mode
from billsync.core.guards.guards import COUNTED_FLAGS, flags
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import Action, Guard, PlanFile
from billsync.model.diagnostic import Position
from billsync.model.globs import Patterns
from billsync.model.policy import Policy
from billsync.model.state import Desired, Entity
from tests.support.budgets import examples
from tests.support.world import World, declared

METERS = 12
ENDS = ("cancel", "withdraw", "void", "delete", "archive")
CUSTOMERS = ("acme", "big_one", "small")
NAMED = frozenset({"meter", "customer", "grant", "subscription", "plan"})
HERE = Position("shop.yaml", 2, 3)
FREE = {"price": {"type": "free"}, "entitlement": {"type": "boolean"}}


def customer(key: str) -> dict[str, Any]:
    grant = {"key": "welcome", "name": f"W {key}", "amount": "5", "currency": "USD", "funding_method": "none"}
    subscribed = {"subscription": {"plan": "basic"}} if key != "small" else {}
    return {"key": key, "name": key.title(), **subscribed, "grants": [grant]}


@cache
def full() -> Desired:
    """The state that is live."""
    plan = {"key": "basic", "name": "Basic", "currency": "USD", "billing_cadence": "P1M"}
    phase = {"key": "only", "name": "Only", "rate_cards": [{"feature": "support", **FREE}]}
    meters = [{"key": f"m{n}", "name": "M", "event_type": f"e{n}", "aggregation": "count"} for n in range(METERS)]
    document = {
        "_info": {"owner": "us"},
        "meters": meters,
        "features": [{"key": "support", "name": "Support"}],
        "plans": [{**plan, "settlement_mode": "credit_only", "phases": [phase]}],
        "customers": [customer(key) for key in CUSTOMERS],
    }
    return declared(yaml.safe_dump(document))


@cache
def live() -> tuple[World, Comparison]:
    """A server with that state, and what a run reads that deletes the most."""
    world = World()
    assert world.sync(full()).report.succeeded
    least = replace(full(), entities=tuple(e for e in full().entities if e.address.kind == "feature"), named=NAMED)
    return world, compare(world.connection(), least, Mode("sync", True, {}))


def planned(desired: Desired, allow: dict[str, str]) -> PlanFile:
    world, known = live()
    return compared(world.connection(), desired, known.snapshot, Mode("sync", True, allow)).plan


def edited(entity: Entity, how: str) -> Entity:
    """The entity as the files may declare it to end."""
    kind = entity.address.kind
    more = {"grant": {"state": "voided"}, "subscription": {"ends": "at_renewal"}}.get(kind, {}) if how == "end" else {}
    return replace(entity, fields={**entity.fields, **more})


@st.composite
def desires(draw: st.DrawFn) -> Desired:
    """The state without some of its entities, and with the ends of others; what belongs to one that goes, goes too."""
    hows = draw(st.lists(st.sampled_from(["keep"] * 9 + ["drop", "end", "end"]), min_size=30, max_size=30))
    fates = dict(zip((e.address for e in full().entities), hows, strict=False))
    fates[Address("feature", ("support",))] = "keep"
    gone = {address.names for address, how in fates.items() if how == "drop" and address.kind == "customer"}
    stays = [e for e in full().entities if fates[e.address] != "drop" and e.address.parents not in gone]
    return replace(full(), entities=tuple(edited(e, fates[e.address]) for e in stays), named=NAMED)


PROTECTED = ({"customer": ("acme", "big_*")}, {"meter": ("m1*",), "plan": ("basic",)}, {"grant": ("small/*",)})
RULES: dict[str, st.SearchStrategy[Any]] = {
    "max_deletes": st.integers(0, 6),
    "max_delete_percent": st.sampled_from([Decimal(0), Decimal("12.5"), Decimal(50)]),
    "protected": st.sampled_from(PROTECTED).map(Patterns),
    "forbid": st.frozensets(st.sampled_from(["cancel", "void", "customer-credit", "deletes"]), min_size=1),
}
"""The rules of a policy, each tried by itself: of several, one would stop most runs and hide the others."""


def policies(rule: str) -> st.SearchStrategy[Policy]:
    counts = st.sampled_from([1, 10, 20])
    make = lambda value, count: Policy(**{rule: value}, percent_from=count, places={rule: HERE})  # noqa: E731
    return st.builds(make, RULES[rule], counts)


EVERY = {name: "500" if name in COUNTED_FLAGS else "" for name in flags(KINDS)}
FLAGS = (
    st.just(EVERY)
    | st.just(EVERY)
    | st.sets(st.sampled_from(sorted(EVERY))).map(lambda names: {name: EVERY[name] for name in sorted(names)})
)


def called(plan: PlanFile) -> list[tuple[Address, str]]:
    """The entity of each step, and the name of its call."""
    return [(step.address.unversioned(), step.id.rpartition(":")[2]) for step in plan.steps]


def holders(address: Address) -> list[Address]:
    """The entity, its customer, and its grant where it is a customer that goes."""
    parents = [Address("customer", address.parents)] if address.parents else []
    grants = [Address("grant", (address.key, "welcome"))] if address.kind == "customer" else []
    return [address, *parents, *grants]


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=examples(30))
@given(desires(), FLAGS, st.data())
def test_no_flags_let_a_run_break_a_policy(
    rule: str, desired: Desired, allow: dict[str, str], data: st.DataObject
) -> None:
    policy = data.draw(policies(rule))

    plan = planned(replace(desired, policy=policy), allow)

    if plan.guards:
        return
    deleted = [change.address for change in plan.pending if change.action is Action.DELETE]
    lost = [address for address, call in called(plan) if call in ENDS]
    lost += [address.unversioned() for address in deleted]
    meters = sum(address.kind == "meter" for address in deleted)
    assert policy.max_deletes is None or len(deleted) <= policy.max_deletes
    if policy.max_delete_percent is not None and policy.percent_from <= METERS:
        assert meters * 100 <= policy.max_delete_percent * METERS
    assert not [holder for address in lost for holder in holders(address) if policy.protection_of(holder)]
    assert not {call for _, call in called(plan)} & policy.forbid
    assert "deletes" not in policy.forbid or (len(deleted) <= 10 and meters * 5 <= METERS)


def emptied(policy: Policy, *kept: str) -> PlanFile:
    """The plan of a run with every flag, for files that keep only these kinds."""
    entities = tuple(entity for entity in full().entities if entity.address.kind in ("feature", *kept))
    return planned(replace(full(), entities=entities, named=NAMED, policy=policy), EVERY)


def test_without_a_policy_the_flags_let_everything_pass() -> None:
    """The negative control: deletes of every kind, and cancels."""
    plan = emptied(Policy())

    assert plan.guards == ()
    assert {call for _, call in called(plan)} == {"cancel", "delete", "archive"}


CASES: dict[str, tuple[Policy, str]] = {
    "max_deletes": (
        Policy(max_deletes=5, places={"max_deletes": HERE}),
        "12 deletes exceed the 5 that the policy at shop.yaml:2:3 allows; `--allow deletes=N` doesn't raise it",
    ),
    "max_delete_percent": (
        Policy(max_delete_percent=Decimal("12.5"), places={"max_delete_percent": HERE}),
        "12 of 12 owned meters would be deleted; the policy at shop.yaml:2:3 allows 12.5 %; "
        "`--allow deletes=N` doesn't raise it",
    ),
    "protected": (
        Policy(protected=Patterns({"meter": ("m1",)}), places={"protected": HERE}),
        "the policy at shop.yaml:2:3 protects meter/m1, and the run would delete meter/m1",
    ),
    "forbid": (
        Policy(forbid=frozenset({"deletes"}), places={"forbid": HERE}),
        "12 deletes exceed the limit of 10; the policy at shop.yaml:2:3 forbids it, so that `--allow deletes=12` "
        "changes nothing",
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_a_broken_policy_is_named_with_its_place_and_no_flag(rule: str) -> None:
    policy, reason = CASES[rule]

    plan = emptied(policy, "plan", "customer", "subscription", "grant")

    assert [(guard.reason, guard.flag) for guard in plan.guards] == [(reason, "")]


BIG, SMALL = Address("subscription", ("big_one", "default")), Address("customer", ("small",))


@pytest.mark.parametrize(
    ("kind", "pattern", "reason", "lost"),
    [
        ("customer", "big_*", "protects customer/big_one, and the run would end subscription/big_one/default", BIG),
        ("grant", "small/*", "protects grant/small/welcome, and the run would delete customer/small", SMALL),
    ],
)
def test_what_is_protected_loses_neither_its_parts_nor_its_parent(
    kind: str, pattern: str, reason: str, lost: Address
) -> None:
    plan = emptied(Policy(protected=Patterns({kind: (pattern,)}), places={"protected": HERE}))

    assert plan.guards == (Guard("protected", f"the policy at shop.yaml:2:3 {reason}", "", (lost,)),)
