"""The effect of a change: what a person who approves it has to know about taking it back."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from billsync.api.documents import BALANCE
from billsync.api.generations import dated
from billsync.api.routes import routes
from billsync.core.changes.read_set import subscribers_read
from billsync.core.diffing.diff import Mode, Server, diff
from billsync.core.guards.effects import effect_of
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import Action, Change, Effect
from billsync.model.diagnostic import Position
from billsync.model.state import Desired, Entity, Patterns, Row, Snapshot

TABLES = dict(routes("openmeter"))
C, U, D = Action.CREATE, Action.UPDATE, Action.DELETE
CASES = [
    ("meter", C, "creating", "", Effect.REVERSIBLE),
    ("meter", U, "updating", "", Effect.IN_PLACE),
    ("meter", D, "deleting", "", Effect.IRREVERSIBLE),
    ("feature", D, "archiving", "", Effect.IRREVERSIBLE),
    ("tax_code", C, "creating", "", Effect.IRREVERSIBLE),
    ("plan", C, "publishing", "", Effect.REVERSIBLE),
    ("plan", U, "publishing a new version of", "", Effect.NEW_VERSION),
    ("plan", D, "deleting", "", Effect.REVERSIBLE),
    ("plan", D, "archiving", "", Effect.IRREVERSIBLE),
    ("customer", D, "deleting", "", Effect.IRREVERSIBLE),
    ("subscription", C, "subscribing", "", Effect.REVERSIBLE),
    ("subscription", U, "changing", "immediate", Effect.IRREVERSIBLE),
    ("subscription", U, "changing", "at_renewal", Effect.REVERSIBLE),
    ("subscription", U, "cancelling", "immediate", Effect.IRREVERSIBLE),
    ("subscription", U, "cancelling", "at_renewal", Effect.REVERSIBLE),
    ("subscription", U, "cancelling", "2027-01-01T00:00:00Z", Effect.REVERSIBLE),
    ("subscription", U, "migrating", "immediate", Effect.IRREVERSIBLE),
    ("subscription", U, "attaching", "immediate", Effect.IRREVERSIBLE),
    ("subscription", U, "detaching", "at_renewal", Effect.REVERSIBLE),
    ("grant", C, "granting", "", Effect.UNTIL_USED),
    ("grant", U, "voiding", "", Effect.IRREVERSIBLE),
]


@pytest.mark.parametrize(("kind", "action", "verb", "timing", "effect"), CASES)
def test_each_kind_of_change_has_its_effect(kind: str, action: Action, verb: str, timing: str, effect: Effect) -> None:
    change = Change(Address(kind, ("pro",), 3 if kind == "plan" else None), action, verb, timing=timing)

    assert effect_of(change, KINDS[kind], TABLES[kind]) is effect


def test_a_scheduled_change_stays_without_a_call_that_undoes_it() -> None:
    can = TABLES["subscription"]
    without = replace(can, calls={name: form for name, form in can.calls.items() if name != "withdraw"})
    change = Change(Address("subscription", ("acme", "main")), U, "changing", timing="at_renewal")

    assert effect_of(change, KINDS["subscription"], without) is Effect.IRREVERSIBLE


def test_a_grant_stays_where_no_server_takes_it_back() -> None:
    can = TABLES["grant"]
    without = replace(can, calls={name: form for name, form in can.calls.items() if name != "void"})
    change = Change(Address("grant", ("acme", "welcome")), C, "granting")

    assert effect_of(change, KINDS["grant"], without) is Effect.IRREVERSIBLE


@pytest.mark.parametrize(
    ("terms", "effect", "lasting"),
    [
        ({}, Effect.UNTIL_USED, ""),
        ({"effective_at": "2026-11-28T00:00:00Z", "expires_after": "P1M"}, Effect.UNTIL_USED, ""),
        ({"effective_at": "2026-12-01T00:00:00Z"}, Effect.UNTIL_USED, "not before 2026-12-01T00:00:00Z"),
        ({"effective_at": "2026-11-28T00:00:00Z", "expires_after": "PT1S"}, Effect.IRREVERSIBLE, ""),
        ({"effective_at": "2026-11-28T00:00:00Z", "expires_at": "2026-11-30T00:00:00Z"}, Effect.UNTIL_USED, ""),
    ],
)
def test_a_grant_is_taken_back_only_while_it_is_in_force(terms: dict[str, str], effect: Effect, lasting: str) -> None:
    """Before its start and after its end, no server voids it."""
    money = {"key": "g", "name": "G", "amount": Decimal(5), "currency": "USD", "funding_method": "none", **terms}
    acme = Row("customer", "C1", {"id": "C1", "key": "acme", "name": "A", "labels": {"billsync_owner": "payments"}})
    grant = Entity(Address("grant", ("acme", "g")), money, Position("a.yaml", 1, 1))
    customer = Entity(Address("customer", ("acme",)), {"key": "acme", "name": "A"}, Position("a.yaml", 1, 1))
    can = dated("openmeter")

    plan = diff(
        Desired("payments", (customer, grant)),
        Snapshot({"customer": (acme,)}),
        KINDS,
        server=Server("here", TABLES, BALANCE, can.missing, can.is_alone),
        mode=Mode("sync", deletes=True, allow={}),
        now=datetime(2026, 11, 29, tzinfo=UTC),
    )

    assert [(change.effect, change.lasting) for change in plan.pending] == [(effect, lasting)]


def test_what_takes_a_change_back_is_a_call_that_servers_have() -> None:
    for kind in KINDS.values():
        for way_back in filter(None, kind.irreversible.values()):
            assert TABLES[kind.name].can(way_back)


def plan_row(number: int) -> Row:
    phase = {"key": "default", "name": "Default", "rate_cards": []}
    shown = {"key": "pro", "name": "Pro", "currency": "USD", "billing_cadence": "P1M", "version": number}
    return Row("plan", f"P{number}", {"id": f"P{number}", "status": "active", "phases": [phase], **shown})


def test_a_new_version_says_how_many_stay_on_older_ones() -> None:
    fields = {**plan_row(1).fields, "name": "Professional"}
    declared = {name: fields[name] for name in ("key", "name", "currency", "billing_cadence", "phases")}
    rows = (replace(plan_row(1), fields={**plan_row(1).fields, "status": "archived"}), plan_row(2))
    counts = {subscribers_read(KINDS["subscription"], "P1"): 3, subscribers_read(KINDS["subscription"], "P2"): 9}
    can = dated("openmeter")

    plan = diff(
        Desired(
            "payments",
            (Entity(Address("plan", ("pro",)), declared, Position("a.yaml", 1, 1)),),
            adopted=Patterns({"plan": ("pro",)}),
        ),
        Snapshot({"plan": rows}, counts=counts),
        KINDS,
        server=Server("here", TABLES, BALANCE, can.missing, can.is_alone),
        mode=Mode("sync", deletes=True, allow={}),
        now=datetime(2026, 11, 29, tzinfo=UTC),
    )

    assert [(change.effect, change.staying) for change in plan.pending] == [(Effect.NEW_VERSION, 12)]
