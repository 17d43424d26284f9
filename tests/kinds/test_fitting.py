"""What a plan and the add-ons that it offers come to together."""

from __future__ import annotations

from typing import Any

import pytest

from billsync.kinds import fitting
from billsync.model.address import Address

FEE = {"key": "fee", "price": {"type": "flat", "amount": "5"}, "billing_cadence": "P1M"}
FREE = {"key": "fee", "price": {"type": "free"}}
USAGE = {"key": "fee", "feature": "fee", "price": {"type": "unit", "amount": "1"}, "billing_cadence": "P1M"}
METERED = {"type": "metered", "limit": 5}


def plan(*cards: dict[str, Any], **offer: object) -> dict[str, Any]:
    phases = [
        {"key": "trial", "rate_cards": [{"key": "base", "price": {"type": "free"}}]},
        {"key": "default", "rate_cards": list(cards)},
    ]
    return {
        "key": "team",
        "currency": "USD",
        "billing_cadence": "P1M",
        "phases": phases,
        "addons": [{"addon": "extra", **offer}],
    }


def addon(*cards: dict[str, Any], **fields: object) -> dict[str, Any]:
    return {"key": "extra", "currency": "USD", "instance_type": "multiple", "rate_cards": list(cards), **fields}


def found(plan: dict[str, Any], addon: dict[str, Any] | None) -> list[tuple[object, str, str]]:
    def find(kind: str, key: str) -> dict[str, Any] | None:
        return addon if (kind, key) == ("addon", "extra") else None

    problems = [p for check in fitting.CROSS for p in check(Address("plan", ("team",)), plan, find)]
    return [(problem.path, problem.code, problem.detail) for problem in problems]


def mismatches(below: dict[str, Any], above: dict[str, Any]) -> list[str]:
    return [detail for _, _, detail in found(plan(below), addon(above))]


def test_an_addon_that_fits_has_no_finding() -> None:
    assert found(plan(FEE, from_plan_phase="default", max_quantity=3), addon(FEE)) == []


def test_an_addon_of_other_files_is_not_judged() -> None:
    assert found(plan(FEE, max_quantity=3), None) == []


def test_a_phase_that_the_plan_does_not_have_is_told() -> None:
    assert found(plan(FEE, from_plan_phase="later"), addon(FEE)) == [
        (("addons", 0, "from_plan_phase"), "addon-phase", "`later` is not one of trial, default")
    ]


def test_what_can_be_had_once_has_no_greatest_quantity() -> None:
    detail = 'add-on "extra" has `instance_type: single`, and the server takes no max_quantity for it'

    assert found(plan(max_quantity=3), addon(FEE, instance_type="single")) == [
        (("addons", 0, "max_quantity"), "addon-quantity", detail)
    ]


@pytest.mark.parametrize(
    ("own", "other", "card", "fits"),
    [
        ("USD", "EUR", {}, False),
        ("USD", "COINS", {}, True),
        ("COINS", "COINS", {}, True),
        ("COINS", "USD", {}, False),
        ("COINS", "USD", {"currency": "COINS"}, True),
        ("COINS", "USD", {"price": {"type": "free"}}, True),
    ],
)
def test_an_addon_is_in_a_currency_that_the_plan_takes(own: str, other: str, card: Any, fits: bool) -> None:
    problems = found({**plan(), "currency": own}, addon({**FEE, **card}, currency=other))

    assert [code for _, code, _ in problems] == ([] if fits else ["currency-mismatch"])


@pytest.mark.parametrize(
    ("cadence", "fits"), [("P1M", True), ("P3M", True), ("P1D", True), ("P1W", False), (None, True), ("nothing", True)]
)
def test_an_addons_periods_and_the_plans_divide_one_another(cadence: str | None, fits: bool) -> None:
    card = {name: value for name, value in {**FEE, "billing_cadence": cadence}.items() if value is not None}

    problems = found(plan(), addon(card))

    assert [code for _, code, _ in problems] == ([] if fits else ["cadence-unaligned"])


@pytest.mark.parametrize(
    ("below", "above", "what"),
    [
        (FEE, FEE, []),
        (FREE, FEE, []),
        (FREE, USAGE, []),
        (FEE, USAGE, ["both are priced, and only flat fees add up"]),
        (USAGE, USAGE, ["both are priced, and only flat fees add up"]),
        (FEE, {**FEE, "payment_term": "in_advance"}, ["their payment terms differ"]),
        (FEE, {**FEE, "payment_term": "in_arrears"}, []),
        (FEE, {**FEE, "billing_cadence": "P3M"}, ["their billing cadences differ"]),
        (FEE, {"key": "fee", "price": FEE["price"]}, []),
        ({**FREE, "feature": "fee"}, {**FEE, "feature": "other"}, ["their features differ"]),
        (
            {**FEE, "discounts": {"percentage": "5"}},
            {**FEE, "discounts": {"percentage": "5"}},
            ["both have a percentage discount"],
        ),
        ({**FEE, "discounts": {"percentage": "5"}}, FEE, []),
        (
            {**FREE, "unit_config": {"operation": "divide", "conversion_factor": "10"}},
            {**USAGE, "unit_config": {"operation": "divide", "conversion_factor": "10.0", "rounding": "none"}},
            [],
        ),
        (
            {**FREE, "unit_config": {"operation": "divide", "conversion_factor": "10"}},
            {**USAGE, "unit_config": {"operation": "divide", "conversion_factor": "100"}},
            ["their unit conversions differ"],
        ),
        ({**FREE, "entitlement": {"type": "boolean"}}, {**FEE, "entitlement": {"type": "boolean"}}, []),
        (
            {**FREE, "entitlement": {"type": "boolean"}},
            {**FEE, "entitlement": METERED},
            ["their entitlements are of different types"],
        ),
        (
            {**FREE, "entitlement": {"type": "static", "config": 1}},
            {**FEE, "entitlement": {"type": "static", "config": 1}},
            ["both have a static entitlement"],
        ),
        ({**FEE, "entitlement": METERED}, {**FEE, "entitlement": {**METERED, "usage_period": "P1M"}}, []),
        (
            {**FEE, "entitlement": METERED},
            {**FEE, "entitlement": {**METERED, "usage_period": "P1W"}},
            ["their entitlements have different usage periods"],
        ),
    ],
)
def test_cards_of_the_same_key_must_add_up(below: dict[str, Any], above: dict[str, Any], what: list[str]) -> None:
    assert mismatches(below, above) == [f'card `fee` of add-on "extra" and of the plan: {one}' for one in what]


def test_only_phases_from_which_on_the_addon_can_be_bought_count() -> None:
    declared = plan(FEE)
    declared["phases"][0]["rate_cards"] = [USAGE]

    assert found({**declared, "addons": [{"addon": "extra", "from_plan_phase": "default"}]}, addon(FEE)) == []
    assert len(found(declared, addon(FEE))) == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"addons": None},
        {"addons": "extra"},
        {"addons": [None, "extra", {"addon": ["extra"]}, {"addon": "extra", "from_plan_phase": ["default"]}]},
        {"phases": None, "addons": [{"addon": "extra"}]},
        {"phases": [{"rate_cards": [None, {"key": ["fee"]}]}], "addons": [{"addon": "extra"}]},
    ],
)
def test_a_declaration_of_any_form_can_be_looked_at(broken: dict[str, Any]) -> None:
    cards: list[Any] = [None, {"key": ["fee"], "price": "dear", "discounts": 5, "entitlement": [], "unit_config": 3}]

    problems = found({**plan(FEE), **broken}, {**addon(), "rate_cards": cards, "currency": None})

    assert {code for _, code, _ in problems} <= {"addon-phase"}
