"""Which links belong to which declared chain, where some of them have ended and somebody else made some."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from billsync.api.documents import BALANCE
from billsync.api.generations import dated
from billsync.api.routes import routes
from billsync.core.diffing.diff import Mode, Server, diff
from billsync.core.observed.index import in_order
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import Outcome, PlanFile
from billsync.model.diagnostic import Position
from billsync.model.state import Desired, Entity, IntendedTarget, Moved, Row, Snapshot

TABLES = routes("openmeter")
CAN = dated("openmeter")
SERVER = Server("here", TABLES, BALANCE, CAN.missing, CAN.is_alone)
SEVERAL = replace(SERVER, one_chain_per_parent=False)
ANYWHERE = IntendedTarget()
NOW = datetime(2026, 11, 21, tzinfo=UTC)
OURS = {"billsync_owner": "payments"}
SUPERSEDED = "openmeter_subscription.superseding.id"
PLANS = {"P1": "small", "P2": "large", "P3": "other"}
BEGINS, ENDED, EQUAL = "subscribing", "chain-ended", "-"


def entity(kind: str, *names: str, **fields: Any) -> Entity:
    return Entity(Address(kind, names), {"key": names[-1], **fields}, Position("a.yaml", 1, 1))


def link(number: int, plan: str = "P1", *, status: str = "inactive", **labels: str) -> Row:
    marks = {name.replace("superseded", SUPERSEDED): value for name, value in labels.items()}
    shown = {"customer_id": "C1", "plan": {"id": plan}, "settlement_mode": "credit_only", "status": status}
    times = {"active_from": f"2026-0{number}-01T00:00:00Z", "active_to": f"2026-0{number}-09T00:00:00Z"}
    return Row("subscription", f"S{number}", {"id": f"S{number}", "labels": marks, **shown, **times})


def ours(number: int, key: str = "default", status: str = "inactive", **labels: str) -> Row:
    return link(number, status=status, billsync_owner="payments", billsync_key=key, billsync_plan="P1", **labels)


def outcomes(links: tuple[Row, ...], server: Server = SERVER, **declared: Any) -> dict[str, str]:
    """By key, what becomes of each declared chain: its verb, the code of what is told, or a dash."""
    told = {change.address.key: change.code or change.verb for change in planned(links, server, **declared).changes}
    return {key: told.get(key, EQUAL) for key in declared}


def planned(
    links: tuple[Row, ...],
    server: Server = SERVER,
    *,
    moved: Moved | None = None,
    target: IntendedTarget = ANYWHERE,
    **declared: Any,
) -> PlanFile:
    """The plan file for one customer with these links and chains."""
    shown = {"version": 1, "status": "active", "currency": "USD", "billing_cadence": "P1M", "phases": []}
    plans = [Row("plan", id_, {"id": id_, "key": key, "name": key, **shown}) for id_, key in PLANS.items()]
    acme = Row("customer", "C1", {"id": "C1", "key": "acme", "name": "Acme", "labels": OURS})
    chains = [entity("subscription", "acme", key, **fields) for key, fields in declared.items()]
    live = Snapshot({"customer": (acme,), "plan": tuple(plans), "subscription": links})
    entities = (entity("customer", "acme", name="Acme"), *chains)
    desired = Desired("payments", entities, moved=moved or {}, target=target)
    return diff(desired, live, KINDS, server=server, mode=Mode("sync", True, {}), now=NOW)


@pytest.mark.parametrize(
    ("links", "outcome"),
    [
        ((), BEGINS),
        ((link(1),), ENDED),
        ((link(1, "P2"),), ENDED),
        ((link(1, "gone"),), ENDED),
        ((link(1, superseded="S2"), link(2, "P2", status="active")), "made-elsewhere"),
        ((link(1, superseded="S2"), link(2, "P2")), ENDED),
        ((link(1, superseded="deleted"),), ENDED),
        ((link(1), link(2, status="active")), EQUAL),
        ((link(1), ours(2, status="active")), EQUAL),
        ((ours(1), link(2)), ENDED),
        ((ours(1, superseded="S2"), link(2)), ENDED),
    ],
)
def test_ended_is_ended_whoever_made_it_and_whatever_it_was_on(links: tuple[Row, ...], outcome: str) -> None:
    assert outcomes(links, default={"plan": "small"}) == {"default": outcome}


@pytest.mark.parametrize(
    ("links", "restart", "outcome"),
    [
        ((link(1),), True, BEGINS),
        ((link(1),), False, ENDED),
        ((ours(1),), True, BEGINS),
        ((ours(1), ours(2, billsync_restart="1")), True, ENDED),
        ((ours(1), ours(2, billsync_restart="1")), 2, BEGINS),
        ((ours(1, billsync_restart="2"), ours(2)), 2, ENDED),
        ((ours(1, billsync_restart="x"),), True, ENDED),
        ((ours(1), ours(2, status="active", billsync_restart="1")), True, EQUAL),
        ((ours(1), ours(2, status="canceled", billsync_restart="1")), True, "chain-ending"),
        ((ours(1, status="active"),), True, "restart-waits"),
        ((link(1), link(2, status="active")), True, "restart-waits"),
        ((link(1), ours(2, key="other", status="active")), True, "one-at-a-time"),
    ],
)
def test_each_restart_begins_one_subscription(links: tuple[Row, ...], restart: Any, outcome: str) -> None:
    assert outcomes(links, default={"plan": "small", "restart": restart}) == {"default": outcome}


@pytest.mark.parametrize(
    ("links", "first", "second"),
    [
        ((link(1, "P1"),), ENDED, BEGINS),
        ((link(1, "P2"),), BEGINS, ENDED),
        ((link(1, "P3"),), ENDED, ENDED),
        ((link(1, "P1", superseded="S2"), link(2, "P2")), BEGINS, ENDED),
        ((ours(1, key="first", status="active"), link(2, "P3")), EQUAL, ENDED),
        ((ours(1, key="first", status="active"), link(2, "P1")), EQUAL, BEGINS),
    ],
)
def test_with_several_keys_an_ended_one_belongs_to_those_on_its_plan(
    links: tuple[Row, ...], first: str, second: str
) -> None:
    """One that is on nobody's plan may have been any of them: none of them begins."""
    told = outcomes(links, SEVERAL, first={"plan": "small"}, second={"plan": "large"})

    assert told == {"first": first, "second": second}


@pytest.mark.parametrize(
    ("links", "restart", "stops"),
    [
        ((ours(1, key="first", status="active"),), False, True),
        ((ours(1, key="first", status="canceled"),), True, True),
        ((ours(1, key="first"),), False, True),
        ((ours(1, key="first"),), True, False),
        ((ours(1, key="first", status="active"), ours(2, key="second", status="active")), False, False),
    ],
)
def test_where_several_are_allowed_a_renamed_key_sells_nothing_twice(
    links: tuple[Row, ...], restart: bool, stops: bool
) -> None:
    """A chain of ours that is no longer declared counts, also one that ended unless the new one says `restart`."""
    plan = planned(links, SEVERAL, second={"plan": "large", "restart": restart})

    assert [guard.code for guard in plan.guards] == (["doubled-subscription"] if stops else [])
    assert [guard.addresses[-1].key for guard in plan.guards] == (["first"] if stops else [])


def test_where_several_are_allowed_a_moved_key_is_the_same_subscription() -> None:
    new, old = (Address("subscription", ("acme", key)) for key in ("second", "first"))
    links = (ours(1, key="first", status="active"),)

    plan = planned(links, SEVERAL, moved={new: (old,)}, second={"plan": "small"})

    assert (plan.changes, plan.guards) == ((), ())


def test_a_key_that_runs_beside_the_one_it_was_moved_to_is_refused() -> None:
    new, old = (Address("subscription", ("acme", key)) for key in ("second", "first"))
    links = (ours(1, key="first", status="active"), ours(2, key="second", status="active"))

    plan = planned(links, SEVERAL, moved={new: (old,)}, second={"plan": "small"})

    assert [(change.address, change.code) for change in plan.changes] == [(old, "moved-and-live")]


def endless(row: Row) -> Row:
    return replace(row, fields={name: value for name, value in row.fields.items() if name != "active_to"})


SMALL = {"plan": "small"}
ENDING = replace(
    ours(1, "a", "canceled"), fields={**ours(1, "a", "canceled").fields, "active_to": "2027-01-01T00:00:00Z"}
)
TWO = (endless(ours(1, "a", "active")), endless(ours(2, "b", "active")))


def test_two_running_subscriptions_show_that_several_are_allowed() -> None:
    assert outcomes(TWO, a=SMALL, b=SMALL, c=SMALL) == {"a": EQUAL, "b": EQUAL, "c": BEGINS}
    assert outcomes(TWO[:1], a=SMALL, c=SMALL) == {"a": EQUAL, "c": "one-at-a-time"}


def test_one_that_follows_another_is_no_sign_that_several_are_allowed() -> None:
    one_after_the_other = (ours(1, "a", "canceled"), endless(ours(2, "b", "scheduled")))

    assert outcomes(one_after_the_other, a=SMALL, b=SMALL, c=SMALL)["c"] == "one-at-a-time"


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        ((ours(1, "a"),), SMALL, "one-at-a-time"),
        ((ours(1, "a"),), {**SMALL, "ends": "at_renewal"}, BEGINS),
        ((ours(1, "a"),), {**SMALL, "ends": "at_renewal", "restart": True}, "one-at-a-time"),
        ((), {**SMALL, "ends": "immediate"}, BEGINS),
        ((ENDING,), {**SMALL, "ends": "at_renewal"}, BEGINS),
        ((replace(ENDING, fields={**ENDING.fields, "active_to": "2027-01-02T00:00:00Z"}),), SMALL, "one-at-a-time"),
    ],
)
def test_a_subscription_begins_after_one_that_ended_as_declared(
    first: tuple[Row, ...], second: dict[str, Any], outcome: str
) -> None:
    """An end that nobody declared keeps the place: it may be the customer's own."""
    later = {"start": "2027-01-01T00:00:00Z"} if any(row.fields["status"] == "canceled" for row in first) else {}

    assert outcomes(first, a=second, b={**SMALL, **later})["b"] == outcome


@pytest.mark.parametrize(
    ("ends", "when"),
    [
        ({"ends": "at_renewal"}, "at 2026-12-01T00:00:00Z"),
        ({"ends": "2027-01-01T00:00:00Z"}, "at 2027-01-01T00:00:00Z"),
        ({"ends": "immediate"}, "at once"),
        ({"ends": "2026-11-01T00:00:00Z"}, None),
        ({}, None),
    ],
)
def test_a_subscription_waits_for_the_declared_end_of_another(ends: dict[str, Any], when: str | None) -> None:
    period = {"current_period": {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}}
    running = endless(ours(1, "a", "active"))
    running = replace(running, fields={**running.fields, **period})

    changes = planned((running,), a={**SMALL, **ends}, b=SMALL).changes
    (second,) = [change for change in changes if change.address.key == "b"]

    expected = ("begins-later", Outcome.WAITING) if when else ("one-at-a-time", Outcome.REFUSED)
    assert (second.code, second.outcome) == expected
    assert when is None or f"'a' is declared to end {when}: a run after that" in second.reason


@pytest.mark.parametrize(
    ("ends", "anchor", "outcome"),
    [
        ("2027-02-01T00:00:00Z", None, "not-a-boundary"),
        ("2027-02-01T00:00:00Z", "2026-08-01T00:00:00Z", BEGINS),
        ("2027-02-02T00:00:00Z", "2026-08-01T00:00:00Z", "not-a-boundary"),
        ("2027-02-21T00:00:00Z", None, BEGINS),
    ],
)
def test_none_begins_that_can_not_end_as_declared(ends: str, anchor: str | None, outcome: str) -> None:
    chain = {**SMALL, "ends": ends, **({"billing_anchor": anchor} if anchor else {})}

    assert outcomes((), a=chain) == {"a": outcome}


@pytest.mark.parametrize(
    ("start", "told"), [("2026-07-01T00:00:00Z", EQUAL), ("2026-05-01T00:00:00Z", "start-differs")]
)
def test_a_start_is_that_of_the_last_beginning(start: str, told: str) -> None:
    """A subscription that `restart` began again has an older link, which began at another time."""
    again = endless(ours(7, status="active", billsync_restart="1"))

    found = outcomes((ours(5), again), default={**SMALL, "restart": True, "start": start})

    assert found == {"default": told}


@pytest.mark.parametrize(("plan", "told"), [("small", "changed-elsewhere"), ("large", "changed-on-both-sides")])
def test_a_custom_plan_of_a_portal_is_called_one(plan: str, told: str) -> None:
    own = ours(1, status="active")
    custom = replace(own, fields={name: value for name, value in own.fields.items() if name != "plan"})

    found = planned((custom,), default={"plan": plan}).changes[-1]

    assert (found.code, "to a custom or deleted plan elsewhere" in str(found.reason)) == (told, True)


@pytest.mark.parametrize(("said", "outcome"), [(True, BEGINS), (False, "one-at-a-time")])
@pytest.mark.parametrize("links", [TWO, TWO[:1], ()])
def test_the_files_may_say_how_many_subscriptions_a_customer_may_have(
    links: tuple[Row, ...], said: bool, outcome: str
) -> None:
    """What the files say of the server goes before its table, and before what customers have."""
    target = IntendedTarget(has_several_chains=said)

    found = planned(links, SERVER, target=target, a=SMALL, b=SMALL, c=SMALL)

    assert {change.address.key: change.code or change.verb for change in found.changes}["c"] == outcome


PREVIOUS = "openmeter_subscription.previous.id"
MILLISECOND = "2026-09-01T00:00:00.{}Z"


def unshown(name: str, status: str, *, created: str = "5", previous: str = "") -> Row:
    """A link as Konnect shows it: without any time but that of its creation."""
    marks = {"billsync_owner": "payments", "billsync_key": "default", "billsync_plan": "P1"}
    marks |= {PREVIOUS: previous} if previous else {}
    shown = {"customer_id": "C1", "plan_id": "P1", "settlement_mode": "credit_only", "status": status}
    return Row("subscription", name, {"id": name, "labels": marks, "created_at": MILLISECOND.format(created), **shown})


@pytest.mark.parametrize(
    "links",
    [
        (unshown("S2", "canceled"), unshown("S1", "scheduled")),
        (unshown("S2", "inactive"), unshown("S1", "active")),
        (unshown("S2", "inactive", created="001"), unshown("S1", "inactive", created="002")),
        (unshown("S2", "inactive"), unshown("S1", "inactive", previous="S2")),
        (unshown("S3", "inactive"), unshown("S2", "inactive", previous="S3"), unshown("S1", "inactive", previous="S2")),
    ],
)
def test_links_without_times_are_ordered_by_what_else_is_shown(links: tuple[Row, ...]) -> None:
    """Ids of one millisecond are random: they decide only where nothing else does."""
    kind = KINDS["subscription"]

    assert {tuple(row.id for row in in_order(kind, mixed)) for mixed in permutations(links)} == {
        tuple(row.id for row in links)
    }


def test_two_running_links_that_only_ids_order_are_refused() -> None:
    assert outcomes((unshown("S2", "active"), unshown("S1", "active")), default={"plan": "small"}) == {
        "default": "duplicate-rows"
    }


def test_a_scheduled_link_with_a_lower_id_is_the_head() -> None:
    links = (unshown("S2", "canceled"), unshown("S1", "scheduled", previous="S2"))

    assert outcomes(links, default={"plan": "small"}) == {"default": "change-scheduled"}
