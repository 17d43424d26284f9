"""A customer that is no longer declared: subscriptions are cancelled first, and the delete waits until it can be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
import yaml

from billsync.app.planning.pipeline import compare
from billsync.app.server.connection import Connection
from billsync.core.diffing.diff import Mode
from billsync.live.client import Client, Settings
from billsync.live.protocol.target import Target
from billsync.local.server.editions import KONNECT
from billsync.model.change import Change, Outcome, PlanFile
from billsync.model.result import Status
from billsync.model.state import Desired
from tests.support.end_state import end_state
from tests.support.newer_server import Newer, showing
from tests.support.world import BASE, TARGET, World, declared, rows_of

pytestmark = pytest.mark.thorough

Document = dict[str, Any]
MONTH = timedelta(days=31).total_seconds()
CANCEL = {"cancel": ""}
CATALOG: Document = {
    "features": [{"key": "support", "name": "Support"}, {"key": "seats", "name": "Seats"}],
    "plans": [
        {
            "key": "basic",
            "name": "Basic",
            "currency": "USD",
            "billing_cadence": "P1M",
            "settlement_mode": "credit_only",
            "phases": [
                {
                    "key": "default",
                    "name": "Default",
                    "rate_cards": [
                        {"feature": "support", "price": {"type": "free"}, "entitlement": {"type": "boolean"}},
                        {"feature": "seats", "price": {"type": "free"}, "entitlement": {"type": "boolean"}},
                    ],
                }
            ],
        }
    ],
}
GONE: Document = {"key": "gone", "name": "Gone", "subscription": {"plan": "basic"}}
STAYS: Document = {"key": "stays", "name": "Stays"}


def files(*customers: Document, **more: Any) -> Desired:
    return declared(yaml.safe_dump({"_info": {"owner": "us"}, **CATALOG, "customers": [STAYS, *customers], **more}))


def made(*customers: Document) -> World:
    world = World()
    assert world.sync(files(*customers)).report.succeeded
    return world


def told(plan: PlanFile) -> list[str]:
    return [f"{c.verb} {c.address.text} {c.outcome.value}" for c in plan.changes]


def delete_of(plan: PlanFile) -> Change:
    return next(change for change in plan.changes if change.address.text == "customer/gone")


def rows(world: World, path: str) -> list[Document]:
    with world.http() as http:
        return rows_of(http, path)


def id_of(world: World, key: str = "gone") -> str:
    return str(next(row["id"] for row in rows(world, "customers") if row["key"] == key))


def subscribed_by_hand(http: httpx.Client, customer: str, **more: Any) -> None:
    plan = http.get("plans").json()["data"][0]["id"]
    body = {"customer": {"id": customer}, "plan": {"id": plan}, "settlement_mode": "credit_only", **more}
    http.post("subscriptions", json=body).raise_for_status()


def test_a_guard_stops_the_cancel_before_anything_is_written() -> None:
    world = made(GONE)

    run = world.sync(files())

    assert told(run.plan) == ["cancelling subscription/gone/default pending", "deleting customer/gone waiting"]
    assert [guard.code for guard in run.plan.guards] == ["cancel"]
    assert rows(world, "subscriptions")[0]["status"] == "active"


def test_everything_that_keeps_the_customer_is_named() -> None:
    world = made(GONE)
    ends = rows(world, "subscriptions")[0]["current_period"]["to"]

    before = delete_of(world.plan(files()))
    world.sync(files(), allow=CANCEL)
    after = delete_of(world.plan(files()))

    entitled = "the entitlement to seats, support"
    assert (before.outcome, before.code) == (Outcome.WAITING, "in-use")
    assert before.reason == (
        f"the server still has something of it: subscription/gone/default, which this run ends at {ends}; {entitled}"
    )
    assert after.reason == (
        f"the server still has something of it: subscription/gone/default, which ends at {ends}; {entitled}"
    )
    assert after.hint == "the first run after that deletes it"


def test_the_run_after_the_end_deletes_it() -> None:
    world = made(GONE)
    world.sync(files(), allow=CANCEL)
    waiting = world.sync(files())

    world.clock.advance(MONTH)
    gone = world.sync(files())
    again = world.plan(files())

    assert (told(waiting.plan), waiting.plan.steps) == (["deleting customer/gone waiting"], ())
    assert [(r.step.id, r.status) for r in gone.report.results] == [("customer/gone:delete", Status.DONE)]
    assert again.changes == ()
    assert [row["key"] for row in rows(world, "customers")] == ["stays"]


def test_a_customer_of_whom_nothing_is_live_is_deleted_at_once() -> None:
    world = made({"key": "gone", "name": "Gone"})

    assert told(world.sync(files()).plan) == ["deleting customer/gone pending"]


def test_apply_neither_cancels_nor_deletes() -> None:
    world = made(GONE)

    plan = world.plan(files(), mode="apply", deletes=False)

    assert (told(plan), plan.guards) == ([], ())


@pytest.mark.parametrize("labels", [{}, {"billsync_owner": "them", "billsync_key": "default"}])
def test_a_subscription_of_somebody_else_is_not_cancelled(labels: Document) -> None:
    world = made({"key": "gone", "name": "Gone"})
    with world.http() as http:
        subscribed_by_hand(http, id_of(world), labels=labels)

    run = world.sync(files(), allow=CANCEL)

    assert told(run.plan) == ["deleting customer/gone waiting"]
    assert "which is not yours and has to be ended first" in delete_of(run.plan).reason
    assert rows(world, "subscriptions")[0]["status"] == "active"


def test_a_subscription_that_has_not_begun_is_taken_back_first() -> None:
    world = made()
    begins = (world.clock.now() + timedelta(days=5)).isoformat().replace("+00:00", "Z")
    later = {**GONE, "subscription": {"plan": "basic", "start": begins}}
    assert world.sync(files(later)).report.succeeded

    taken_back = world.sync(files(), allow=CANCEL)
    gone = world.sync(files())

    assert told(taken_back.plan) == ["withdrawing subscription/gone/default pending", "deleting customer/gone waiting"]
    assert "subscription/gone/default, which this run takes back" in delete_of(taken_back.plan).reason
    assert told(gone.plan) == ["deleting customer/gone pending"]
    assert gone.report.succeeded


@pytest.mark.generation("konnect@1.1")
def test_the_end_of_a_subscription_whose_times_are_not_shown() -> None:
    world = World(edition=KONNECT)
    assert world.sync(files(GONE)).report.succeeded

    waiting = delete_of(world.plan(files()))

    assert waiting.reason == (
        "the server still has something of it: subscription/gone/default, which this run ends at a time that this "
        "server doesn't show; the entitlement to seats, support"
    )


def test_an_entitlement_that_was_given_by_hand_is_named() -> None:
    world = made({"key": "gone", "name": "Gone"})
    with world.http() as http:
        path = f"http://local.invalid/api/v2/customers/{id_of(world)}/entitlements"
        http.post(path, json={"type": "boolean", "featureKey": "support"}).raise_for_status()

    change = delete_of(world.plan(files()))

    assert change.reason == "the server still has something of it: the entitlement to support"


def test_an_invoice_that_is_not_final_is_named() -> None:
    paid = {"key": "g", "name": "G", "amount": "5", "currency": "USD", "funding_method": "invoice", "purchase": {}}
    world = made({"key": "gone", "name": "Gone", "grants": [paid]})
    (invoice,) = rows(world, "billing/invoices")
    allow = {"customer-credit": ""}

    waits = world.sync(files(), wrap=showing(invoice["id"], ("status",), "issued"), allow=allow)
    unknown = world.plan(files(), wrap=showing(invoice["id"], ("status",), "from_the_future"), allow=allow)
    final = world.plan(files(), allow=allow)

    reason = "the server still has something of it: the invoice {} ({}), which is not final"
    assert delete_of(waits.plan).reason == reason.format(invoice["number"], "issued")
    assert delete_of(unknown).reason == reason.format(invoice["number"], "from_the_future")
    assert told(final) == ["deleting customer/gone pending"]


def _issued(body: Document, **customer: str) -> Document:
    """The answer with all of its invoices open, of a customer that is shown otherwise."""
    if not any("totals" in row for row in body.get("data", ())):
        return body
    more = {"status": "issued"}
    return {**body, "data": [{**row, **more, "customer": {**row["customer"], **customer}} for row in body["data"]]}


def test_each_open_invoice_is_named_at_its_customer() -> None:
    paid = {"key": "g", "name": "G", "amount": "5", "currency": "USD", "funding_method": "invoice", "purchase": {}}
    world = made({"key": "gone", "name": "Gone"}, *({"key": key, "name": key, "grants": [paid]} for key in "ab"))
    numbers = {row["customer"]["key"]: row["number"] for row in rows(world, "billing/invoices")}

    plan = world.plan(files(), wrap=Newer(_issued), allow={"customer-credit": ""})

    assert {change.address.key: change.reason.rpartition(": ")[2] for change in plan.changes} == {
        "gone": "",
        **{key: f"the invoice {number} (issued), which is not final" for key, number in numbers.items()},
    }


def test_an_invoice_of_somebody_else_keeps_every_customer() -> None:
    """A server that doesn't filter as it was asked to, or shows another id, leaves in doubt whose it is."""
    paid = {"key": "g", "name": "G", "amount": "5", "currency": "USD", "funding_method": "invoice", "purchase": {}}
    world = made({"key": "gone", "name": "Gone"}, {"key": "a", "name": "A", "grants": [paid]})

    plan = world.plan(files(), wrap=Newer(lambda body: _issued(body, id="01K0")), allow={"customer-credit": ""})

    assert "which is not final" in delete_of(plan).reason


def test_credit_that_waits_for_its_invoice_is_named() -> None:
    later = {"effective_at": "2099-01-01T00:00:00Z", "funding_method": "invoice", "purchase": {}}
    world = made(
        {
            "key": "gone",
            "name": "Gone",
            "grants": [{"key": "g", "name": "G", "amount": "5", "currency": "USD", **later}],
        }
    )

    change = delete_of(world.plan(files(), allow={"customer-credit": ""}))

    assert change.reason == "the server still has something of it: grant/gone/g, which is pending"


def test_a_server_without_a_list_of_invoices_is_not_asked_for_it() -> None:
    world = made(GONE)
    target = Target(BASE, database="test", dialect="konnect")
    seen: list[str] = []
    settings = Settings(transport=world.transport(), on_request=lambda request: seen.append(request.path))
    client = Client(target, world.clock, settings)

    plan = compare(Connection(client, world.clock, TARGET, "konnect"), files(), Mode("sync", True, {})).plan

    assert told(plan) == ["cancelling subscription/gone/default pending", "deleting customer/gone waiting"]
    assert [path for path in seen if "invoices" in path] == []
    assert [path for path in seen if path.endswith("entitlement-access")] != []


def test_nothing_is_cancelled_of_a_customer_that_may_have_another_key_now() -> None:
    world = made(GONE)

    renamed = world.plan(files({"key": "gone-2", "name": "Gone"}))
    both = world.sync(files({"key": "gone-2", "name": "Gone"}), allow={"doubled-customer": "", **CANCEL})
    later = world.plan(files({"key": "gone-2", "name": "Gone"}))

    assert told(renamed) == ["creating customer/gone-2 pending", "deleting customer/gone waiting"]
    assert "which runs on, as customer/gone looks like the new customer/gone-2" in delete_of(renamed).reason
    assert told(both.plan)[-2:] == ["cancelling subscription/gone/default pending", "deleting customer/gone waiting"]
    assert both.report.succeeded
    assert told(later) == ["deleting customer/gone waiting"]


def test_a_plan_file_that_runs_twice_cancels_once() -> None:
    world = made(GONE)
    text = world.plan_file(files(), allow=CANCEL)

    first, second = world.run_plan_file(text), world.run_plan_file(text)

    assert [r.status for r in (*first.results, *second.results)] == [Status.DONE, Status.ALREADY]
    assert [row["status"] for row in end_state(world).rows["subscription"]] == ["canceled"]


def test_a_subscription_of_a_customer_that_stays_is_not_touched() -> None:
    world = made(GONE, {**GONE, "key": "other"})

    run = world.sync(files({**GONE, "key": "other"}), allow=CANCEL)

    assert told(run.plan) == ["cancelling subscription/gone/default pending", "deleting customer/gone waiting"]
    assert sorted(row["status"] for row in end_state(world).rows["subscription"]) == ["active", "canceled"]
