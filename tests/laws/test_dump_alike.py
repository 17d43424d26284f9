"""The law of a quick dump: it is the full code's, byte for byte, whatever rows there are."""

import json
from collections.abc import Callable
from functools import reduce
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.reconcile.answers import Api
from benchmarks.reconcile.store import Shelf, filled
from billsync.app.dump.dumping import dump_everything
from billsync.app.server.connection import Connection
from billsync.core.changes import read_set
from billsync.core.dump.card_library import with_library
from billsync.core.dump.dump import Dump
from billsync.core.dump.losses import loss_rows, told
from billsync.core.dump.sanitized import sanitized
from billsync.core.dump.selected import selected_dump
from billsync.core.secrets.pseudonyms import Pseudonyms
from billsync.kinds.registry import KINDS
from billsync.model.ports import RemoteError
from billsync.render.formats.yaml_text import to_yaml
from tests.support.budgets import examples
from tests.support.clock import FakeClock
from tests.support.made_up_server import Asked
from tests.support.world import World, declared

pytest.importorskip("msgspec", reason="there is a quick dump only where rows are decoded by compiled code")

from billsync.app.dump import alike as dumped_alike
from billsync.app.dump.alike import catalog_of, dump_quickly
from billsync.app.dump.rows import read_members, read_roots

CUSTOMERS = 8
DEEP: Any = reduce(lambda inner, _: [inner], range(400), [])
GIFTS = "_info: {owner: gifts}\ncustomers:\n"
GIFTED = """\
- key: c{0}
  name: Customer {0}
  grants: [{{key: g, name: Gift, amount: "100", currency: USD, funding_method: none}}]
"""
PART = (("grant", "*1*"), ("customer", "*2"))
ODD: tuple[Any, ...] = (
    None,
    "",
    " ",
    "0",
    "no",
    "2026",
    "a\u0085b",
    "ü\u200b",
    "x" * 300,
    0,
    1,
    True,
    1.5,
    10**20,
    [],
    [""],
    ["b", "a", "b"],
    ["customer-000003"],
    {},
    {"a": "b"},
    {"a": 1},
    {"billsync_owner": "other"},
    {"openmeter_x": "1"},
    "01K5E3Z7AB0300000000000100",
    "01K5E3Z7AB0200000000000000",
    "2026-02-29T00:00:00Z",
    "2026-03-01T00:00:00.120Z",
    "2027-01-01T00:00:00+02:00",
    "1.50",
    "-1",
    "1e3",
    "active",
    "inactive",
    "canceled",
    "scheduled",
    "voided",
    "expired",
    "credit_only",
    "EUR",
    "XXX",
    DEEP,
)
FIELDS: dict[str, tuple[str, ...]] = {
    "customers": (
        "key",
        "name",
        "description",
        "labels",
        "labels.region",
        "labels.billsync_owner",
        "primary_email",
        "currency",
        "usage_attribution",
        "usage_attribution.subject_keys",
        "billing_address",
        "billing_address.city",
        "deleted_at",
        "created_at",
        "metadata",
    ),
    "subscriptions": (
        "status",
        "plan",
        "plan_id",
        "plan.id",
        "labels",
        "labels.billsync_key",
        "labels.billsync_plan",
        "billing_anchor",
        "labels.billsync_owner",
        "settlement_mode",
        "cost_basis_mode",
        "active_from",
        "active_to",
        "phases",
        "deleted_at",
        "phases.0.active_from",
        "phases.0.items.1.active_to",
        "phases.0.items.1.rate_card.price",
        "customer_id",
        "phases.0.items.2.rate_card.key",
        "billing_cadence",
        "current_period",
    ),
    "grants": (
        "key",
        "name",
        "amount",
        "currency",
        "funding_method",
        "priority",
        "effective_at",
        "expires_at",
        "created_at",
        "labels",
        "labels.campaign",
        "status",
        "purchase",
        "filters",
        "tax_config",
        "description",
        "deleted_at",
    ),
}

oddities = st.sampled_from(sorted(FIELDS)).flatmap(
    lambda name: st.tuples(
        st.just(name), st.integers(0, CUSTOMERS - 1), st.sampled_from(FIELDS[name]), st.sampled_from(ODD)
    )
)
twins = st.tuples(st.sampled_from(sorted(FIELDS)), st.integers(0, CUSTOMERS - 1))


def with_value(row: Any, path: str, value: Any) -> Any:
    """The row with another value at a path, as far as the path is there."""
    head, _, rest = path.partition(".")
    if isinstance(row, list) and head.isdigit() and int(head) < len(row):
        return [with_value(one, rest, value) if place == int(head) else one for place, one in enumerate(row)]
    if not isinstance(row, dict):
        return row
    return {**row, head: with_value(row.get(head), rest, value) if rest else value}


def changed(shelf: Shelf, number: int, path: str, value: Any) -> None:
    row_id = list(shelf.rows)[number % len(shelf.rows)]
    shelf.rows[row_id] = json.dumps(with_value(shelf.fields(row_id), path, value)).encode()


def doubled(shelf: Shelf, number: int) -> None:
    """Another row that differs in its id alone."""
    row_id = list(shelf.rows)[number % len(shelf.rows)]
    parents = [parent for parent, ids in shelf.by_parent.items() if row_id in ids]
    twin = f"{row_id[:-1]}9"
    shelf.add(twin, shelf.rows[row_id].replace(row_id.encode(), twin.encode()), parent=parents[0] if parents else "")


def outcome(dump: Callable[[Connection], Dump], api: Api) -> str:
    try:
        dumped = dump(Connection(Asked(api), FakeClock(), "made up", "openmeter"))
    except RemoteError as error:
        return str(error)
    notes = "\n".join(f"{note.code}: {note.text}" for note in told(dumped.losses))
    rows = "\n".join(map(repr, loss_rows(dumped.losses)))
    forms = (
        dumped,
        selected_dump(dumped, PART, KINDS),
        with_library(sanitized(dumped, Pseudonyms(b"key"), KINDS), KINDS),
    )
    texts = "\n".join(to_yaml(form.document, form.comments) for form in forms)
    return f"{texts}\n{notes}\n{rows}"


@pytest.fixture(autouse=True)
def _however_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_set, "FEW", 0)


def test_customers_that_are_like_others_are_dumped_quickly() -> None:
    connection = Connection(Asked(Api(filled(CUSTOMERS))), FakeClock(), "made up", "openmeter")

    found = read_members(connection, catalog_of(connection), read_roots(connection))

    assert [member.is_alike for member in found.members.values()] == [True] * CUSTOMERS


@settings(max_examples=examples(60))
@given(st.lists(oddities, max_size=4), st.lists(twins, max_size=1), st.integers(1, 2))
def test_a_quick_dump_is_the_full_dump(
    odd: list[tuple[str, int, str, Any]], more: list[tuple[str, int]], every: int
) -> None:
    shelves = filled(CUSTOMERS, subscribers_every=every)
    for name, number, path, value in odd:
        changed(shelves[name], number, path, value)
    for name, number in more:
        doubled(shelves[name], number)

    assert outcome(dump_quickly, Api(shelves)) == outcome(dump_everything, Api(shelves))


def test_grants_may_name_a_tax_code_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server gives grants one of its own tax codes, which the file names as external."""
    world = World(seed=1)
    world.sync(declared(GIFTS + "".join(map(GIFTED.format, range(3)))))
    whole = dump_everything(world.connection())
    monkeypatch.setattr(dumped_alike, "dump_everything", None)

    found = dump_quickly(world.connection())

    assert found.document["external"] == {"tax_codes": ["nontaxable"]}
    assert to_yaml(found.document, found.comments) == to_yaml(whole.document, whole.comments)
