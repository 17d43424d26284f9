"""Plan files and what they were decided on: each field that decides, changed on the server since, is refused and named;
no other field is."""

import shutil
from collections.abc import Iterator, Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import httpx
import pytest

from billsync.api.routes import routes
from billsync.app.ending import Exit
from billsync.app.outcomes import code_of_plan_file_run
from billsync.core.diffing.readings import decided_on
from billsync.core.plan_file import from_json
from billsync.kinds.registry import KINDS
from billsync.model.change import PlanFile
from billsync.model.ports import RemoteError
from billsync.model.result import Status
from tests.support.faults import Killed
from tests.support.newer_server import Newer, showing
from tests.support.world import World, Wrap, declared, rows_of

pytestmark = pytest.mark.thorough

BEFORE = """\
_info: {owner: payments}
meters:
  - {key: calls, name: Calls, event_type: call, aggregation: sum, value_property: $.n, dimensions: {region: $.region}}
  - {key: others, name: Others, event_type: other, aggregation: count}
features:
  - {key: calls, name: Calls, meter: calls, unit_cost: {type: manual, amount: "0.1"}}
  - {key: support, name: Support}
tax_codes: [{key: vat, name: VAT, app_mappings: [{app_type: sandbox, tax_code: x}]}]
addons:
  - {key: extra, name: Extra, currency: USD, instance_type: multiple,
     rate_cards: [{feature: support, price: {type: flat, amount: "5"}}]}
plans:
  - {key: pro, name: Pro, currency: USD, billing_cadence: P1M, settlement_mode: credit_only,
     phases: [{key: default, name: Default, rate_cards: [{feature: calls, price: {type: unit, amount: "1"}}]}],
     addons: [{addon: extra}]}
customers:
  - {key: acme, name: Acme, currency: USD, usage_attribution: {subject_keys: [acme-prod]}, primary_email: a@b.example}
"""
MORE = (
    BEFORE.replace("tax_codes:", "  - {key: more, name: More, meter: calls}\ntax_codes:")
    .replace(
        "plans:\n",
        """\
  - {key: other, name: Other, currency: USD, instance_type: single,
     rate_cards: [{feature: support, price: {type: flat, amount: "5"}, tax_config: {code: vat}}]}
plans:
  - {key: max, name: Max, currency: USD, billing_cadence: P1M, settlement_mode: credit_only,
     phases: [{key: default, name: Default, rate_cards: [
       {feature: calls, price: {type: unit, amount: "2"}, tax_config: {code: vat}}]}],
     addons: [{addon: extra}]}
""",
    )
    .replace(
        "primary_email: a@b.example}",
        """primary_email: a@b.example,
     subscription: {plan: pro, addons: [{addon: extra, quantity: 2}]},
     grants: [{key: gift, name: Gift, amount: "5", currency: USD, funding_method: invoice, purchase: {currency: USD},
               tax_config: {tax_code: vat}, filters: {features: [calls]}}]}""",
    )
)
"""For every way in which an entity refers to another, a new one that does."""

CHANGED: Mapping[str, Mapping[str, Any]] = {
    "meter": {
        "name": "Changed",
        "description": "changed",
        "labels": {"changed": "yes"},
        "aggregation": "max",
        "event_type": "changed",
        "events_from": "2026-01-01T00:00:00Z",
        "value_property": "$.changed",
        "dimensions": {"region": "$.changed"},
    },
    "feature": {
        "name": "Changed",
        "description": "changed",
        "labels": {"changed": "yes"},
        "meter": None,
        "unit_cost": {"type": "manual", "amount": "9"},
    },
    "tax_code": {
        "name": "Changed",
        "description": "changed",
        "labels": {"changed": "yes"},
        "app_mappings": [{"app_type": "sandbox", "tax_code": "changed"}],
    },
    "addon": {
        "name": "Changed",
        "description": "changed",
        "labels": {"changed": "yes"},
        "currency": "EUR",
        "instance_type": "single",
        "rate_cards": [],
        "status": "archived",
    },
    "plan": {
        "name": "Changed",
        "description": "changed",
        "currency": "EUR",
        "billing_cadence": "P1Y",
        "pro_rating_enabled": False,
        "phases": [],
        "status": "archived",
    },
    "customer": {
        "name": "Changed",
        "description": "changed",
        "labels": {"changed": "yes"},
        "usage_attribution": {"subject_keys": ["changed"]},
        "primary_email": "changed@b.example",
        "currency": "EUR",
        "billing_address": {"country": "DE"},
    },
}
"""By kind, another value of each field as its row shows it; a status that no version in force has."""
ASIDE = {("plan", "labels"), ("plan", "settlement_mode"), ("plan", "addons"), ("customer", "billing")}
"""Fields that no row of this API shows, and the plan's add-ons, which are rows of their own."""
OPEN = """\
_info: {owner: payments}
features: [{key: support, name: Support}]
addons:
  - {key: extra, name: Extra, currency: USD, instance_type: multiple,
     rate_cards: [{feature: support, billing_cadence: P1M, price: {type: flat, amount: "5"}}]}
plans:
  - {key: pro, name: Pro, currency: USD, billing_cadence: P1M, settlement_mode: credit_only,
     phases: [{key: default, name: Default, rate_cards: [
       {key: base, name: Base, billing_cadence: P1M, price: {type: flat, amount: "9"}}]}],
     addons: [{addon: extra}]}
customers:
  - {key: birch, name: Birch}
"""
SOLD = OPEN.replace(
    "name: Birch}",
    """name: Birch, subscription: {plan: pro, addons: [{addon: extra, quantity: 2}]},
     grants: [{key: gift, name: Gift, amount: "5", currency: USD, funding_method: none}]}""",
)
"""A customer without a currency, which the server fills in with the first subscription, before the add-ons."""
KEYS = {"meter": "calls", "feature": "calls", "tax_code": "vat", "addon": "extra", "plan": "pro", "customer": "acme"}
READ = {name: frozenset[str]().union(*(decided_on(kind).get(name, ()) for kind in KINDS.values())) for name in KINDS}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with everything that is referred to."""
    path = tmp_path_factory.mktemp("readings") / "template.db"
    world = World(database=str(path))
    assert world.sync(declared(BEFORE)).report.succeeded
    world.close()
    return path


@pytest.fixture(scope="module")
def decided(template: Path) -> str:
    """The plan file of all that is new."""
    world = World(seed=2, database=str(template))
    text = world.plan_file(declared(MORE))
    world.close()
    return text


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    """The server on which the plan file was decided."""
    shutil.copy(template, tmp_path / "copy.db")
    world = World(seed=3, database=str(tmp_path / "copy.db"))
    yield world
    world.close()


def before_write(number: int) -> Wrap:
    """A process that is killed before its write of this number, from 0."""

    def wrap(inner: httpx.BaseTransport) -> httpx.BaseTransport:
        left = iter(range(number))

        def handle(request: httpx.Request) -> httpx.Response:
            if request.method != "GET" and next(left, None) is None:
                raise Killed
            return inner.handle_request(request)

        return httpx.MockTransport(handle)

    return wrap


@pytest.fixture
def without_currency() -> Iterator[World]:
    world = World()
    assert world.sync(declared(OPEN)).report.succeeded
    yield world
    world.close()


def path_of(kind: str) -> str:
    return routes("openmeter")[kind].collection.removeprefix("/openmeter")


def row_of(world: World, kind: str, key: str) -> dict[str, Any]:
    with world.http() as http:
        return next(row for row in rows_of(http, path_of(kind)) if row["key"] == key)


def decides(kind: str, field: str) -> bool:
    """Whether anything is decided on a field; a version's status always counts."""
    return field in READ[kind] or field == "status"


DECIDING = [
    pytest.param(kind, field, id=f"{kind}.{field}")
    for kind, fields in CHANGED.items()
    for field in fields
    if decides(kind, field)
]


def elsewhere(world: World, kind: str, field: str) -> Wrap:
    """The server as somebody else has left it: one field of one row is another."""
    row = row_of(world, kind, KEYS[kind])
    other = {"id": row_of(world, "meter", "others")["id"]} if (kind, field) == ("feature", "meter") else None
    return showing(str(row["id"]), (field,), other or CHANGED[kind][field])


def decided_on_it(plan: PlanFile, kind: str, field: str) -> set[str]:
    found = (one for one in plan.readings if (one.address.kind, one.address.key) == (kind, KEYS[kind]))
    return {step for one in found if field in (*(one.fields or ()), "status") for step in one.steps}


def test_every_field_that_is_read_to_decide_is_changed_here() -> None:
    """The table has each field of each kind that others are decided on, and some that nobody is decided on."""
    known = {name: set(KINDS[name].record.fields) - {"key"} for name in CHANGED}

    assert {name for name, fields in READ.items() if fields} == CHANGED.keys()
    assert {(name, field) for name in known for field in known[name] - CHANGED[name].keys()} <= ASIDE


def test_no_id_of_the_server_is_in_a_plan_file(world: World, decided: str) -> None:
    with world.http() as http:
        ids = [row["id"] for kind in KEYS for row in rows_of(http, path_of(kind))]

    assert ids
    assert [server_id for server_id in ids if server_id in decided] == []


@pytest.mark.parametrize(("kind", "field"), DECIDING)
def test_what_was_decided_on_a_changed_field_is_stale(world: World, decided: str, kind: str, field: str) -> None:
    plan = from_json(decided)
    stale = decided_on_it(plan, kind, field)

    report = world.run_plan_file(decided, wrap=elsewhere(world, kind, field))

    reasons = {result.step.id: result.reason for result in report.results if result.status is Status.STALE}
    assert stale, "nothing was decided on it"
    assert set(reasons) <= stale
    assert {r.step.id for r in report.results if r.status in (Status.STALE, Status.BLOCKED)} >= stale
    assert all(f"it was decided on {kind}/{KEYS[kind]}" in reason and field in reason for reason in reasons.values())
    assert {result.status for result in report.results} <= {Status.STALE, Status.DONE, Status.BLOCKED}


@pytest.mark.parametrize("kind", CHANGED)
def test_all_other_fields_may_change(world: World, decided: str, kind: str) -> None:
    others = [field for field in CHANGED[kind] if not decides(kind, field)]
    changed = [elsewhere(world, kind, field) for field in others]

    report = world.run_plan_file(decided, wrap=lambda inner: reduce(lambda shown, wrap: wrap(shown), changed, inner))

    assert others, "there is nothing to change"
    assert [(result.step.id, result.reason) for result in report.results if result.status is not Status.DONE] == []


def test_a_plan_file_that_has_run_is_not_stale_by_itself(world: World, decided: str) -> None:
    """Neither its own writes make it stale, nor does what came after them: what is done is done."""
    first = world.run_plan_file(decided)

    again = world.run_plan_file(decided, wrap=elsewhere(world, "feature", "meter"))

    assert {result.status for result in first.results} == {Status.DONE}
    assert {result.status for result in again.results} == {Status.ALREADY}


@pytest.mark.parametrize(
    ("field", "value", "stale", "reason"),
    [
        ("currency", "EUR", "grant/birch/gift:create", "currency is EUR, was (none)"),
        (
            "usage_attribution",
            {"subject_keys": ["another"]},
            "subscription/birch/default:create",
            'usage_attribution is {"subject_keys": ["another"]}, was (none)',
        ),
    ],
)
def test_a_field_that_was_absent_makes_stale(
    without_currency: World, field: str, value: object, stale: str, reason: str
) -> None:
    """A customer who is billed otherwise since is given nothing: the subscription would fail after the grant."""
    text = without_currency.plan_file(declared(SOLD))
    changed = showing(str(row_of(without_currency, "customer", "birch")["id"]), (field,), value)

    report = without_currency.run_plan_file(text, wrap=changed)

    reasons = {result.step.id: result.reason for result in report.results if result.status is Status.STALE}
    assert reasons == {stale: f"it was decided on customer/birch: {reason}"}
    assert report.wrote is (field != "currency")
    assert code_of_plan_file_run(from_json(text), report.results, wrote=report.wrote) is Exit.STALE


def test_a_currency_that_the_plan_files_own_steps_give_is_expected(without_currency: World) -> None:
    text = without_currency.plan_file(declared(SOLD))
    given = showing(str(row_of(without_currency, "customer", "birch")["id"]), ("currency",), "USD")

    report = without_currency.run_plan_file(text, wrap=given)

    assert {result.status for result in report.results} == {Status.DONE}


def test_a_run_that_broke_off_after_a_currency_was_filled_in_is_resumed(without_currency: World) -> None:
    text = without_currency.plan_file(declared(SOLD))
    with pytest.raises(Killed):
        without_currency.run_plan_file(text, wrap=before_write(2))
    filled = row_of(without_currency, "customer", "birch")["currency"]

    report = without_currency.run_plan_file(text)

    assert filled == "USD"
    assert [result.status for result in report.results] == [Status.ALREADY, Status.ALREADY, Status.DONE]


def test_what_is_refused_to_be_read_stops_the_run_before_its_first_write(world: World, decided: str) -> None:
    broken = Newer(lambda body: {"data": "?"} if "data" in body else body)

    with pytest.raises(RemoteError):
        world.run_plan_file(decided, wrap=broken)

    assert broken.writes == []
