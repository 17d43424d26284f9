"""What two entities come to together, which neither shows alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from billsync.kinds import across, own_currencies
from billsync.model.address import Address
from billsync.model.kind import Find, Problem

METERS = {
    "tokens": {"aggregation": "sum", "dimensions": {"model": "$.model"}},
    "peak": {"aggregation": "max"},
}
FEATURES = {"tokens": {"meter": "tokens"}, "support": {}}


def find_in(**declared: dict[str, dict[str, object]]) -> Find:
    return lambda kind, key: declared.get(kind, {}).get(key)


def codes(problems: Iterable[Problem]) -> list[tuple[object, str, str]]:
    return [(problem.path, problem.code, problem.detail) for problem in problems]


def feature_problems(**fields: object) -> list[tuple[object, str, str]]:
    return codes(across.feature_meter(Address("feature", ("f",)), fields, find_in(meter=METERS)))


def test_a_feature_over_a_maximum_is_refused() -> None:
    assert feature_problems(meter="peak") == [
        (
            ("meter",),
            "feature-meter-aggregation",
            'meter "peak" aggregates by max; a feature takes sum, count, unique_count or latest',
        )
    ]


def test_filters_and_costs_name_dimensions_of_the_meter() -> None:
    found = feature_problems(
        meter={"key": "tokens", "filters": {"model": {"eq": "large"}, "modell": {"eq": "x"}}},
        unit_cost={"type": "llm", "model_property": "model", "provider_property": "vendor", "token_type": "input"},
    )

    assert found == [
        (("meter", "filters", "modell"), "unknown-dimension", 'meter "tokens" has no dimension "modell"'),
        (("unit_cost", "provider_property"), "unknown-dimension", 'meter "tokens" has no dimension "vendor"'),
    ]


def test_a_meter_that_is_declared_elsewhere_is_not_judged() -> None:
    assert feature_problems(meter={"key": "external", "filters": {"any": {"eq": "x"}}}) == []


@pytest.mark.parametrize(
    ("feature", "price", "refused"),
    [
        ("tokens", "unit", False),
        ("support", "flat", False),
        ("support", "free", False),
        ("elsewhere", "unit", False),
        ("support", "unit", True),
        ("support", "graduated", True),
        ("support", "volume", True),
    ],
)
def test_a_price_by_usage_needs_a_metered_feature(feature: str, price: str, refused: bool) -> None:
    plan = {"phases": [{"rate_cards": [{"feature": feature, "price": {"type": price}}]}]}

    found = list(across.priced_features(Address("plan", ("p",)), plan, find_in(feature=FEATURES)))

    expected = [(("phases", 0, "rate_cards", 0, "feature"), "unmetered-feature")]
    assert [(problem.path, problem.code) for problem in found] == (expected if refused else [])


def test_a_subject_that_is_another_customers_key_is_refused() -> None:
    """A subject that is another customer's key is refused; the customer's own key is not."""
    customer = {"usage_attribution": {"subject_keys": ["acme", "globex", "acme-prod"]}}
    find = find_in(customer={"acme": customer, "globex": {}})

    found = codes(across.subject_keys(Address("customer", ("acme",)), customer, find))

    assert found == [
        (
            ("usage_attribution", "subject_keys", 1),
            "subject-is-customer",
            '"globex" is the key of a customer, and the server would then refuse every update of that customer',
        )
    ]


def plan_in(currency: object, price: str = "unit") -> dict[str, object]:
    return {"currency": currency, "phases": [{"rate_cards": [{"price": {"type": price}}]}]}


@pytest.mark.parametrize(
    ("customer", "plan", "version", "refused"),
    [
        ({"currency": "EUR"}, plan_in("USD"), None, True),
        ({"currency": "EUR"}, plan_in("USD"), "latest", True),
        ({"currency": "EUR"}, plan_in("USD"), 3, False),
        ({"currency": "EUR"}, plan_in("EUR"), None, False),
        ({}, plan_in("USD"), None, False),
        ({"currency": "EUR"}, plan_in("USD", "free"), None, False),
        ({"currency": "EUR"}, plan_in("COINS"), None, False),
        ({"currency": 5}, plan_in("USD"), None, False),
    ],
)
def test_a_customer_is_billed_in_one_currency(
    customer: dict[str, object], plan: dict[str, object], version: object, refused: bool
) -> None:
    fields = {"plan": "pro"} | ({"version": version} if version else {})
    find = find_in(customer={"acme": customer}, plan={"pro": plan})

    found = codes(across.currencies(Address("subscription", ("acme", "default")), fields, find))

    expected = [(("plan",), "currency-mismatch", 'customer "acme" pays in EUR, and plan "pro" is in USD')]
    assert found == (expected if refused else [])


@pytest.mark.parametrize("check", [across.feature_meter, across.priced_features, across.currencies])
def test_what_is_referred_to_may_be_of_any_form(check: Callable[..., Iterable[Problem]]) -> None:
    odd = {"meter": 5, "dimensions": [1], "currency": [], "phases": "x", "plan": "p"}
    fields = {"meter": "p", "plan": "p", "phases": [5, {"rate_cards": [None, {"price": 5}]}], "unit_cost": 1}

    found = list(check(Address("subscription", ("p", "k")), fields, lambda kind, key: odd))

    assert found == []


def test_a_plan_names_the_custom_currencies_of_itself_and_its_cards() -> None:
    cards = [{"currency": "COINS"}, {"currency": "EUR"}, {}]
    plan = {"currency": "TOKENS", "phases": [{"rate_cards": cards}]}

    assert list(own_currencies.mentioned(plan)) == [
        (("currency",), "currency", "TOKENS"),
        (("phases", 0, "rate_cards", 0, "currency"), "currency", "COINS"),
    ]
