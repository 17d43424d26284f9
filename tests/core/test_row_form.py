"""Rows that can't be told apart, and values that billsync doesn't know, are noticed before anything is concluded."""

from __future__ import annotations

import pytest

from billsync.api.routes import routes
from billsync.core.observed.row_validation import malformed, shown, unknown_in
from billsync.kinds.registry import KINDS

TABLES = routes("openmeter")
CARD = {"key": "api", "name": "API", "feature": {"id": "02"}, "price": {"type": "free"}}
PHASE = {"key": "d", "name": "D", "rate_cards": [CARD]}
PLAN = {
    "id": "01",
    "key": "pro",
    "name": "Pro",
    "version": 1,
    "status": "active",
    "currency": "USD",
    "billing_cadence": "P1M",
    "phases": [PHASE],
}
ADDON = {
    "id": "01",
    "key": "more",
    "name": "More",
    "version": 1,
    "status": "active",
    "currency": "USD",
    "instance_type": "single",
    "rate_cards": [CARD],
}
LINK = {"id": "01", "customer_id": "02", "status": "active", "labels": {}, "plan": {"id": "03"}}
ACME = {"id": "01", "key": "acme", "name": "Acme"}
METER = {"id": "01", "key": "m", "name": "M", "event_type": "e", "aggregation": "count"}
FEATURE = {"id": "01", "key": "f", "name": "F"}
GRANT = {"id": "01", "status": "active", "name": "G", "amount": "5", "currency": "USD", "funding_method": "none"}


def with_card(**fields: object) -> dict[str, object]:
    return {**PLAN, "phases": [{**PHASE, "rate_cards": [{**CARD, **fields}]}]}


@pytest.mark.parametrize(
    ("kind", "row", "fault"),
    [
        ("plan", PLAN, None),
        ("customer", ACME, None),
        ("customer", {"id": "01"}, "key: (none)"),
        ("customer", {"id": "01", "key": 7}, "key: 7"),
        ("subscription", LINK, None),
        ("subscription", {**LINK, "customer_id": None}, "customer_id: (none)"),
        ("grant", GRANT, None),
    ],
)
def test_a_row_that_does_not_say_which_entity_it_is_is_malformed(
    kind: str, row: dict[str, object], fault: str | None
) -> None:
    assert malformed(KINDS[kind], row, TABLES[kind]) == fault


@pytest.mark.parametrize(
    ("kind", "row", "faults"),
    [
        ("plan", PLAN, ()),
        ("plan", {**PLAN, "version": None}, ("version: (none)",)),
        ("plan", {**PLAN, "version": True}, ("version: True",)),
        ("plan", {**PLAN, "status": 1, "name": ["Pro"]}, ("status: 1", "name: ['Pro']")),
        ("plan", {**PLAN, "status": "live"}, ("status: 'live'",)),
        ("plan", {**PLAN, "status": "archived", "phases": {}}, ()),
        ("plan", {**PLAN, "billing_cadence": "monthly"}, ("billing_cadence: 'monthly'",)),
        ("plan", {**PLAN, "phases": {}}, ("phases: {}",)),
        ("plan", {**PLAN, "phases": [3]}, ("phases.0: 3",)),
        ("plan", {**PLAN, "phases": [PHASE, PHASE]}, ("phases: two with key: 'd'",)),
        ("plan", with_card(feature="02"), ("phases.0.rate_cards.0.feature: '02'",)),
        ("plan", with_card(price="1"), ("phases.0.rate_cards.0.price: '1'",)),
        ("plan", with_card(price=None), ("phases.0.rate_cards.0.price: (none)",)),
        ("plan", with_card(price={"type": "package"}), ("phases.0.rate_cards.0.price.type: 'package'",)),
        (
            "plan",
            with_card(price={"type": "unit", "amount": "a lot"}),
            ("phases.0.rate_cards.0.price.amount: 'a lot'",),
        ),
        ("plan", with_card(price={"type": "unit", "amount": True}), ("phases.0.rate_cards.0.price.amount: True",)),
        ("plan", with_card(price={"type": "unit", "amount": ["1"]}), ("phases.0.rate_cards.0.price.amount: ['1']",)),
        ("plan", {**PLAN, "settlement_mode": "credit_then_invoice", "new": {"a": [1]}}, ()),
        ("addon", {**PLAN, "instance_type": "single", "rate_cards": None}, ()),
        ("addon", {**PLAN, "instance_type": "single", "status": "scheduled"}, ("status: 'scheduled'",)),
        ("customer", {**ACME, "labels": True}, ("labels: True",)),
        ("customer", {**ACME, "labels": {"billsync_owner": {}}}, ("labels: {'billsync_owner': {}}",)),
        ("customer", {**ACME, "usage_attribution": {"subject_keys": "a"}}, ("usage_attribution.subject_keys: 'a'",)),
        ("meter", {**METER, "aggregation": "median"}, ("aggregation: 'median'",)),
        ("meter", {**METER, "dimensions": None, "description": None}, ()),
        ("meter", {**METER, "dimensions": "model"}, ("dimensions: 'model'",)),
        ("meter", {**METER, "events_from": "long ago"}, ("events_from: 'long ago'",)),
        ("feature", {**FEATURE, "meter": {"id": "02", "filters": {"model": {"eq": "large"}}}}, ()),
        (
            "feature",
            {**FEATURE, "meter": {"id": "02", "filters": {"model": {"regex": "l.*"}}}},
            ("meter.filters.model: {'regex': 'l.*'}",),
        ),
        (
            "feature",
            {**FEATURE, "meter": {"id": "02", "filters": {"model": {"and": [{"eq": "a"}, {"near": "b"}]}}}},
            ("meter.filters.model.and.1: {'near': 'b'}",),
        ),
        ("addon", {**ADDON, "rate_cards": [{**CARD, "labels": {"team": "one"}}]}, ()),
        ("addon", {**ADDON, "rate_cards": [{**CARD, "labels": ["one"]}]}, ("rate_cards.0.labels: ['one']",)),
        ("addon", {**ADDON, "rate_cards": [{**CARD, "labels": {"team": 1}}]}, ("rate_cards.0.labels: {'team': 1}",)),
        ("addon", {**ADDON, "labels": 7}, ("labels: 7",)),
        ("subscription", LINK, ()),
        ("subscription", {**LINK, "plan": "x"}, ("plan: 'x'",)),
        ("subscription", {**LINK, "plan": None}, ()),
        ("subscription", {**LINK, "status": "paused"}, ("status: 'paused'",)),
        ("grant", GRANT, ()),
        ("grant", {**GRANT, "status": "expired", "funding_method": "gift"}, ("funding_method: 'gift'",)),
        ("grant", {**GRANT, "priority": "high"}, ("priority: 'high'",)),
    ],
)
def test_what_a_row_holds_that_is_not_known_is_named_by_its_field(
    kind: str, row: dict[str, object], faults: tuple[str, ...]
) -> None:
    assert unknown_in(KINDS[kind], row) == faults


def test_a_long_value_is_cut_and_many_faults_are_counted() -> None:
    [long] = unknown_in(KINDS["meter"], {**METER, "aggregation": "x" * 1000})

    assert len(long) < 120
    assert shown(["a: 1", "b: 2", "c: 3", "d: 4", "e: 5"]) == "a: 1, b: 2, c: 3 and 2 more"
