"""Live rows as views, wanted fields as whole views, views as request bodies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from billsync.api.routes import routes
from billsync.core.changes.parts import embedded
from billsync.core.declared.check import problems
from billsync.core.views.hidden_fields import without_hidden
from billsync.core.views.normalize import normalize
from billsync.core.views.view import body, complete, part_body, view
from billsync.kinds.registry import KINDS
from billsync.model.address import Address, Symbol
from billsync.model.duration import parse_duration
from billsync.model.kind import Absent, Kind, LabelPolicy
from billsync.model.moment import moment_text, parse_moment
from billsync.model.value import canonical
from tests.support.budgets import examples
from tests.support.strategies import entities

SHARED = Path(__file__).resolve().parents[3] / "shared"
EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
quick = settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))

METER, FEATURE, ADDON, PLAN, CUSTOMER, GRANT, SUBSCRIPTION = (
    KINDS[name] for name in ("meter", "feature", "addon", "plan", "customer", "grant", "subscription")
)
ROUTES = routes("openmeter")
CREATED = "2026-11-21T10:12:06.757135Z"
LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


def symbol(kind: str, *names: str, version: int | None = None) -> Symbol:
    return Symbol(Address(kind, names, version))


class Server:
    """Answers a create with what was sent: ids for Symbols, JSON for numbers, and what every row has besides."""

    def __init__(self) -> None:
        self.names: dict[str, Address] = {}

    def row(self, kind: Kind, sent: Any) -> dict[str, Any]:
        row = {"id": "01ROW", "created_at": CREATED, "updated_at": CREATED, "labels": {}, **self.bound(sent)}
        row["labels"] = {**row["labels"], "openmeter_createdBy": "somebody"}
        if expires_after := row.pop("expires_after", None):
            start = parse_moment(str(row.get("effective_at") or CREATED))
            duration = parse_duration(expires_after)
            assert start is not None
            assert duration is not None
            row["expires_at"] = moment_text(duration.after(start.replace(microsecond=0)))
        return row

    def bound(self, value: Any) -> Any:
        if isinstance(value, Symbol):
            server_id = f"id-of-{value.address.text}"
            self.names[server_id] = value.address
            return server_id
        if isinstance(value, dict):
            return {name: self.bound(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.bound(item) for item in value]
        return value


@EVERY_KIND
@quick
@given(st.data())
def test_what_is_created_reads_back_as_it_was_wanted(kind: Kind, data: st.DataObject) -> None:
    server = Server()
    marks = {"billsync_owner": "payments", "billsync_plan": symbol("plan", "pro", version=3)}
    marks = {} if kind.labels is LabelPolicy.HIDDEN else marks
    want = complete(kind, normalize(kind, data.draw(entities(kind))), None, marks)
    if kind.at_creation is not None:
        sent = kind.at_creation(want, LONG_AGO)
        assume(sent is not None)
        want = sent or want

    row = server.row(kind, body(kind, want, ROUTES[kind.name].create))
    for part in ROUTES[kind.name].parts:
        members = [{"id": "01PART", **server.bound(part_body(kind, part, m))} for m in want.get(part.field, ())]
        row = embedded(row, part, [*members, {"id": "01GONE", "deleted_at": CREATED, "addon": {"id": "01"}}])

    expected = want if "labels" in ROUTES[kind.name].create else {n: v for n, v in want.items() if n != "labels"}
    assert canonical(view(kind, row, server.names, compared_with=want)) == canonical(expected)


@EVERY_KIND
@quick
@given(st.data())
def test_completing_twice_is_completing_once(kind: Kind, data: st.DataObject) -> None:
    want = normalize(kind, data.draw(entities(kind)))
    have = complete(kind, normalize(kind, data.draw(entities(kind))), None, {"billsync_owner": "payments"})

    whole = complete(kind, want, have, {})

    assert complete(kind, want, whole, {}) == whole


@EVERY_KIND
def test_what_was_recorded_as_created_reads_back_as_it_was_sent(kind: Kind) -> None:
    recorded = list(recorded_creates(kind))
    if not recorded:
        pytest.skip("../shared/transcripts is not here")

    different = [
        (name, sent, have)
        for name, sent, row in recorded
        if canonical(without_hidden(kind.record, sent)) != canonical(have := view(kind, row, IDS, compared_with=sent))
    ]

    assert different == []


class EveryId(dict[str, Address]):
    """Knows every id, each as a thing of its own."""

    def get(self, key: str, default: Any = None) -> Address:
        return Address("known", (key,))

    def __contains__(self, key: object) -> bool:
        return False


IDS = EveryId()


def recorded_creates(kind: Kind) -> Iterator[tuple[str, Any, Any]]:
    """Recorded creates that our checks let pass: what was sent as a view, and the row that came back."""
    tail = ROUTES[kind.name].collection.rpartition("}")[2]
    for path in sorted(SHARED.glob("transcripts/**/*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines()[1:]:
            exchange = json.loads(line, parse_float=Decimal)
            request, response = exchange["request"], exchange["response"]
            if request["method"] != "POST" or response["status"] != 201 or not request["path"].endswith(tail):
                continue
            sent = view(kind, request["body"], IDS)
            if kind is SUBSCRIPTION and "id" not in request["body"]["plan"]:
                continue
            if not problems(kind, sent):
                silent = kind.absent is Absent.NOT_MANAGED
                row = {name: item for name, item in response["body"].items() if name in request["body"] or not silent}
                yield f"{path.stem} {exchange['n']}", sent, row


def test_an_unknown_id_equals_no_declared_key() -> None:
    row = {"key": "api", "name": "API", "meter": {"id": "01GONE"}, "labels": {}}

    assert view(FEATURE, row, {}) == {"key": "api", "name": "API", "meter": {"key": symbol("meter", "?01GONE")}}


def test_a_text_that_looks_like_an_id_is_not_taken_for_one() -> None:
    names = {"01ABC": Address("plan", ("pro",), 3)}
    row = {"key": "acme", "name": "01ABC", "labels": {"note": "01ABC", "billsync_plan": "01ABC"}}

    assert view(CUSTOMER, row, names) == {
        "key": "acme",
        "name": "01ABC",
        "labels": {"note": "01ABC", "billsync_plan": symbol("plan", "pro", version=3)},
    }


def test_a_plans_view_has_neither_what_the_server_adds_nor_what_is_ours() -> None:
    row = {
        "id": "01P", "key": "pro", "name": "Pro", "version": 3, "status": "active", "currency": "USD",
        "billing_cadence": "P1M", "pro_rating_enabled": True, "settlement_mode": "credit_then_invoice",
        "description": "", "effective_from": CREATED, "validation_errors": [],
        "phases": [{"key": "default", "name": "Default", "rate_cards": [
            {"key": "b", "name": "B", "price": {"type": "free"}},
            {"key": "a", "name": "A", "feature": {"id": "01F"}, "price": {"type": "unit", "amount": "0.10"},
             "billing_cadence": "P1M", "unit_config": {"operation": "divide", "conversion_factor": "60"}},
        ]}],
    }  # fmt: skip

    assert view(PLAN, row, {"01F": Address("feature", ("a",))}) == {
        "key": "pro",
        "name": "Pro",
        "currency": "USD",
        "billing_cadence": "P1M",
        "pro_rating_enabled": True,
        "phases": ({"key": "default", "name": "Default", "rate_cards": (
            {"key": "a", "name": "A", "feature": symbol("feature", "a"),
             "price": {"type": "unit", "amount": Decimal("0.1")}, "billing_cadence": "P1M",
             "unit_config": {
                 "operation": "divide", "conversion_factor": Decimal(60), "rounding": "none", "precision": 0}},
            {"key": "b", "name": "B", "price": {"type": "free"}},
        )},),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "shown"), [("P1M", "P1M"), ("P31D", "P31D"), ("PT744H", "PT744H"), ("P30D", "P1M"), (None, "P1M")]
)
def test_an_equivalent_duration_of_a_grant_is_shown_as_declared(wanted: str | None, shown: str) -> None:
    """A grant's live duration is shown as declared if both end at the same time."""
    row = {"key": "w", "effective_at": "2026-01-01T00:00:00Z", "expires_at": "2026-02-01T00:00:00Z", "labels": {}}

    assert view(GRANT, row, {}, compared_with={"key": "w", "expires_after": wanted})["expires_after"] == shown


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        ("2026-05-31T10:00:00Z", "2026-11-30T10:00:00Z", {"expires_after": "P6M"}),
        ("2026-06-01T00:00:00Z", "2026-11-29T00:00:00Z", {"expires_after": "P181D"}),
        ("2024-02-29T00:00:00Z", "2025-02-28T00:00:00Z", {"expires_after": "P1Y"}),
        ("2026-01-01T00:00:00Z", "2027-03-01T00:00:00Z", {"expires_after": "P1Y2M"}),
        ("2026-01-01T00:00:00Z", "2026-01-02T12:00:00Z", {"expires_at": "2026-01-02T12:00:00Z"}),
    ],
)
def test_a_grants_end_is_shown_as_a_calendar_duration_or_as_a_time(start: str, end: str, shown: dict[str, str]) -> None:
    row = {"key": "w", "effective_at": start, "expires_at": end, "labels": {}}

    assert view(GRANT, row, {}) == {"key": "w", "effective_at": start, "priority": 10, **shown}


@pytest.mark.parametrize(
    ("row", "wanted", "shown"),
    [
        ({"effective_at": "2026-01-01T00:00:00Z"}, {}, {}),
        ({"effective_at": "2026-01-01T00:00:00Z"}, {"effective_at": "2026-01-01T00:00:00Z"}, {"effective_at"}),
        ({"effective_at": "2026-01-02T00:00:00Z"}, {}, {"effective_at"}),
        ({}, {}, {}),
    ],
)
def test_a_declared_end_equals_a_start_that_the_creation_chose(
    row: dict[str, str], wanted: dict[str, str], shown: set[str]
) -> None:
    end = {"expires_at": "2026-07-01T00:00:00Z"}
    live = {"key": "w", "created_at": "2026-01-01T00:00:01Z", **row, **end, "labels": {}}

    found = view(GRANT, live, {}, compared_with={"key": "w", **end, **wanted})

    assert found == {"key": "w", "priority": 10, **end, **{name: row[name] for name in shown}}


def test_a_grant_without_a_start_lasts_from_its_creation_cut_to_seconds() -> None:
    row = {"key": "w", "created_at": CREATED, "expires_at": "2026-12-20T10:12:06Z", "labels": {}}

    assert view(GRANT, row, {})["expires_after"] == "P29D"


def test_the_servers_own_tax_code_is_no_difference_where_none_is_wanted() -> None:
    names = {"01T": Address("tax_code", ("nontaxable",))}
    row = {"key": "w", "tax_config": {"behavior": "inclusive", "tax_code": {"id": "01T"}}, "labels": {}}
    behavior = {"tax_config": {"behavior": "inclusive"}}
    other = {"tax_config": {"tax_code": symbol("tax_code", "software")}}

    assert view(GRANT, row, names, compared_with=behavior)["tax_config"] == {"behavior": "inclusive"}
    assert "tax_config" not in view(GRANT, {**row, "tax_config": {"tax_code": {"id": "01T"}}}, names, compared_with={})
    assert view(GRANT, row, names, compared_with=other)["tax_config"]["tax_code"] == symbol("tax_code", "nontaxable")


def test_a_customer_keeps_what_is_not_declared_and_loses_what_is_cleared() -> None:
    """A customer keeps the fields that the file doesn't name, and loses those that it clears."""
    have = {
        "key": "acme", "name": "Acme", "description": "Old", "currency": "EUR", "primary_email": "a@acme.example",
        "labels": {"billsync_owner": "payments", "team": "a"}, "billing_address": {"city": "Bremen", "line1": "Markt"},
        "usage_attribution": {"subject_keys": ("a",)},
    }  # fmt: skip
    declared = {
        "key": "acme", "name": "Acme Inc.", "description": None, "labels": {"team": "b"},
        "billing_address": {"line1": None, "country": "DE"}, "usage_attribution": {"subject_keys": []},
    }  # fmt: skip

    whole = complete(CUSTOMER, normalize(CUSTOMER, declared), have, {"billsync_owner": "somebody else"})

    assert whole == {
        "key": "acme",
        "name": "Acme Inc.",
        "currency": "EUR",
        "primary_email": "a@acme.example",
        "labels": {"billsync_owner": "payments", "team": "b"},
        "billing_address": {"city": "Bremen", "country": "DE"},
    }


def test_removing_a_part_of_an_address_takes_two_updates() -> None:
    have = {"name": "Acme", "billing_address": {"city": "Bremen", "line1": "Markt"}}
    want = {"name": "Acme", "billing_address": {"city": "Bremen"}}
    assert CUSTOMER.stages is not None

    assert CUSTOMER.stages(have, want) == ({"name": "Acme"}, want)
    assert CUSTOMER.stages(want, have) == (have,)


def test_a_model_cost_of_another_form_is_cleared_first() -> None:
    cost = {"type": "llm", "provider": "p", "token_type": "input"}
    fixed = {"key": "f", "unit_cost": {**cost, "model": "m"}}
    by_dimension = {
        "key": "f",
        "unit_cost": {"type": "llm", "provider": "p", "model_property": "m", "token_type": "input"},
    }
    manual = {"key": "f", "unit_cost": {"type": "manual", "amount": Decimal(1)}}
    assert FEATURE.stages is not None

    assert FEATURE.stages(fixed, by_dimension) == ({"key": "f"}, by_dimension)
    assert FEATURE.stages(fixed, manual) == (manual,)


def test_an_update_sends_maps_whole_and_empties_what_the_server_would_keep() -> None:
    customer = {"key": "acme", "name": "Acme"}
    plan = {"key": "p", "name": "P", "currency": "USD", "billing_cadence": "P1M", "pro_rating_enabled": True}
    meter = {"key": "m", "name": "M", "event_type": "e", "aggregation": "count"}

    assert body(CUSTOMER, customer, ROUTES["customer"].update) == {
        "name": "Acme",
        "labels": {},
        "usage_attribution": {"subject_keys": ()},
    }
    assert body(PLAN, plan, ROUTES["plan"].update) == {"name": "P", "description": "", "pro_rating_enabled": True}
    assert body(METER, meter, ROUTES["meter"].update) == {"name": "M", "labels": {}, "dimensions": {}}


def test_a_list_that_may_be_empty_is_sent_also_where_it_is_at_every_depth() -> None:
    cards = ("key", "rate_cards")
    overlay = {"key": "pro", "phases": ({"key": "default", "name": "Default"},)}

    addon = body(ADDON, normalize(ADDON, {**ADDON.example, "rate_cards": []}), cards)

    assert addon == {"key": "monitoring", "rate_cards": ()}
    assert body(PLAN, overlay, ("phases",)) == {"phases": ({"rate_cards": (), "key": "default", "name": "Default"},)}


def test_a_create_sends_ids_as_symbols_and_numbers_in_the_apis_form() -> None:
    """A create sends ids as symbols, keys as text, and numbers in the form of the API."""
    grant = normalize(
        GRANT,
        {**GRANT.example, "filters": {"features": ["api"]}, "tax_config": {"tax_code": "software"}, "amount": "500.0"},
    )

    assert body(GRANT, grant, ROUTES["grant"].create) == {
        "key": "welcome",
        "name": "Welcome credit",
        "labels": {},
        "funding_method": "none",
        "currency": "USD",
        "amount": "500",
        "tax_config": {"tax_code": {"id": symbol("tax_code", "software")}},
        "filters": {"features": ("api",)},
        "priority": 10,
    }


def test_a_subscriptions_body_names_customer_and_plan_version_by_id() -> None:
    """The body of a subscription names its customer and its plan version by id."""
    fields = {"plan": symbol("plan", "pro", version=3), "labels": {"billsync_plan": symbol("plan", "pro", version=3)}}

    sent = body(SUBSCRIPTION, fields, ROUTES["subscription"].create, parent=Address("customer", ("acme",)))

    assert sent == {
        "customer": {"id": symbol("customer", "acme")},
        "plan": {"id": symbol("plan", "pro", version=3)},
        "labels": {"billsync_plan": symbol("plan", "pro", version=3)},
    }


def test_a_subscriptions_view_leaves_out_what_is_not_compared() -> None:
    """The view of a subscription has no version, no status, and nothing inherited from its plan."""
    row = {
        "id": "01S", "name": "pro v3", "customer_id": "01C", "plan_id": "01P", "status": "active",
        "plan": {"id": "01P", "key": "pro", "version": 3}, "settlement_mode": "credit_only",
        "cost_basis_mode": "dynamic", "billing_anchor": "2026-11-21T10:12:06.757135Z", "billing_cadence": "P1M",
        "labels": {"openmeter_subscription.previous.id": "01R"},
    }  # fmt: skip

    assert view(SUBSCRIPTION, row, {"01P": Address("plan", ("pro",), 3)}) == {
        "plan": symbol("plan", "pro", version=3),
        "settlement_mode": "credit_only",
        "cost_basis_mode": "dynamic",
        "billing_anchor": "2026-11-21T10:12:06.757135Z",
    }


@pytest.mark.parametrize("damaged", [3, "somewhere", True])
def test_a_record_in_another_shape_is_seen_and_sent_as_it_is(damaged: Any) -> None:
    """What isn't the map that a record must be is neither lost nor replaced, so that it shows as a difference."""
    seen = view(CUSTOMER, {"id": "C1", "key": "acme", "billing_address": damaged}, {})

    assert seen == {"key": "acme", "billing_address": damaged}
    assert body(CUSTOMER, seen, ("billing_address",))["billing_address"] == damaged


def test_labels_in_another_shape_are_seen_as_they_are() -> None:
    assert view(CUSTOMER, {"id": "C1", "key": "acme", "labels": "damaged"}, {}) == {"key": "acme", "labels": "damaged"}
