"""A grant that is declared as voided: voided once, after a guard that shows what is lost, if it can be at all."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import yaml

from billsync.app.planning.pipeline import compare
from billsync.app.server.connection import Connection
from billsync.core.diffing.diff import Mode
from billsync.live.client import Client, Settings
from billsync.live.protocol.target import Target
from billsync.model.change import Change, Outcome, PlanFile
from billsync.model.result import Status
from billsync.model.state import Desired
from tests.support.end_state import end_state
from tests.support.world import BASE, TARGET, World, declared

pytestmark = pytest.mark.thorough

Document = dict[str, Any]
GRANT: Document = {"key": "welcome", "name": "Welcome", "amount": "500", "currency": "USD", "funding_method": "none"}
VOIDED = {**GRANT, "state": "voided"}
ALLOWED = {"void": ""}


def files(*grants: Document, **more: Any) -> Desired:
    customer = {"key": "acme", "name": "Acme", "grants": list(grants), **more.pop("customer", {})}
    return declared(yaml.safe_dump({"_info": {"owner": "us"}, "customers": [customer], **more}))


def with_grants(*grants: Document) -> World:
    world = World()
    assert world.sync(files(*grants)).report.succeeded
    return world


def only(plan: PlanFile) -> Change:
    (change,) = plan.changes
    return change


def statuses(world: World) -> list[str]:
    return [row["status"] for row in end_state(world).rows["grant"]]


def given(http: httpx.Client, **more: Any) -> None:
    """A grant that somebody else gives."""
    customer = http.get("customers").json()["data"][0]["id"]
    http.post(f"customers/{customer}/credits/grants", json={**GRANT, **more}).raise_for_status()


def test_the_guard_shows_what_is_lost_and_the_balance() -> None:
    world = with_grants(GRANT, {**GRANT, "key": "other", "amount": "20"})

    run = world.sync(files(VOIDED, {**GRANT, "key": "other", "amount": "20"}))

    assert [(guard.flag, guard.reason) for guard in run.plan.guards] == [
        (
            "--allow void",
            "grant/acme/welcome: all that is left of its 500 USD is taken back for good. Usage of the running period "
            "is not booked yet, so a void takes its credit too, and the usage then leaves a negative balance "
            "(the balance now: live 520, settled 520 USD)",
        )
    ]
    assert statuses(world) == ["active", "active"]


def test_a_void_is_made_once_and_a_further_run_finds_nothing_to_do() -> None:
    world = with_grants(GRANT)

    voided = world.sync(files(VOIDED), allow=ALLOWED)
    again = world.sync(files(VOIDED))

    assert [(r.step.id, r.step.verb, r.status) for r in voided.report.results] == [
        ("grant/acme/welcome:void", "voiding", Status.DONE)
    ]
    assert (again.plan.changes, again.plan.guards) == ((), ())
    assert statuses(world) == ["voided"]


def test_apply_voids_too_behind_the_same_guard() -> None:
    world = with_grants(GRANT)

    plan = world.plan(files(VOIDED), mode="apply", deletes=False)

    assert [guard.code for guard in plan.guards] == ["void"]


def test_a_saved_plan_file_that_runs_twice_voids_once() -> None:
    world = with_grants(GRANT)
    text = world.plan_file(files(VOIDED), allow=ALLOWED)

    first, second = world.run_plan_file(text), world.run_plan_file(text)

    assert [r.status for r in (*first.results, *second.results)] == [Status.DONE, Status.ALREADY]


def test_a_grant_that_is_as_declared_but_was_voided_stays_a_note() -> None:
    world = with_grants(GRANT)
    world.sync(files(VOIDED), allow=ALLOWED)

    change = only(world.plan(files(GRANT)))

    assert (change.outcome, change.code) == (Outcome.NOTE, "voided")
    assert change.hint.startswith("declare `state: voided`, or ")


def test_a_voided_grant_that_differs_is_still_refused() -> None:
    world = with_grants(GRANT)

    change = only(world.plan(files({**VOIDED, "amount": "400"}), allow=ALLOWED))

    assert (change.outcome, change.code) == (Outcome.REFUSED, "immutable-field")


def test_what_was_never_granted_is_a_note_and_no_guard_stops_the_rest() -> None:
    world = with_grants()

    run = world.sync(files(VOIDED, {**GRANT, "key": "other"}))

    assert [(change.address.key, change.code) for change in run.plan.changes] == [
        ("other", ""),
        ("welcome", "never-made"),
    ]
    assert run.report.succeeded


@pytest.mark.parametrize(
    ("grant", "why"),
    [
        ({"effective_at": "2099-01-01T00:00:00Z"}, "it begins at 2099-01-01T00:00:00Z, and no grant is voided before"),
        (
            {"effective_at": "2026-01-01T00:00:00Z", "expires_after": "P1D"},
            "it expired at 2026-01-02T00:00:00Z, and nothing is left of it",
        ),
        (
            {"funding_method": "invoice", "purchase": {"currency": "USD"}, "effective_at": "2099-01-01T00:00:00Z"},
            "it waits for its invoice, and has given no credit yet",
        ),
    ],
)
def test_what_the_server_would_refuse_is_refused_before_the_first_write(grant: Document, why: str) -> None:
    world = with_grants({**GRANT, **grant})

    run = world.sync(files({**VOIDED, **grant}), allow=ALLOWED)

    change = only(run.plan)
    assert (change.outcome, change.code, run.plan.steps) == (Outcome.REFUSED, "nothing-to-take-back", ())
    assert change.reason.startswith(f"it can't be voided: {why}")
    assert change.hint


def test_a_used_up_grant_fails_with_the_words_of_the_server() -> None:
    """No row says how much of a grant is left."""
    world = with_grants(GRANT)
    with world.http() as http:
        customer = http.get("customers").json()["data"][0]["id"]
        charge = {
            "type": "flat_fee", "name": "Fee", "currency": "USD", "settlement_mode": "credit_only",
            "invoice_at": world.clock.now().isoformat(), "payment_term": "in_advance",
            "service_period": {"from": "2026-07-01T00:00:00Z", "to": "2026-08-01T00:00:00Z"},
            "proration_configuration": {"mode": "no_proration"},
            "amount_before_proration": {"amount": "500", "currency": "USD"},
        }  # fmt: skip
        http.post(f"customers/{customer}/charges", json=charge).raise_for_status()

    run = world.sync(files(VOIDED), allow=ALLOWED)

    (result,) = run.report.results
    assert (result.status, result.wrote) == (Status.FAILED, False)
    assert "no remaining value to void" in result.reason


@pytest.mark.parametrize(
    ("labels", "code"), [({"billsync_owner": "them"}, "other-owner"), ({"team": "sales"}, "not-owned")]
)
def test_a_grant_of_somebody_else_is_not_voided(labels: Document, code: str) -> None:
    world = with_grants()
    with world.http() as http:
        given(http, labels=labels)

    change = only(world.plan(files({**VOIDED, "labels": {}}), allow=ALLOWED))

    assert (change.outcome, change.code) == (Outcome.REFUSED, code)


def test_a_grant_that_the_files_adopt_is_voided() -> None:
    world = with_grants()
    with world.http() as http:
        given(http)

    run = world.sync(files(VOIDED, adopted={"grants": ["welcome"]}), allow=ALLOWED)

    assert run.report.succeeded
    assert statuses(world) == ["voided"]


def test_a_server_that_can_not_void_is_named_before_the_first_write() -> None:
    world = with_grants(GRANT)
    client = Client(
        Target(BASE, database="test", dialect="konnect"), world.clock, Settings(transport=world.transport())
    )
    connection = Connection(client, world.clock, TARGET, "konnect")

    plan = compare(connection, files(VOIDED), Mode("sync", True, ALLOWED)).plan

    change = only(plan)
    assert (change.outcome, change.code, plan.steps) == (Outcome.UNMANAGEABLE, "unmanageable", ())
    assert change.reason == "this server's API can't void a grant"


def test_a_customer_whose_grant_is_voided_is_not_read_for_a_balance_again() -> None:
    """What was voided costs no further request."""
    world = with_grants(GRANT)
    seen: list[str] = []

    class Noted(httpx.BaseTransport):
        def __init__(self, inner: httpx.BaseTransport) -> None:
            self.inner = inner

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            seen.append(request.url.path.rpartition("/")[2])
            return self.inner.handle_request(request)

    world.plan(files(VOIDED), wrap=Noted)
    before = seen.count("balance")
    world.sync(files(VOIDED), allow=ALLOWED)
    seen.clear()
    world.plan(files(VOIDED), wrap=Noted)

    assert (before, seen.count("balance")) == (1, 0)
