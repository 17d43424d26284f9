"""The order of steps: after what they need, always the same, circles named."""

from __future__ import annotations

import random
from types import MappingProxyType

from billsync.core.changes.conflicts import block_dependents
from billsync.core.changes.order import linked, ordered, with_delete_edges, with_soft_edges
from billsync.core.changes.planned import Planned, step_id
from billsync.model.address import Address, Symbol, parse_address
from billsync.model.change import Action, Call, Change, Expectation, Outcome, Step
from billsync.model.kind import Archetype, Kind, Parent, Registry
from billsync.model.shape import Record


def kind(name: str, *, parent: str | None = None, after: tuple[str, ...] = ()) -> Kind:
    return Kind(
        name=name,
        collection=f"{name}s",
        archetype=Archetype.RECORD,
        record=Record({}),
        doc="",
        example={},
        parent=Parent(parent) if parent else None,
        after=after,
    )


KINDS: Registry = MappingProxyType(
    {
        "meter": kind("meter"),
        "feature": kind("feature"),
        "customer": kind("customer"),
        "grant": kind("grant", parent="customer"),
        "subscription": kind("subscription", parent="customer", after=("grant",)),
    }
)


def planned(
    text: str,
    *refers: str,
    action: Action = Action.CREATE,
    claims: tuple[str, ...] = (),
    frees: tuple[str, ...] = (),
) -> Planned:
    address = parse_address(text)
    body = {name: Symbol(parse_address(name)) for name in refers}
    call = Call("DELETE" if action is Action.DELETE else "POST", "/x", body)
    step = Step(step_id(address, "step"), address, "x", call, Expectation(None), Expectation({}))
    change = Change(address, action, action.value, steps=(step.id,))
    return Planned(change, (step,), frozenset(claims), frozenset(frees))


def in_order(changes: list[Planned]) -> list[str]:
    steps, circle = ordered(with_soft_edges(linked(changes), KINDS), KINDS)
    assert circle == ()
    return [step.address.text for step in steps]


def test_what_is_referred_to_comes_first_whatever_the_names_say() -> None:
    changes = [planned("feature/a", "meter/z"), planned("meter/z"), planned("meter/b")]

    order = in_order(changes)

    assert order == ["meter/b", "meter/z", "feature/a"]


def test_grants_come_before_the_subscription_of_the_same_customer_only() -> None:
    changes = [
        planned("subscription/acme/default", "customer/acme"),
        planned("grant/acme/welcome", "customer/acme"),
        planned("customer/acme"),
        planned("grant/zeta/late"),
    ]

    steps, _ = ordered(with_soft_edges(linked(changes), KINDS), KINDS)
    needs = {step.address.text: set(step.needs) for step in steps}

    assert needs["subscription/acme/default"] == {"customer/acme:step", "grant/acme/welcome:step"}
    assert needs["grant/zeta/late"] == set()


def test_a_name_is_freed_before_it_is_claimed() -> None:
    changes = [
        planned("customer/acme", action=Action.UPDATE, claims=("s-1",)),
        planned("customer/zeta", action=Action.UPDATE, frees=("s-1",)),
    ]

    order = in_order(changes)

    assert order == ["customer/zeta", "customer/acme"]


def test_two_that_swap_names_are_named_as_a_circle() -> None:
    changes = [
        planned("customer/acme", action=Action.UPDATE, claims=("b",), frees=("a",)),
        planned("customer/zeta", action=Action.UPDATE, claims=("a",), frees=("b",)),
        planned("meter/m"),
    ]

    steps, circle = ordered(linked(changes), KINDS)

    assert [step.id for step in steps] == ["meter/m:step"]
    assert circle == ("customer/acme:step", "customer/zeta:step")


def test_deletes_come_last_and_users_before_what_they_use() -> None:
    changes = [
        planned("meter/m", action=Action.DELETE),
        planned("feature/f", action=Action.DELETE),
        planned("customer/acme"),
    ]
    users = {Address("meter", ("m",)): frozenset({Address("feature", ("f",))})}

    steps, _ = ordered(with_delete_edges(linked(changes), users), KINDS)

    assert [step.address.text for step in steps] == ["customer/acme", "feature/f", "meter/m"]


def test_the_order_does_not_depend_on_the_order_of_the_changes() -> None:
    changes = [planned(f"feature/f{n}", f"meter/m{n % 7}") for n in range(30)] + [
        planned(f"meter/m{n}") for n in range(7)
    ]
    shuffled = random.Random(7).sample(changes, len(changes))

    first, second = in_order(changes), in_order(shuffled)

    assert first == second


def test_a_refused_change_blocks_what_needs_it() -> None:
    """Changes that need a refused change are blocked, with their cause; all others stay as they are."""
    refused = Planned(Change(Address("meter", ("m",)), Action.UPDATE, "updating", Outcome.REFUSED))
    changes = [refused, planned("feature/f", "meter/m"), planned("grant/acme/g", "feature/f"), planned("meter/n")]

    result = {p.change.address.text: (p.change.outcome, p.change.reason) for p in block_dependents(changes)}

    assert result == {
        "meter/m": (Outcome.REFUSED, ""),
        "feature/f": (Outcome.BLOCKED, "it needs meter/m, which is refused"),
        "grant/acme/g": (Outcome.BLOCKED, "it needs feature/f, which is refused"),
        "meter/n": (Outcome.PENDING, ""),
    }
