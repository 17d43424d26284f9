"""All mistakes of an entity are told at once, and none that only follows from another."""

from __future__ import annotations

import io

import pytest

from billsync.config import load
from billsync.kinds.registry import KINDS

CUSTOMER = "customers: [{key: c, name: C, usage_attribution: {subject_keys: [c]}, grants: [{%s}]}]"
GRANT = "key: g, name: G, amount: %s, currency: USD, funding_method: none"
PLAN = """plans:
  - key: p
    name: %s
    currency: %s
    billing_cadence: P1M
    phases:
      - {key: a, name: A, duration: %s, rate_cards: [%s]}
      - {key: b, name: B, rate_cards: [{key: z, name: Z, price: {type: free}}]}
"""
CARD = "{key: %s, name: X, price: %s%s}"
FLAT = "{type: flat, amount: 1}"


def codes(text: str) -> list[str]:
    _, diagnostics = load(["-"], registry=KINDS, stdin=io.StringIO(text))
    return [found.code for found in diagnostics]


def plan(*cards: str, name: str = "P", currency: str = "USD", duration: str = "P1M") -> str:
    return PLAN % (name, currency, duration, ", ".join(cards))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (plan(CARD % ("x", FLAT, ", discounts: {percentage: 12.34}, nmae: X")), ["number-inexact", "unknown-field"]),
        (
            plan(CARD % ("x", "{type: flat}", ""), CARD % ("y", FLAT, ", billing_cadence: P1W")),
            ["cadence-unaligned", "missing-field"],
        ),
        (plan(CARD % ("y", FLAT, ", billing_cadence: P1W"), name="5"), ["cadence-unaligned", "wrong-type"]),
        (plan(CARD % ("X", FLAT, ", labels: {a: v1.2.3}, billing_cadence: P1W")), ["label", "malformed-text"]),
        (
            plan(CARD % ("x", FLAT, ", payment_term: never"), duration="PT5M"),
            ["duration-under-an-hour", "not-a-choice"],
        ),
        (CUSTOMER % (GRANT % "500.001" + ", expires: P1Y"), ["grant-decimals", "unknown-field"]),
        (CUSTOMER % (GRANT % "500.001" + ", priority: 0"), ["out-of-range"]),
        (CUSTOMER % (GRANT % "-5" + ", priority: 0"), ["out-of-range", "out-of-range"]),
        (CUSTOMER % (GRANT % "'-5'" + ", labels: {a: v1.2.3}, priority: 0"), ["label", "out-of-range", "out-of-range"]),
    ],
)
def test_what_the_schema_refuses_hides_no_other_mistake(text: str, expected: list[str]) -> None:
    assert sorted(codes(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "features: [{key: f, name: F, meter: {filters: {}}, unit_cost: {type: manual, amount: 1}}]",
            ["missing-field"],
        ),
        (plan(CARD % ("x", "5", ", billing_cadence: P1M")), ["wrong-type"]),
        (plan(CARD % ("x", FLAT, ""), duration="5"), ["wrong-type"]),
        (plan(CARD % ("x", FLAT, ", billing_cadence: P1W"), currency="5"), ["wrong-type"]),
        ("plans: [{key: p}]", ["missing-field"] * 4),
    ],
)
def test_what_only_follows_from_a_mistake_is_not_told(text: str, expected: list[str]) -> None:
    assert codes(text) == expected
