"""Fractions of a unit are refused wherever a duration is declared: servers round them, each in its way."""

from __future__ import annotations

import io

import pytest

from billsync.config import load
from billsync.kinds.registry import KINDS

PLACES = {
    "a plan's cadence": "plans: [{key: p, name: P, currency: USD, billing_cadence: %s, phases: [{key: x, name: X,"
    " rate_cards: []}]}]",
    "a phase": "plans: [{key: p, name: P, currency: USD, billing_cadence: P1M, phases: [{key: x, name: X, duration: %s,"
    " rate_cards: []}, {key: y, name: Y, rate_cards: []}]}]",
    "a card's cadence": "plans: [{key: p, name: P, currency: USD, billing_cadence: P1M, phases: [{key: x, name: X,"
    " rate_cards: [{key: a, name: A, price: {type: flat, amount: 1}, billing_cadence: %s}]}]}]",
    "a usage period": "plans: [{key: p, name: P, currency: USD, billing_cadence: P1M, phases: [{key: x, name: X,"
    " rate_cards: [{key: a, name: A, price: {type: free}, entitlement: {type: metered, usage_period: %s}}]}]}]",
    "an add-on's card": "addons: [{key: p, name: P, currency: USD, instance_type: single, rate_cards: [{key: a,"
    " name: A, price: {type: flat, amount: 1}, billing_cadence: %s}]}]",
    "a grant": "customers: [{key: c, name: C, usage_attribution: {subject_keys: [c]}, grants: [{key: g, name: G,"
    " amount: 1, currency: USD, funding_method: none, expires_after: %s}]}]",
    "a library card": "rate_cards: {a: {price: {type: flat, amount: 1}, billing_cadence: %s}}",
    "a default": "_info: {defaults: {grant: {expires_after: %s}}}",
    "a default of phases": "_info: {defaults: {phase: {duration: %s}}}",
}
FRACTIONS = ["P0.5Y", "P1.5M", "P0.5W", "P1.5D", "PT1.5H", "PT0.5M", "PT90.5S", "P1M0.5D", "P1.0M"]


def of_durations(text: str) -> list[tuple[str, str]]:
    _, diagnostics = load(["-"], registry=KINDS, stdin=io.StringIO(text))
    return [(found.code, found.hint) for found in diagnostics if "duration" in found.detail]


@pytest.mark.parametrize("place", PLACES)
def test_a_fraction_is_refused_wherever_a_duration_is_declared(place: str) -> None:
    said = {fraction: [code for code, _ in of_durations(PLACES[place] % fraction)] for fraction in FRACTIONS}

    assert said == {fraction: ["malformed-text"] for fraction in FRACTIONS}
    assert of_durations(PLACES[place] % "P1M") == []


def test_the_reason_and_an_example_are_told() -> None:
    assert of_durations(PLACES["a grant"] % "P0.5Y") == [
        ("malformed-text", "The server rounds fractions: use smaller units. For example: P1Y.")
    ]
    assert of_durations(PLACES["a grant"] % "a year") == [("malformed-text", "For example: P1Y.")]


@pytest.mark.parametrize("text", ["P1D\\n", "\u0661", "P\u0661D", "P1D ", "-P1D", "P" + "1" * 1_000 + "D"])
def test_a_text_that_only_looks_like_a_duration_is_refused(text: str) -> None:
    _, diagnostics = load(["-"], registry=KINDS, stdin=io.StringIO(PLACES["a grant"] % f'"{text}"'))

    assert {found.code for found in diagnostics} <= {"malformed-text", "wrong-length"}
    assert diagnostics != ()
