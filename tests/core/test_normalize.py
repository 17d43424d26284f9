"""One meaning, one canonical form."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from billsync.core.views.normalize import canonicalize, normalize, number
from billsync.kinds.registry import KINDS
from billsync.model.address import Address, Symbol
from billsync.model.kind import Kind
from billsync.model.value import Plain, canonical
from billsync.schema.schema import kind_schema
from tests.support.budgets import examples
from tests.support.strategies import entities, spellings

EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
quick = settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))

METER, FEATURE, ADDON, PLAN, CUSTOMER, GRANT, SUBSCRIPTION = (
    KINDS[name] for name in ("meter", "feature", "addon", "plan", "customer", "grant", "subscription")
)


def symbol(kind: str, key: str) -> Symbol:
    return Symbol(Address(kind, (key,)))


def plan_with(*cards: Any, **fields: Any) -> dict[str, Any]:
    phase = {"key": "default", "name": "Default", "rate_cards": list(cards)}
    return {"key": "p", "name": "P", "currency": "USD", "billing_cadence": "P1M", "phases": [phase], **fields}


def cards_of(plan: Any) -> Any:
    return plan["phases"][0]["rate_cards"]


@EVERY_KIND
@quick
@given(st.data())
def test_normalizing_twice_is_normalizing_once(kind: Kind, data: st.DataObject) -> None:
    declared = data.draw(entities(kind))

    once = normalize(kind, declared)

    assert normalize(kind, once) == once
    assert canonical(normalize(kind, once)) == canonical(once)


@EVERY_KIND
@quick
@given(st.data())
def test_the_schema_accepts_what_the_strategies_make(kind: Kind, data: st.DataObject) -> None:
    declared = data.draw(entities(kind))

    errors = [error.message for error in Draft202012Validator(kind_schema(kind)).iter_errors(declared)]

    assert errors == []


@EVERY_KIND
@quick
@given(st.data())
def test_the_order_in_which_fields_are_written_means_nothing(kind: Kind, data: st.DataObject) -> None:
    declared = data.draw(entities(kind))
    shuffled = dict(data.draw(st.permutations(list(declared.items()))))

    assert canonical(normalize(kind, shuffled)) == canonical(normalize(kind, declared))


@quick
@given(st.data(), st.decimals(0, 1_000_000, places=6))
def test_every_spelling_of_an_amount_is_one_number(data: st.DataObject, amount: Decimal) -> None:
    plain = {**GRANT.example, "amount": amount}
    spelled = {**GRANT.example, "amount": data.draw(spellings(amount))}

    assert canonical(normalize(GRANT, spelled)) == canonical(normalize(GRANT, plain))


def test_a_grant_gets_its_defaults_and_loses_what_is_empty() -> None:
    declared = {
        "key": "welcome", "name": "Welcome", "description": "", "amount": "500.00", "currency": "USD",
        "funding_method": "external", "purchase": {"per_unit_cost_basis": "0.50"}, "labels": {},
        "filters": {"features": ["tokens", "images"]}, "effective_at": "2026-01-01T12:30:15+02:00",
        "expires_after": "P1Y0M",
    }  # fmt: skip

    normal = normalize(GRANT, declared)

    assert normal == {
        "key": "welcome",
        "name": "Welcome",
        "amount": Decimal(500),
        "currency": "USD",
        "funding_method": "external",
        "purchase": {"currency": "USD", "per_unit_cost_basis": Decimal("0.5"), "availability_policy": "on_creation"},
        "filters": {"features": (symbol("feature", "images"), symbol("feature", "tokens"))},
        "priority": 10,
        "effective_at": "2026-01-01T10:30:15Z",
        "expires_after": "P1Y",
    }


def test_cards_take_cadence_usage_period_and_term_from_what_they_are() -> None:
    usage = {
        "key": "api", "name": "API", "feature": "api", "price": {"type": "unit", "amount": "0.10"},
        "entitlement": {"type": "metered", "limit": 1000, "usage_period": "P0D"},
    }  # fmt: skip
    fee = {"key": "fee", "name": "Fee", "price": {"type": "flat", "amount": 5}}

    normal = normalize(PLAN, plan_with(usage, fee))

    assert cards_of(normal) == (
        {
            "key": "api",
            "name": "API",
            "feature": symbol("feature", "api"),
            "price": {"type": "unit", "amount": Decimal("0.1")},
            "billing_cadence": "P1M",
            "entitlement": {
                "type": "metered", "limit": Decimal(1000), "usage_period": "P1M", "is_soft_limit": False,
            },
        },
        {"key": "fee", "name": "Fee", "price": {"type": "flat", "amount": Decimal(5)}, "payment_term": "in_arrears"},
    )  # fmt: skip


def test_the_order_of_phases_matters_and_that_of_cards_does_not() -> None:
    """The order of cards means nothing; the order of phases and tiers does."""
    one, two = ({"key": key, "name": key, "price": {"type": "free"}} for key in ("one", "two"))
    phases = [{"key": key, "name": key, "rate_cards": [one]} for key in ("trial", "regular")]

    assert normalize(PLAN, plan_with(one, two)) == normalize(PLAN, plan_with(two, one))
    assert normalize(PLAN, plan_with(phases=phases)) != normalize(PLAN, plan_with(phases=phases[::-1]))


def test_settling_keeps_the_declared_order() -> None:
    one, two = ({"key": key, "name": key, "price": {"type": "free"}} for key in ("one", "two"))

    canonicalized = canonicalize(PLAN, plan_with(two, one))

    assert [card["key"] for card in cards_of(canonicalized)] == ["two", "one"]


def test_a_plain_meter_key_is_the_meter() -> None:
    short = normalize(FEATURE, {"key": "api", "name": "API", "meter": "requests"})
    long = normalize(FEATURE, {"key": "api", "name": "API", "meter": {"key": "requests", "filters": {}}})

    assert short == long == {"key": "api", "name": "API", "meter": {"key": symbol("meter", "requests")}}


@pytest.mark.parametrize(
    ("declared", "normal"),
    [
        ({"description": ""}, {"description": None}),
        ({"description": None}, {"description": None}),
        ({"usage_attribution": {"subject_keys": []}}, {"usage_attribution": None}),
        ({"usage_attribution": {"subject_keys": ["b", "a", "b"]}}, {"usage_attribution": {"subject_keys": ("a", "b")}}),
        ({"billing_address": {}}, {}),
        ({"billing_address": {"city": None}}, {"billing_address": {"city": None}}),
        ({"primary_email": ""}, {"primary_email": ""}),
        ({"billing_address": {"line1": ""}}, {"billing_address": {"line1": ""}}),
        ({"labels": {}}, {}),
    ],
)
def test_on_a_customer_empty_clears_and_absent_is_not_managed(
    declared: dict[str, Plain], normal: dict[str, Plain]
) -> None:
    """On a customer, an empty value clears the field, and an absent field is not managed."""
    assert normalize(CUSTOMER, {"key": "acme", "name": "Acme", **declared}) == {"key": "acme", "name": "Acme", **normal}


def test_a_subscription_has_the_default_key_and_no_other_defaults() -> None:
    """A subscription gets the default key, and no other field that its declaration leaves out."""
    assert normalize(SUBSCRIPTION, {"plan": "pro", "version": "latest"}) == {
        "key": "default",
        "plan": symbol("plan", "pro"),
        "version": "latest",
    }


def test_numbers_inside_free_values_have_one_form() -> None:
    card = {
        "key": "api", "name": "API", "feature": "api", "price": {"type": "free"},
        "entitlement": {"type": "static", "config": {"seats": Decimal("5.00"), "ratio": [Decimal("0.50")], "note": ""}},
    }  # fmt: skip

    normal = normalize(PLAN, plan_with(card))

    assert cards_of(normal)[0]["entitlement"]["config"] == {"seats": 5, "ratio": (Decimal("0.5"),), "note": ""}


def test_a_meters_empty_maps_are_the_same_as_none() -> None:
    bare = {"key": "m", "name": "M", "event_type": "e", "aggregation": "count"}

    assert normalize(METER, {**bare, "dimensions": {}, "labels": {}}) == bare


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("1.50", Decimal("1.5")),
        (3, Decimal(3)),
        (Decimal("-0.0"), Decimal(0)),
        ("much", "much"),
        ("NaN", "NaN"),
        (True, True),
        (None, None),
        (["1"], ["1"]),
    ],
)
def test_what_is_no_number_stays_as_it_is(value: Plain, meant: Plain) -> None:
    found = number(value)

    assert found == meant
    assert type(found) is type(meant)
