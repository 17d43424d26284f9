"""What the server would refuse or lose is found offline, at its place."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from billsync.core.declared.check import problems
from billsync.core.views.exact import is_kept_exactly
from billsync.core.views.view import view
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.kind import Kind

SHARED = Path(__file__).resolve().parents[3] / "shared"
METER, FEATURE, ADDON, PLAN, CUSTOMER, GRANT, SUBSCRIPTION = (
    KINDS[name] for name in ("meter", "feature", "addon", "plan", "customer", "grant", "subscription")
)
EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))

CARD = {"key": "api", "name": "API", "feature": "api", "price": {"type": "unit", "amount": "0.1"}}
FEE = {"key": "fee", "name": "Fee", "price": {"type": "flat", "amount": "5"}}
FREE = {"key": "free", "name": "Free", "price": {"type": "free"}}
LLM = {"type": "llm", "provider": "p", "model": "m", "token_type": "input"}
WHERE = ("phases", 0, "rate_cards", 0)
CONVERTED = {**CARD, "unit_config": {"operation": "divide", "conversion_factor": "10", "rounding": "ceiling"}}
CONVERTED_LABELS = (*WHERE, "labels")


def found(kind: Kind, declared: Any) -> list[tuple[Any, str]]:
    return [(problem.path, problem.code) for problem in problems(kind, declared)]


def with_(kind: Kind, **fields: Any) -> dict[str, Any]:
    return {**kind.example, **fields}


def plan_of(*phases: Any, **fields: Any) -> dict[str, Any]:
    return {"key": "p", "name": "P", "currency": "USD", "billing_cadence": "P1M", "phases": list(phases), **fields}


def phase(*cards: Any, key: str = "default", **fields: Any) -> dict[str, Any]:
    return {"key": key, "name": key, "rate_cards": list(cards), **fields}


@EVERY_KIND
def test_an_example_has_no_problem(kind: Kind) -> None:
    assert problems(kind, kind.example) == ()


@pytest.mark.parametrize(
    ("labels", "place", "code"),
    [
        ({"billsync_owner": "me"}, "billsync_owner", "label"),
        ({"kicker": "a"}, "kicker", "label"),
        ({"_x": "a"}, "_x", "label"),
        ({"a_b_c": "a"}, "a_b_c", "label"),
        ({"a": "v1.2.3"}, "a", "label"),
        ({"a": "a:b"}, "a", "label"),
        ({"a": ""}, "a", "label"),
        ({"a": "x" * 64}, "a", "label"),
        ({"x" * 190: "a"}, "x" * 190, "label"),
    ],
)
def test_a_label_that_the_server_would_refuse_or_lose_is_found(labels: dict[str, str], place: str, code: str) -> None:
    assert found(CUSTOMER, with_(CUSTOMER, labels=labels)) == [(("labels", place), code)]


def test_labels_by_the_servers_rule_pass() -> None:
    labels = {"pro.12": "v1.22.3", "aa_bb_cc": "2026-11-21", "a": "b", "x" * 189: "x" * 63}

    assert found(CUSTOMER, with_(CUSTOMER, labels=labels)) == []


def test_so_many_labels_that_ours_have_no_room_are_found() -> None:
    labels = {f"n{number}": "a" for number in range(48)}

    assert found(CUSTOMER, with_(CUSTOMER, labels=labels)) == [(("labels",), "label")]


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        (METER, {"aggregation": "count"}, [(("value_property",), "meter-value-property")]),
        (METER, {"value_property": "tokens"}, [(("value_property",), "meter-json-path")]),
        (METER, {"dimensions": {"subject": "$.s"}}, [(("dimensions", "subject"), "meter-dimension")]),
        (METER, {"dimensions": {"1st": "$.s"}}, [(("dimensions", "1st"), "meter-dimension")]),
        (METER, {"dimensions": {"model": "model"}}, [(("dimensions", "model"), "meter-json-path")]),
        (METER, {"dimensions": {"model": "$.tokens"}}, [(("dimensions", "model"), "meter-dimension")]),
        (METER, {"events_from": "2026-02-30T00:00:00Z"}, [(("events_from",), "time")]),
        (FEATURE, {"key": "01arz3ndektsv4rrffq69g5fav"}, [(("key",), "feature-key-like-id")]),
        (FEATURE, {"unit_cost": {"type": "manual", "amount": "-1"}}, [(("unit_cost", "amount"), "out-of-range")]),
        (
            FEATURE,
            {"unit_cost": {**LLM, "provider_property": "p"}},
            [(("unit_cost",), "feature-unit-cost")],
        ),
        (FEATURE, {"unit_cost": {"type": "llm", "provider": "p", "model": "m"}},
         [(("unit_cost",), "feature-unit-cost")]),
        (CUSTOMER, {"currency": "ZZZ"}, [(("currency",), "unknown-currency")]),
        (CUSTOMER, {"currency": None}, [(("currency",), "unclearable-field")]),
        (CUSTOMER, {"primary_email": None}, [(("primary_email",), "unclearable-field")]),
        (CUSTOMER, {"billing_address": {"city": None}, "description": None}, []),
        (
            CUSTOMER,
            {"usage_attribution": {"subject_keys": ["a", "b", "a"]}},
            [(("usage_attribution", "subject_keys", 2), "repeated-value")],
        ),
        (CUSTOMER, {"billing": {"billing_profile": "x"}}, [(("billing",), "refused-field")]),
        (GRANT, {"amount": "0"}, [(("amount",), "out-of-range")]),
        (GRANT, {"amount": "1.005"}, [(("amount",), "grant-decimals")]),
        (GRANT, {"amount": "1.500"}, []),
        (GRANT, {"amount": "1.5", "currency": "JPY"}, [(("amount",), "grant-decimals")]),
        (GRANT, {"amount": "1.005", "currency": "KWD"}, []),
        (GRANT, {"currency": "ZZZ"}, [(("currency",), "unknown-currency")]),
        (GRANT, {"purchase": {"currency": "USD"}}, [(("purchase",), "grant-purchase")]),
        (GRANT, {"funding_method": "external"}, [(("funding_method",), "grant-purchase")]),
        (GRANT, {"funding_method": "external", "purchase": {}}, []),
        (
            GRANT,
            {"funding_method": "invoice", "purchase": {"currency": "EUR"}},
            [(("purchase", "currency"), "grant-purchase")],
        ),
        (
            GRANT,
            {"funding_method": "invoice", "purchase": {"availability_policy": "on_creation"}},
            [(("purchase", "availability_policy"), "grant-purchase")],
        ),
        (
            GRANT,
            {"funding_method": "external", "purchase": {"per_unit_cost_basis": 0}},
            [(("purchase", "per_unit_cost_basis"), "out-of-range")],
        ),
        (GRANT, {"filters": {"features": ["a", "a"]}}, [(("filters", "features", 1), "repeated-value")]),
        (GRANT, {"effective_at": "2026-01-01T00:00:00.5Z"}, [(("effective_at",), "time")]),
        (GRANT, {"effective_at": "2026-01-01T00:00:00.000Z"}, []),
        (GRANT, {"expires_after": "P1.5D"}, [(("expires_after",), "duration")]),
        (GRANT, {"expires_after": "P0D"}, [(("expires_after",), "duration")]),
        (GRANT, {"expires_after": "PT"}, [(("expires_after",), "duration")]),
        (GRANT, {"expires_after": "P9999Y"}, [(("expires_after",), "duration")]),
        (SUBSCRIPTION, {"key": "a_b_c"}, [(("key",), "subscription-key")]),
        (SUBSCRIPTION, {"cost_basis_mode": "pinned"}, [(("cost_basis_mode",), "subscription-cost-basis")]),
        (SUBSCRIPTION, {"settlement_mode": None}, [(("settlement_mode",), "unclearable-field")]),
        (SUBSCRIPTION, {"start": "soon"}, [(("start",), "time")]),
        (SUBSCRIPTION, {"ends": "soon"}, [(("ends",), "time")]),
        (SUBSCRIPTION, {"ends": "at_renewal"}, []),
    ],
)  # fmt: skip
def test_a_problem_of_an_entity_is_found_at_its_place(kind: Kind, fields: dict[str, Any], expected: Any) -> None:
    assert found(kind, with_(kind, **fields)) == expected


def test_a_meter_that_adds_up_needs_a_value() -> None:
    meter = {"key": "m", "name": "M", "event_type": "e", "aggregation": "sum"}

    assert found(METER, meter) == [(("aggregation",), "meter-value-property")]


def test_a_model_cost_needs_a_meter() -> None:
    assert found(FEATURE, {"key": "f", "name": "F", "unit_cost": LLM}) == [(("unit_cost",), "feature-unit-cost")]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"currency": "ZZZ"}, [(("currency",), "unknown-currency")]),
        ({"currency": "COINS"}, []),
        ({"billing_cadence": "P2M"}, [(("billing_cadence",), "duration")]),
        ({"billing_cadence": "P1M0D"}, []),
        ({"labels": {"a": "b"}}, []),
        ({"labels": {"a--b": "b"}}, [(("labels", "a--b"), "label")]),
        ({"labels": {"billsync_owner": "b"}}, [(("labels", "billsync_owner"), "label")]),
        (
            {"phases": [phase(FEE, labels={"a": "b"})], "currency": "COINS"},
            [(("phases", 0, "labels"), "refused-field")],
        ),
        ({"phases": [phase({**CONVERTED, "labels": {"a": "b"}})]}, [(CONVERTED_LABELS, "refused-field")]),
        ({"phases": [phase(CONVERTED)], "labels": {"a": "b"}}, [(("labels",), "refused-field")]),
        ({"phases": [phase()]}, [(("phases", 0), "phase-without-cards")]),
        ({"phases": [phase(FEE, duration="P1M")]}, [(("phases", 0, "duration"), "phase-duration")]),
        ({"phases": [phase(FEE), phase(FEE, key="next")]}, [(("phases", 0), "phase-duration")]),
        (
            {"phases": [phase(FEE, duration="PT30M"), phase(FEE, key="next")]},
            [(("phases", 0, "duration"), "duration-under-an-hour")],
        ),
        (
            {"phases": [phase(FEE, duration="P1M"), phase(FEE)]},
            [(("phases", 1), "repeated-value")],
        ),
        ({"phases": [phase(FEE, CARD, FEE)]}, [(("phases", 0, "rate_cards", 2), "repeated-value")]),
    ],
)
def test_a_problem_of_a_plan_is_found_at_its_place(fields: dict[str, Any], expected: Any) -> None:
    assert found(PLAN, plan_of(**{"phases": [phase(FEE)], **fields})) == expected  # type: ignore[misc]


@pytest.mark.parametrize(
    ("card", "fields", "place", "code"),
    [
        (CARD, {"key": "other"}, ("key",), "card-key-mismatch"),
        (FEE, {"price": {"type": "unit", "amount": "1"}}, ("price",), "card-without-feature"),
        (CARD, {"payment_term": "in_advance"}, ("payment_term",), "lost-by-server"),
        (FREE, {"payment_term": "in_arrears"}, ("payment_term",), "lost-by-server"),
        (FEE, {"commitments": {"minimum_amount": 1}}, ("commitments",), "lost-by-server"),
        (
            CARD,
            {"commitments": {"minimum_amount": "2", "maximum_amount": "1.5"}},
            ("commitments", "minimum_amount"),
            "card-commitments",
        ),
        (FREE, {"discounts": {"percentage": 5}}, ("discounts",), "card-discount"),
        (FEE, {"discounts": {"usage": "5"}}, ("discounts", "usage"), "card-discount"),
        (FEE, {"discounts": {"percentage": Decimal("12.34")}}, ("discounts", "percentage"), "number-inexact"),
        (FEE, {"discounts": {"percentage": 101}}, ("discounts", "percentage"), "out-of-range"),
        (FEE, {"unit_config": {"operation": "divide", "conversion_factor": 2}}, ("unit_config",), "card-unit-config"),
        (
            CARD,
            {"unit_config": {"operation": "divide", "conversion_factor": 2, "precision": 2}},
            ("unit_config", "precision"),
            "lost-by-server",
        ),
        (
            CARD,
            {"unit_config": {"operation": "divide", "conversion_factor": "0"}},
            ("unit_config", "conversion_factor"),
            "out-of-range",
        ),
        (FEE, {"entitlement": {"type": "boolean"}}, ("entitlement",), "card-entitlement"),
        (CARD, {"entitlement": {"type": "metered"}}, ("entitlement",), "card-entitlement"),
        (
            {**FEE, "key": "api", "feature": "api"},
            {"entitlement": {"type": "metered", "limit": 1}},
            ("entitlement",),
            "card-entitlement",
        ),
        (
            CARD,
            {"entitlement": {"type": "metered", "limit": 1, "usage_period": "PT30M"}},
            ("entitlement", "usage_period"),
            "duration-under-an-hour",
        ),
        (
            CARD,
            {"entitlement": {"type": "metered", "limit": Decimal("12345678901234567891")}},
            ("entitlement", "limit"),
            "number-inexact",
        ),
        (FEE, {"billing_cadence": "P1W"}, ("billing_cadence",), "cadence-unaligned"),
        (FEE, {"billing_cadence": "PT30M"}, ("billing_cadence",), "duration-under-an-hour"),
        (FEE, {"currency": "EUR"}, ("currency",), "card-currency"),
        (FREE, {"currency": "COINS"}, ("currency",), "card-currency"),
        (CARD, {"labels": {"kong": "b"}}, ("labels", "kong"), "label"),
        (CARD, {"price": {"type": "unit", "amount": "-0.1"}}, ("price", "amount"), "out-of-range"),
    ],
)
def test_a_problem_of_a_rate_card_is_found_at_its_place(
    card: dict[str, Any], fields: dict[str, Any], place: Any, code: str
) -> None:
    assert found(PLAN, plan_of(phase({**card, **fields}))) == [((*WHERE, *place), code)]


@pytest.mark.parametrize(
    "fields",
    [
        {"entitlement": {"type": "metered", "limit": "10000"}},
        {"entitlement": {"type": "metered", "limit": "0.1", "usage_period": "P0D"}},
        {"commitments": {"minimum_amount": 1, "maximum_amount": 1}},
        {"discounts": {"percentage": "33.25", "usage": 5}},
        {"unit_config": {"operation": "divide", "conversion_factor": 2, "rounding": "ceiling", "precision": 2}},
        {"billing_cadence": "P3M"},
        {"currency": "COINS"},
    ],
)
def test_what_the_server_keeps_on_a_rate_card_passes(fields: dict[str, Any]) -> None:
    assert found(PLAN, plan_of(phase({**CARD, **fields}))) == []


def test_a_card_in_a_custom_currency_has_no_other() -> None:
    plan = plan_of(phase({**CARD, "currency": "OTHER"}), currency="COINS")

    assert found(PLAN, plan) == [((*WHERE, "currency"), "card-currency")]


OPEN, FIRST, SECOND = (
    {"unit_price": {"amount": "1"}, **({"up_to_amount": end} if end else {})} for end in (None, "10", "20.0")
)


@pytest.mark.parametrize(
    ("tiers", "place"),
    [
        ([FIRST, SECOND, OPEN], None),
        ([OPEN], None),
        ([FIRST], (0, "up_to_amount")),
        ([OPEN, FIRST, OPEN], (0,)),
        ([SECOND, FIRST, OPEN], (1, "up_to_amount")),
        ([FIRST, {**FIRST, "up_to_amount": "10.0"}, OPEN], (1, "up_to_amount")),
        ([{"up_to_amount": 10}, OPEN], (0,)),
    ],
)
def test_tiers_ascend_and_end_open(tiers: list[Any], place: Any) -> None:
    price = {"type": "graduated", "tiers": tiers}

    wrong = found(PLAN, plan_of(phase({**CARD, "price": price})))

    assert wrong == ([] if place is None else [((*WHERE, "price", "tiers", *place), "price-tiers")])


def test_a_tier_up_to_nothing_is_out_of_range() -> None:
    price = {"type": "volume", "tiers": [{**FIRST, "up_to_amount": 0}, OPEN]}

    assert found(PLAN, plan_of(phase({**CARD, "price": price}))) == [
        ((*WHERE, "price", "tiers", 0, "up_to_amount"), "out-of-range")
    ]


def test_all_problems_of_an_entity_are_found_at_once_in_the_declared_order() -> None:
    plan = plan_of(phase({**FEE, "key": "z", "commitments": {"minimum_amount": -1}}, {**FREE, "currency": "COINS"}))

    assert found(PLAN, plan) == [
        ((*WHERE, "commitments", "minimum_amount"), "out-of-range"),
        ((*WHERE, "commitments"), "lost-by-server"),
        (("phases", 0, "rate_cards", 1, "currency"), "card-currency"),
    ]


def test_a_problem_says_what_is_wrong_and_what_to_do() -> None:
    (problem,) = problems(GRANT, with_(GRANT, amount="1.005"))

    assert (problem.code, problem.detail, problem.hint) == (
        "grant-decimals",
        "USD has 2 decimals, and 1.005 has 3",
        "write the amount to grant",
    )


def test_the_checks_and_the_server_object_to_the_same_plans() -> None:
    """The checks find a problem in exactly those recorded plans where the server did."""
    recordings = sorted(SHARED.glob("transcripts/**/*.jsonl"))
    if not recordings:
        pytest.skip("../shared/transcripts is not here")

    rows = [row for path in recordings for row in recorded_plans(path)]

    assert [row for row in rows if bool(row.get("validation_errors")) != bool(problems(PLAN, as_declared(row)))] == []
    assert len(rows) > 400


def recorded_plans(path: Path) -> list[Any]:
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    bodies = [json.loads(line, parse_float=Decimal)["response"].get("body") for line in lines]
    return [body for body in bodies if isinstance(body, dict) and {"phases", "pro_rating_enabled"} <= body.keys()]


def as_declared(row: Any) -> Any:
    cards = [card for phase_ in row["phases"] for card in phase_["rate_cards"] if "feature" in card]
    return view(PLAN, row, {card["feature"]["id"]: Address("feature", (card["key"],)) for card in cards})


@given(st.integers(0, 100 * 2**17))
def test_a_small_multiple_of_a_power_of_two_is_kept_exactly(number: int) -> None:
    assert is_kept_exactly(Decimal(number) / 2**17, 32)


@given(st.decimals(0, 100, places=4))
def test_a_percentage_is_kept_exactly_if_a_32_bit_float_equals_it(number: Decimal) -> None:
    """A percentage is kept exactly if and only if a float of 32 bits equals it."""
    import struct

    (kept,) = struct.unpack("f", struct.pack("f", float(number)))

    assert is_kept_exactly(number, 32) is (Fraction(kept) == Fraction(number))


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=0, max_value=10**25))
@example(Decimal("52225931966892032"))
def test_a_limit_is_kept_only_if_it_reads_back(number: Decimal) -> None:
    if is_kept_exactly(number, 64):
        assert Decimal(repr(float(number))) == number
