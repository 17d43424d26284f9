"""Recovery snapshots are taken in lots: their size changes no byte, and whatever moves is found in each sort."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from billsync.app.recovery import promises, taken_credit, taking
from billsync.app.recovery.taking import Taking, take
from billsync.live import gathering
from billsync.live.gathering import Gathering
from billsync.model.recovery import Recovery
from tests.laws.test_taking_what_moves import Meddling
from tests.local.test_apps_and_profiles import profile
from tests.support.events import send
from tests.support.world import World, declared, rows_of

pytestmark = pytest.mark.thorough

SHOP = """
_info: {owner: payments, defaults: {plan: {currency: USD, billing_cadence: P1M}, addon: {currency: USD}}}
meters: [{key: calls, name: Calls, event_type: request, aggregation: count}]
features: [{key: calls, name: Calls, meter: calls}]
addons:
  - key: seat
    name: Seat
    instance_type: multiple
    rate_cards: [{key: seat, name: Seat, billing_cadence: P1M, price: {type: flat, amount: "5"}}]
plans:
  - key: pro
    name: Pro
    settlement_mode: credit_only
    phases:
      - key: default
        name: Default
        rate_cards:
          - {key: fee, name: Fee, price: {type: flat, amount: 10}, billing_cadence: P1M, payment_term: in_advance}
          - {feature: calls, price: {type: unit, amount: "0.5"}}
    addons: [{addon: seat}]
  - key: lite
    name: Lite
    settlement_mode: credit_only
    phases: [{key: default, name: Default, rate_cards: [{feature: calls, price: {type: unit, amount: "0.7"}}]}]
customers:
  - key: acme
    name: Acme
    usage_attribution: {subject_keys: [acme]}
    subscription: {plan: pro, addons: [{addon: seat, quantity: 2}]}
    grants: [{key: welcome, name: Welcome, amount: 100, currency: USD, funding_method: none}]
  - {key: birch, name: Birch, usage_attribution: {subject_keys: [birch]}, subscription: {plan: lite}}
  - {key: cedar, name: Cedar, usage_attribution: {subject_keys: [cedar]}, subscription: {plan: lite}}
  - {key: dune, name: Dune, grants: [{key: gift, name: Gift, amount: 7, currency: USD, funding_method: none}]}
"""
LATER = "  - {key: elm, name: Elm, usage_attribution: {subject_keys: [elm]}, subscription: {plan: pro}}\n"


def lived() -> World:
    """A shop with usage, two beginnings, and changes of a plan and of an add-on ahead."""
    world = World()
    world.sync(declared(SHOP))
    world.clock.advance(100_000)
    changed = SHOP.replace("{plan: lite}}\n  - {key: cedar", "{plan: pro, change: at_renewal}}\n  - {key: cedar")
    world.sync(declared(changed.replace("quantity: 2}]", "quantity: 3}], change: at_renewal") + LATER))
    with world.http() as server:
        for subject in ("acme", "birch", "elm"):
            send(server, f"of-{subject}", subject=subject, type="request")
    world.clock.advance(3600)
    return world


def lines(world: World) -> bytes:
    with Gathering() as found:
        return b"".join(Taking(world.connection(), found, has_events=True).lines())


@pytest.mark.parametrize("queries", [0, 100], ids=["by-days", "by-periods"])
def test_the_size_of_lots_changes_no_byte(monkeypatch: pytest.MonkeyPatch, queries: int) -> None:
    world = lived()
    whole = lines(world)
    for module, name in (
        (taking, "MANY"), (promises, "FEW_CUSTOMERS"), (taken_credit, "LOT"), (gathering, "AT_ONCE"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, 1)
    monkeypatch.setattr(promises, "FEW_QUERIES", queries)

    assert lines(world) == whole
    assert b'"counts":{"credit":5,"event":3,"list":4,"promise":4,"row":19}' in whole


CHANGES = (
    ("name: Calls, event_type", "name: Phone calls, event_type"),
    ("meter: calls}]", "meter: calls}, {key: mails, name: Mails}]\ntax_codes: [{key: software, name: Software}]"),
    ("amount: 10}", "amount: 9}"),
    ('amount: "5"', 'amount: "4"'),
    ("name: Acme\n", "name: Acme Inc.\n"),
    ("quantity: 2}]", "quantity: 3}], change: immediate"),
    ("{plan: lite}}\n  - {key: dune", "{plan: pro, change: at_renewal}}\n  - {key: dune"),
    ("amount: 7, currency: USD, funding_method: none}", "amount: 7, currency: USD, funding_method: none}, {MORE}"),
    ("{MORE}", "{key: more, name: More, amount: 3, currency: USD, funding_method: none}"),
)
MOVED = [
    "addon seat came",
    "customer acme changed",
    "feature mails came",
    "meter calls changed",
    "plan pro came",
    "subscription acme changed",
    "subscription cedar came",
    "subscription cedar changed",
    "tax_code software came",
    "the add-ons of subscription acme changed",
    "the add-ons of subscription cedar came",
    "the billing of customer acme came",
    "the billing of customer birch came",
    "the billing of customer cedar came",
    "the billing of customer dune came",
    "the credit of customer dune changed",
    "the list of billing profiles changed",
]
"""Of a server with several profiles, the billing of every customer is read; of the first reading, of none."""


def test_whatever_moves_is_named_and_as_it_is_then() -> None:
    """One of each sort, between the first reading and the second."""
    world = World()
    world.sync(declared(SHOP))
    world.clock.advance(5)

    def change(server: httpx.Client, number: int) -> None:
        later = SHOP
        for before, after in CHANGES:
            assert before in later
            later = later.replace(before, after)
        world.sync(declared(later))
        made = server.post("/profiles", json=profile(server)).json()
        (birch,) = (row for row in rows_of(server, "customers") if row["key"] == "birch")
        body = {"billing_profile": {"id": made["id"]}}
        assert server.put(f"/customers/{birch['id']}/billing", json=body).is_success

    found = take(world.connection(lambda inner: Meddling(world, inner, "/openmeter/subscriptions", change, False)))

    again = take(world.connection())
    ids = {row.id: row.fields["key"] for row in again.live.of("customer")}
    of = {row.id: ids[row.fields["customer_id"]] for row in again.live.of("subscription")}
    moved = [" ".join(of.get(word, word) for word in name.split()) for name in found.header.moved]
    assert sorted(moved) == MOVED
    assert without_origin(found) == without_origin(again)


def without_origin(recovery: Recovery) -> Recovery:
    return replace(recovery, header=replace(recovery.header, moved=(), taken_at=recovery.header.finished_at))
