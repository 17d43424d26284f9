"""Snapshots that somebody edited and sealed again: read with all that they say, or refused with the line at fault;
never an internal error, and never a write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.app.ending import Ended
from billsync.app.recovery.restoring import planned
from billsync.app.recovery.store import events, read, write
from billsync.app.recovery.taking import Taking
from billsync.app.recovery.verifying import verify
from billsync.core.plan_file import to_json
from billsync.live.gathering import Gathering
from billsync.report.recovery.losses.accounting import complete
from billsync.report.recovery.restore.choices import Choices, InAdvance, Usage
from tests.local.test_apps_and_profiles import profile
from tests.support.budgets import examples
from tests.support.crash_harness import Wire
from tests.support.events import send
from tests.support.old_organization import coined, empty_at_the_same_time, lived_through
from tests.support.world import World, rows_of

pytestmark = pytest.mark.thorough

SHOP = """
_info: {owner: shop, defaults: {plan: {currency: USD, billing_cadence: P1M, settlement_mode: credit_only}}}
meters: [{key: calls, name: Calls, event_type: call, aggregation: count}]
features: [{key: calls, name: Calls, meter: calls}]
tax_codes: [{key: code, name: Code, app_mappings: [{app_type: sandbox, tax_code: x}]}]
addons:
- key: seats
  name: Seats
  currency: USD
  instance_type: multiple
  rate_cards: [
    {key: seat, name: Seat, billing_cadence: P1M, price: {type: flat, amount: "5"}, payment_term: in_advance}]
plans:
- key: pro
  name: Pro
  phases:
  - {key: trial, name: Trial, duration: P5D, rate_cards: [{key: fee, name: Fee, price: {type: free}}]}
  - key: main
    name: Main
    rate_cards:
    - {key: fee, name: Fee, billing_cadence: P1M, payment_term: in_advance, price: {type: flat, amount: "30"},
       tax_config: {code: code}}
    - {feature: calls, discounts: {percentage: "10"}, price: {type: graduated, tiers: [
        {up_to_amount: "10", unit_price: {type: unit, amount: "0.5"}}, {unit_price: {type: unit, amount: "0.25"}}]}}
  addons: [{addon: seats}]
customers:
- key: a
  name: A
  usage_attribution: {subject_keys: [a]}
  subscription: {plan: pro, addons: [{addon: seats, quantity: 2}]}
  grants: [{key: g, name: G, amount: "500", currency: USD, funding_method: none, priority: 3, expires_after: P1Y,
    filters: {features: [calls]}}]
"""
Lines = list[dict[str, Any]]
GONE, TWICE = "gone", "twice"
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 10**30, "", "x", "é", "\ud800", "NaN", "1e5", "-5", "1.5", "12" * 60),
    *([], {}, [None], ["x"], [{}], {"a": 1}, {"$literal": {}}),
    *({"$number": text} for text in ("1.5", "NaN", "1e999999999", 5)),
    *("2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "P1M", "P0D", "P99999Y"),
)


@pytest.fixture(scope="module")
def old() -> World:
    world = lived_through([(0, SHOP)], days=10)
    with world.http() as http:
        coined(http)
        made, [customer] = http.post("/profiles", json=profile(http)).json(), rows_of(http, "customers")
        pinned = http.put(f"/customers/{customer['id']}/billing", json={"billing_profile": {"id": made["id"]}})
        assert pinned.is_success
        send(http, "e", type="call", subject="a")
    return world


@pytest.fixture(scope="module")
def lines(old: World) -> Lines:
    found = Taking(old.connection(), Gathering(), has_events=True).lines()
    return [json.loads(line) for line in found]


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all parts of a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield (*place, name)
        yield from places(each, (*place, name))


def forged(lines: Lines, place: tuple[Any, ...], value: Any) -> bytes:
    """The file of these lines with another value, or without it, or with its line twice; sealed anew."""
    changed = deepcopy(lines)
    holder: Any = changed
    for name in place[:-1]:
        holder = holder[name]
    if value == GONE:
        del holder[place[-1]]
    elif value == TWICE:
        changed.insert(place[0], deepcopy(changed[place[0]]))
        counts, (sort,) = changed[-1].get("end", {}).get("counts", {}), changed[place[0]]
        counts[sort] = counts.get(sort, 0) + 1
    else:
        holder[place[-1]] = value
    file = BytesIO()
    write(file, (json.dumps(line).replace('": ', '":', 1).encode() + b"\n" for line in changed))
    return file.getvalue()


def code_of(file: Path, new: World, choices: Choices, wire: Wire) -> str:
    """The code with which a restore and a verification are refused; empty where they know what to do."""
    try:
        recovery = read(file)
        used = tuple(events(file)) if recovery.header.has_events else ()
        found = planned(new.connection(wire.wrap), recovery, choices, events=used)
        complete(recovery, found.accounts, events=found.events)
        to_json(found.plan)
        verify(new.connection(wire.wrap), recovery, found.accounts)
    except Ended as ended:
        return ended.findings[0].code
    return ""


@settings(max_examples=examples(12), deadline=None)
@given(data=st.data())
def test_a_forged_snapshot_is_read_or_refused_by_name(
    old: World, lines: Lines, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.sampled_from(sorted(places(lines[number]), key=repr)))
    value = data.draw(st.sampled_from((GONE, TWICE, *VALUES)))
    choices = Choices(data.draw(st.sampled_from(InAdvance)), data.draw(st.sampled_from(Usage)))
    file = Path(tmp_path_factory.getbasetemp()) / "forged.snapshot"
    file.write_bytes(forged(lines, (number, *place), value))
    new, wire = empty_at_the_same_time(old), Wire()

    code = code_of(file, new, choices, wire)

    assert code in ("", "bad-snapshot", "snapshot-format", "snapshot-cut-short")
    assert getattr(wire, "transport", None) is None or wire.transport.writes == ()
    new.close()
