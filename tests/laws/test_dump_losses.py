"""What a dump doesn't carry is told: created again from it on an empty server, only what it named differs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billsync.app.dump.dumping import dump_everything
from billsync.core.dump.dump import Dump
from billsync.core.dump.losses import told
from billsync.model.state import Desired
from billsync.render.formats.yaml_text import to_yaml
from tests.support.budgets import examples
from tests.support.configurations import EVERY_FLAG, states
from tests.support.end_state import EndState, end_state
from tests.support.world import World, declared

pytestmark = pytest.mark.thorough

several = settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.too_slow])
DAY = timedelta(days=1).total_seconds()
MADE_ANEW = frozenset(
    {"version", "status", "effective_from", "effective_to", "current_period", "name", "plan", "over time"}
)
"""Members of rows that are told once for all, or have no meaning on another server."""


def dumped(world: World) -> Dump:
    """A dump of a server, as the command makes it."""
    return dump_everything(world.connection())


def texts(found: Dump) -> list[str]:
    """The sentences that tell its losses."""
    return [note.text for note in told(found.losses)]


def made_anew(found: Dump) -> World:
    """An empty server after a sync of a dump."""
    world = World(seed=2)
    text = to_yaml(found.document, found.comments)
    world.sync(declared(text if "_info" in found.document else f"_info: {{owner: payments}}\n{text}"), allow=EVERY_FLAG)
    return world


def differences(before: EndState, after: EndState) -> Iterator[str]:
    """The addresses of what is live on the first server and not the same on the other."""
    for kind, rows in before.rows.items():
        there = [without_chance(row) for row in after.rows[kind]]
        live = (row for row in rows if not is_past(row))
        yield from (name_of(kind, row) for row in live if without_chance(row) not in there)
    for customer, balances in before.balances.items():
        if {c: a for c, a in balances.items() if a != "0"} != {
            c: a for c, a in after.balances.get(customer, {}).items() if a != "0"
        }:
            yield f"customer/{customer}"


def is_past(row: Mapping[str, Any]) -> bool:
    """Whether a row is history: a link that was changed into another, or an add-on that was detached."""
    return row.get("quantity") == 0 or row.get("status") == "inactive"


def without_chance(row: Mapping[str, Any]) -> str:
    """A row as text, without what another server can't have the same: version numbers above all, and the links of a
    chain."""
    labels = {name: text for name, text in row.get("labels", {}).items() if not name.startswith("openmeter_")}
    known = {**row, "labels": labels}
    kept = {name: value for name, value in known.items() if name not in MADE_ANEW and value not in ({}, [], None, "")}
    return re.sub(r"@\d+", "", repr(kept))


def name_of(kind: str, row: Mapping[str, Any]) -> str:
    match kind:
        case "subscription":
            key = row["labels"].get("billsync_key", "default")
            return f"subscription/{row['customer_id'].removeprefix('customer/')}/{key}"
        case "grant":
            return f"grant/{row['customer'].removeprefix('customer/')}/{row.get('key', '')}"
        case "subscription_addon":
            return str(row["addon"]).partition("@")[0]
        case "plan_addon":
            return str(row["plan"]).partition("@")[0]
        case _:
            return f"{kind}/{row['key']}"


@several
@given(states(), states(), st.integers(0, 40), st.lists(st.sampled_from(["acme", "globex"]), max_size=4))
def test_what_differs_after_a_dump_is_made_anew_was_told(
    before: Desired, after: Desired, days: int, users: list[str]
) -> None:
    world = World()
    world.sync(before)
    with world.http() as http:
        for number, user in enumerate(users):
            event = {"specversion": "1.0", "id": str(number), "source": "s", "type": "calls", "subject": f"{user}-prod"}
            http.post("events", json=event).raise_for_status()
    world.clock.advance(days * DAY)
    world.sync(after, allow=EVERY_FLAG)
    found = dumped(world)

    anew = made_anew(found)

    said = " ".join(texts(found))
    untold = {
        name for name in differences(end_state(world), end_state(anew)) if f"{name} " not in said.replace(":", " ")
    }
    assert untold == set(), said


FILES = """\
_info: {owner: payments}
meters: [{key: calls, name: Calls, event_type: call, aggregation: count}]
features: [{key: calls, name: Calls, meter: calls}]
plans:
  - key: pro
    name: Pro
    currency: USD
    billing_cadence: P1M
    settlement_mode: credit_only
    phases:
      - {key: trial, name: Trial, duration: P7D, rate_cards: [{feature: calls, price: {type: free}}]}
      - {key: paid, name: Paid, rate_cards: [{feature: calls, price: {type: unit, amount: PRICE}}]}
customers:
  - key: acme
    name: Acme
    usage_attribution: {subject_keys: [acme]}
    subscription: {plan: pro}
    grants:
      - {key: start, name: Start, amount: "50", currency: USD, funding_method: none, expires_after: P6M}
      - {key: bought, name: Bought, amount: "5", currency: USD, funding_method: invoice, purchase: {}}
  - {key: birch, name: Birch, usage_attribution: {subject_keys: [birch]}, subscription: {plan: pro}}
"""


def used(http: httpx.Client, subject: str) -> None:
    event = {"specversion": "1.0", "id": subject, "source": "s", "type": "call", "subject": subject}
    http.post("events", json=event).raise_for_status()


@pytest.fixture(scope="module")
def said() -> str:
    """Everything that a dump says of a server on which each loss there is has happened."""
    world = World()
    world.sync(declared(FILES.replace("PRICE", "2")))
    world.clock.advance(10 * DAY)
    with world.http() as http:
        used(http, "acme")
        used(http, "birch")
        cents = {"precision": 2, "decimal_mark": ".", "thousand_separator": ","}
        http.post("currencies/custom", json={"code": "COINS", "name": "Coins", **cents}).raise_for_status()
        http.post("customers", json={"key": "hand", "name": "Made by hand"}).raise_for_status()
    world.clock.advance(30 * DAY)
    world.sync(declared(FILES.replace("PRICE", "3")))
    with world.http() as http:
        subscriptions = {row["customer_id"]: row["id"] for row in http.get("subscriptions").json()["data"]}
        birch = next(row for row in http.get("customers").json()["data"] if row["key"] == "birch")
        cancel = {"timing": "next_billing_cycle"}
        http.post(f"subscriptions/{subscriptions[birch['id']]}/cancel", json=cancel).raise_for_status()
    return "\n".join(texts(dumped(world)))


@pytest.mark.parametrize(
    "sentence",
    [
        "customer/acme has 53 USD of credit, and this file grants 55: created again, its used credit is granted again",
        "customer/birch has -2 USD of credit, and this file grants 0: created again, its debt is forgotten",
        "customer/hand has no owner here: a sync that creates it again marks it as owned by 'payments'",
        "every subscription that is created again begins again, and its fees in advance are due again",
        "grant/acme/bought was invoiced (settled): created again, it is invoiced again",
        "grant/acme/start expires at 2027-03-01T00:00:00Z: created again, it has its whole duration again",
        "plan/pro: left out @1 (archived); a file declares the active version",
        "settlement_mode of a plan can't be read: each subscription says its own",
        "subscription/acme/default began at 2026-09-01T00:00:00Z: created again, it begins with the phase 'trial' "
        "again",
        "subscription/acme/default is on plan/pro@1, which this file doesn't declare: a server that lacks it can't "
        "have subscription/acme/default at its price",
        "the custom currency 'COINS' is not in this file, and its cost bases: a fresh server doesn't have it",
    ],
)
def test_each_loss_is_told(said: str, sentence: str) -> None:
    assert sentence in said.splitlines(), said


def test_nothing_is_lost_in_silence_where_nothing_can_be_said_but_for_all() -> None:
    world = World()
    world.sync(declared("_info: {owner: payments}\ncustomers: [{key: acme, name: Acme}]"))

    found = dumped(world)

    assert [text for text in texts(found) if "language models" not in text] == []


def test_a_live_value_that_no_file_may_have_is_told() -> None:
    world = World()
    with world.http() as http:
        made = http.post("customers", json={"key": "acme", "name": "Acme"}).json()
        grant = {"key": "start", "name": "Start", "amount": "5", "currency": "USD", "funding_method": "none"}
        http.post(f"customers/{made['id']}/credits/grants", json={**grant, "key": " ,"}).raise_for_status()

    said = texts(dumped(world))

    assert [text for text in said if "a file with it is refused" in text], said


def test_a_live_value_that_no_file_may_have_beside_others_is_told() -> None:
    world = World()
    with world.http() as http:
        for key in ("beta", "acme"):  # the server refuses them the other way round
            body = {"key": key, "name": key, "usage_attribution": {"subject_keys": ["beta"][: key == "acme"]}}
            http.post("customers", json=body).raise_for_status()

    said = [text for text in texts(dumped(world)) if "a file with it is refused" in text]

    reason = '"beta" is the key of a customer, and the server would then refuse every update of that customer'
    assert said == [f"customer/acme: {reason}: a file with it is refused"]


def test_a_live_duration_that_no_file_may_have_is_told() -> None:
    world = World()
    card = {"key": "fee", "name": "Fee", "price": {"type": "free"}}
    phases = [
        {"key": "trial", "name": "Trial", "duration": "P1.5M", "rate_cards": [card]},
        {"key": "default", "name": "Default", "rate_cards": [card]},
    ]
    plan = {"key": "pro", "name": "Pro", "currency": "USD", "billing_cadence": "P1M", "phases": phases}
    with world.http() as http:
        made = http.post("plans", json=plan).json()
        http.post(f"plans/{made['id']}/publish").raise_for_status()

    said = texts(dumped(world))

    assert "plan/pro: the server rounds the fractions of P1.5M: a file with it is refused" in said
