"""Runs against every generation of the API: what one takes is sent, what it doesn't is refused, and nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from billsync.app.dump.dumping import dump_everything
from billsync.local.server.editions import AUGUST, EDITIONS, KONNECT, KONNECT_LATER, LATER, Edition
from billsync.model.change import Change, Outcome
from billsync.model.ports import RemoteError
from tests.support.configurations import EVERY_FLAG
from tests.support.generations import GENERATIONS
from tests.support.recorder import Recorder
from tests.support.world import Run, World, declared

pytestmark = pytest.mark.thorough

SHOP = """\
_info: {owner: payments}
meters: [{key: calls, name: Calls, event_type: call, aggregation: count}]
features: [{key: calls, name: Calls, meter: calls}]
tax_codes: [{key: vat, name: VAT}]
plans:
  - {key: pro, name: Pro, currency: USD, billing_cadence: P1M, settlement_mode: MODE,
     phases: [{key: default, name: Default, rate_cards: [{feature: calls, price: {type: unit, amount: "1"}}]}]}
customers:
  - key: acme
    name: Acme
    subscription: {plan: pro}
    grants: [{key: g, name: G, amount: 5, currency: USD, funding_method: none, tax_config: {tax_code: vat}}]
"""
CREDIT_ONLY, INVOICED = SHOP.replace("MODE", "credit_only"), SHOP.replace("MODE", "credit_then_invoice")
UNDECLARED = SHOP.replace(" settlement_mode: MODE,", "")


def generation(name: str) -> pytest.MarkDecorator:
    return pytest.mark.generation(name)


EVERY = [
    pytest.param(each, id=name, marks=generation(name))
    for each in EDITIONS
    for name in (f"{each.dialect}@{each.generation}",)
]


@dataclass(slots=True)
class Overheard(httpx.BaseTransport):
    """Passes calls on, and notes their bodies and the answers that a server gives to what it doesn't have."""

    inner: httpx.BaseTransport
    sent: dict[str, Any]
    unknown: list[str]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self.inner.handle_request(request)
        response.read()
        call = f"{request.method} {request.url.path.rpartition('/')[2]}"
        if request.method != "GET":
            self.sent[call] = request.content.decode()
        if response.status_code in (404, 405) or "is unsupported" in response.text:
            self.unknown.append(f"{request.method} {request.url.path} -> {response.status_code}")
        return response


@dataclass(slots=True)
class Ear:
    """Wraps each transport of a world, and knows what went over all of them."""

    sent: dict[str, Any] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    def __call__(self, inner: httpx.BaseTransport) -> httpx.BaseTransport:
        return Overheard(inner, self.sent, self.unknown)


def outcomes(run: Run) -> Mapping[str, Change]:
    return {change.address.text: change for change in run.plan.changes if change.outcome is not Outcome.NOTE}


@pytest.mark.parametrize("edition", EVERY)
def test_a_whole_shop_is_synced_once_on_every_generation(edition: Edition) -> None:
    """Everything is created, no call is unknown to the server, and the second run has nothing to do."""
    world, ear = World(edition=edition), Ear()

    first = world.sync(declared(CREDIT_ONLY), wrap=ear)
    second = world.sync(declared(CREDIT_ONLY), wrap=ear)

    assert first.report.succeeded
    assert not second.plan.pending
    assert (outcomes(second), ear.unknown) == ({}, [])


@pytest.mark.parametrize("edition", EVERY)
def test_a_plans_settlement_mode_is_sent_where_the_server_takes_it(edition: Edition) -> None:
    world, ear = World(edition=edition), Ear()

    world.sync(declared(CREDIT_ONLY), wrap=ear)

    assert ('"settlement_mode":"credit_only"' in ear.sent["POST plans"]) is (edition is LATER)


@generation("openmeter@later")
@pytest.mark.parametrize("text", [INVOICED, UNDECLARED])
def test_another_settlement_mode_makes_a_new_version_where_plans_keep_it(text: str) -> None:
    """Another mode, or none, which means invoices: the subscription of the older version keeps its own."""
    world = World(edition=LATER)
    world.sync(declared(CREDIT_ONLY))

    change = outcomes(world.sync(declared(text)))["plan/pro@2"]

    assert [(each.name, each.old, each.new) for each in change.fields] == [
        ("settlement_mode", "credit_only", "credit_then_invoice")
    ]


@pytest.mark.parametrize("edition", [each for each in EVERY if each.values[0] is not LATER])
def test_another_settlement_mode_is_no_change_of_a_plan_that_keeps_none(edition: Edition) -> None:
    world = World(edition=edition)
    world.sync(declared(CREDIT_ONLY))

    assert "plan/pro@2" not in outcomes(world.sync(declared(INVOICED)))


@pytest.mark.parametrize("edition", EVERY)
def test_a_grants_tax_code_is_spelled_as_the_server_has_it(edition: Edition) -> None:
    world, ear = World(edition=edition), Ear()

    world.sync(declared(CREDIT_ONLY), wrap=ear)

    name = "code" if edition is LATER else "tax_code"
    assert f'"tax_config":{{"{name}":{{"id":' in ear.sent["POST grants"]


@pytest.mark.parametrize("edition", EVERY)
def test_another_tax_code_of_a_grant_is_refused_on_every_generation(edition: Edition) -> None:
    """A grant never changes: the difference is seen, whatever the server calls the field."""
    world = World(edition=edition)
    world.sync(declared(CREDIT_ONLY))
    other = CREDIT_ONLY.replace("tax_codes: [", "tax_codes: [{key: gst, name: GST}, ")
    other = other.replace("tax_code: vat", "tax_code: gst")

    change = outcomes(world.sync(declared(other)))["grant/acme/g"]

    assert (change.code, [each.name for each in change.fields]) == ("immutable-field", ["tax_config.tax_code"])


@pytest.mark.parametrize("edition", EVERY)
def test_a_dump_of_every_generation_is_what_was_declared(edition: Edition) -> None:
    world = World(edition=edition)
    world.sync(declared(CREDIT_ONLY))

    document = dump_everything(world.connection()).document

    assert ("settlement_mode" in document["plans"][0]) is (edition is LATER)
    assert document["customers"][0]["grants"][0]["tax_config"] == {"tax_code": "vat"}


@pytest.mark.parametrize(("text", "changed"), [(UNDECLARED, False), (INVOICED, False), (CREDIT_ONLY, True)])
def test_an_upgraded_server_shows_a_declared_mode_as_a_difference(
    tmp_path: Path, openapi: Recorder, text: str, changed: bool
) -> None:
    """A plan made in August 2026 is shown with invoices; only another declared mode makes a new version of it."""
    openapi.document = None  # there is one for each half
    before = World(database=str(tmp_path / "shop.db"))
    before.sync(declared(text))
    before.close()

    after = World(database=str(tmp_path / "shop.db"), edition=LATER).sync(declared(text))

    assert ("plan/pro@2" in outcomes(after)) is changed


TOKENS = "external: {currencies: [tokens]}\n"
PINNED = "{plan: pro, cost_basis_mode: pinned, settlement_mode: credit_then_invoice}"
LACKING = {
    "cost_basis_mode": ("{plan: pro}", PINNED),
    "phases.rate_cards.currency": ('amount: "1"}}]', 'amount: "1"}, currency: tokens}]'),
}


@generation("konnect@1.1")
@pytest.mark.parametrize("lacking", LACKING)
def test_what_a_generation_lacks_is_refused_before_the_first_write(lacking: str) -> None:
    (old, new), edition = LACKING[lacking], KONNECT
    world, ear = World(edition=edition), Ear()

    run = world.sync(declared(TOKENS + CREDIT_ONLY.replace(old, new)), wrap=ear)

    [change] = [each for each in run.plan.changes if each.outcome is Outcome.UNMANAGEABLE]
    assert change.reason == f"this server's API has no {lacking}"
    assert ear.unknown == []


FEE = '{key: fee, name: Fee, price: {type: flat, amount: "1"}}'
SOLD = f"addons: [{{key: extra, name: Extra, currency: tokens, instance_type: single, rate_cards: [{FEE}]}}]\n"
PRICED = CREDIT_ONLY.replace("currency: USD, billing", "currency: tokens, billing")


@pytest.mark.parametrize("edition", EVERY)
def test_a_custom_currency_is_refused_where_the_server_takes_none(edition: Edition) -> None:
    """It is refused before the first write, by the capability that the server lacks."""
    ear = Ear()

    run = World(edition=edition).sync(declared(TOKENS + SOLD + PRICED), wrap=ear)

    refused = {each.address.text: each.reason for each in run.plan.changes if each.outcome is Outcome.UNMANAGEABLE}
    lacking = {KONNECT: ("plan", "addon"), KONNECT_LATER: ("plan",)}.get(edition, ())
    names = {"plan": "plan/pro", "addon": "addon/extra"}
    said = "this server's API takes no currency of your own, such as 'tokens', as `currency`"
    assert refused == {names[kind]: f"{said} (capability `{kind}.custom_currency`)" for kind in lacking}
    assert ear.unknown == []


@generation("konnect@1.2")
def test_konnect_1_2_takes_a_cost_basis_mode() -> None:
    text = INVOICED.replace("{plan: pro}", "{plan: pro, cost_basis_mode: pinned}")
    world = World(edition=KONNECT_LATER)

    run = world.sync(declared(text))

    assert run.report.succeeded
    assert not world.sync(declared(text)).plan.pending


@generation("konnect@1.2")
def test_a_change_that_would_lose_the_cost_basis_mode_is_refused() -> None:
    pinned = "cost_basis_mode: pinned, settlement_mode: credit_then_invoice"
    story = Story(KONNECT_LATER)
    story.sync(f"{{plan: pro, {pinned}}}")

    state = declared(TWO_PLANS.replace("SUBSCRIPTION", f"{{plan: max, change: immediate, {pinned}}}"))
    run = story.world.sync(state, wrap=story.ear, allow=EVERY_FLAG)

    change = outcomes(run)["subscription/acme/default"]
    assert change.reason == "this server's API can't change a subscription and keep its cost_basis_mode"
    assert (change.outcome, "POST change" in story.written()) == (Outcome.UNMANAGEABLE, False)


def test_each_edition_of_the_embedded_server_is_a_generation() -> None:
    assert EDITIONS[0] is AUGUST
    assert {f"{each.dialect}@{each.generation}" for each in EDITIONS} == set(GENERATIONS)


TWO_PLANS = """\
_info: {owner: payments}
addons:
  - {key: extra, name: Extra, currency: USD, instance_type: multiple,
     rate_cards: [{key: more, name: More, billing_cadence: P1M, price: {type: flat, amount: "3"}}]}
plans:
  - {key: pro, name: Pro, currency: USD, billing_cadence: P1M, settlement_mode: credit_only, addons: [{addon: extra}],
     phases: [{key: a, name: A, rate_cards: [{key: fee, name: Fee, billing_cadence: P1M,
      price: {type: flat, amount: "10"}}]}]}
  - {key: max, name: Max, currency: USD, billing_cadence: P1M, settlement_mode: credit_only, addons: [{addon: extra}],
     phases: [{key: a, name: A, rate_cards: [{key: fee, name: Fee, billing_cadence: P1M,
      price: {type: flat, amount: "20"}}]}]}
customers: [{key: acme, name: Acme, subscription: SUBSCRIPTION}]
"""


@dataclass(slots=True)
class Story:
    """A customer of one server, whose subscription is declared anew from time to time."""

    edition: Edition
    ear: Ear = field(default_factory=Ear)
    world: World = field(init=False)

    def __post_init__(self) -> None:
        self.world = World(edition=self.edition)

    def sync(self, subscription: str, text: str = TWO_PLANS) -> Run:
        """One run with all guards overridden, in which no call is unknown to the server, and one that finds nothing."""
        state = declared(text.replace("SUBSCRIPTION", subscription))
        self.ear.sent.clear()
        run = self.world.sync(state, wrap=self.ear, allow=EVERY_FLAG)
        again = self.world.sync(state, allow=EVERY_FLAG)
        assert (run.report.succeeded, again.plan.pending, self.ear.unknown) == (True, (), [])
        return run

    def written(self) -> list[str]:
        """The calls of the last run, by their method and the last part of their path."""
        return sorted(self.ear.sent)


@pytest.mark.parametrize("edition", EVERY)
@pytest.mark.parametrize("timing", ["immediate", "at_renewal"])
def test_a_subscription_changes_its_plan_on_every_generation(edition: Edition, timing: str) -> None:
    story = Story(edition)
    story.sync("{plan: pro}")

    story.sync(f"{{plan: max, change: {timing}}}")

    assert story.written() == ["POST change"]


@pytest.mark.parametrize("edition", EVERY)
def test_a_new_version_is_moved_to_in_place_where_the_server_can(edition: Edition) -> None:
    """The same subscription where the server migrates, and a change where it doesn't."""
    story = Story(edition)
    story.sync("{plan: pro, version: latest}")

    story.sync("{plan: pro, version: latest, change: immediate}", TWO_PLANS.replace('"10"', '"11"'))

    moved = [call for call in story.written() if call in ("POST change", "POST migrate")]
    assert moved == ["POST migrate" if edition is LATER else "POST change"]


@pytest.mark.parametrize("edition", EVERY)
def test_a_later_start_takes_the_form_that_the_server_has(edition: Edition) -> None:
    """Through API v3 with a timing, through v1, or waiting for the day."""
    story = Story(edition)

    story.sync("{plan: pro, start: 2026-10-15T00:00:00Z}")

    sent = story.ear.sent.get("POST subscriptions", "")
    assert ('"timing":"2026-10-15T00:00:00Z"' in sent) is not edition.is_konnect
    assert ('"customerId"' in sent) is (edition is AUGUST)


@pytest.mark.parametrize("edition", [each for each in EVERY if not each.values[0].is_konnect])
def test_the_quantity_of_an_addon_takes_the_form_that_the_server_has(edition: Edition) -> None:
    story = Story(edition)
    story.sync("{plan: pro, addons: [{addon: extra, quantity: 1}]}")

    story.sync("{plan: pro, change: immediate, addons: [{addon: extra, quantity: 2}]}")

    [call] = story.written()
    assert (call.startswith("PATCH"), '"quantity":2' in story.ear.sent[call]) == (True, True)


@generation("konnect@1.1")
def test_konnect_cannot_attach_and_says_so() -> None:
    state = declared(TWO_PLANS.replace("SUBSCRIPTION", "{plan: pro, addons: [{addon: extra, quantity: 1}]}"))
    world, ear = World(edition=KONNECT), Ear()

    run = world.sync(state, wrap=ear, allow=EVERY_FLAG)

    assert Outcome.UNMANAGEABLE in {change.outcome for change in run.plan.changes}
    assert ear.unknown == []


@dataclass(slots=True)
class Hiding(httpx.BaseTransport):
    """Passes calls on, but for a list that the server doesn't have."""

    inner: httpx.BaseTransport
    hidden: str
    writes: list[str]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if f"/{self.hidden}" in request.url.path:
            return httpx.Response(404, json={"status": 404, "title": "Not Found", "detail": "no Route matched"})
        if request.method != "GET":
            self.writes.append(f"{request.method} {request.url.path.rpartition('/')[2]}")
        return self.inner.handle_request(request)


@generation("konnect@1.1")
@pytest.mark.parametrize(
    ("hidden", "reason", "others"),
    [
        ("tax-codes", "this server's API has no list of tax codes", {"customer/acme", "plan/pro@1"}),
        ("addons", "this server's API has no list of addons", {"customer/acme", "tax_code/vat"}),
    ],
)
def test_a_kind_that_konnect_does_not_list_is_unmanageable(hidden: str, reason: str, others: set[str]) -> None:
    """What its table says is corrected by what answers 404: nothing of that kind, or that needs it, is written."""
    addon = TWO_PLANS[TWO_PLANS.index("addons:") : TWO_PLANS.index("plans:")]
    text = CREDIT_ONLY + (addon if hidden == "addons" else "")
    world, writes = World(edition=KONNECT), []

    run = world.sync(declared(text), wrap=lambda inner: Hiding(inner, hidden, writes))

    unmanageable = [change.reason for change in run.plan.changes if change.outcome is Outcome.UNMANAGEABLE]
    assert (unmanageable, run.report.succeeded) == ([reason], True)
    assert others <= {change.address.text for change in run.plan.pending}


@pytest.mark.parametrize("edition", [AUGUST])
def test_a_list_that_openmeter_does_not_answer_is_an_error(edition: Edition) -> None:
    with pytest.raises(RemoteError, match="GET /openmeter/tax-codes: 404"):
        World(edition=edition).sync(declared(CREDIT_ONLY), wrap=lambda inner: Hiding(inner, "tax-codes", []))
