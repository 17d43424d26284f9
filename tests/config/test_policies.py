from decimal import Decimal
from io import StringIO

import pytest

from billsync.config import load
from billsync.kinds.registry import KINDS
from billsync.model.diagnostic import Diagnostic, Position, Severity
from billsync.model.policy import PricePolicy

PLANS = "[{key: pro, name: Pro}, {key: max, name: Max}, {key: a, name: A}]"


def loaded(policy: str, plans: str = PLANS, more: str = "") -> tuple[tuple[PricePolicy, ...], tuple[Diagnostic, ...]]:
    """The policies, and what is wrong: each plan of the files gets what every plan needs."""
    needed = "currency: USD, billing_cadence: P1M, phases: [{key: only, name: Only, rate_cards: [{use: fee}]}]"
    text = (
        f"_info: {{policy: {{prices: [{policy}]}}, defaults: {{plan: {{{needed}}}}}}}\n"
        "rate_cards: {fee: {key: fee, name: Fee, price: {type: flat, amount: 5}}}\n"
        f"customers: [{{key: a, name: A}}]\n{f'plans: {plans}' if plans else ''}\n{more}\n"
    )
    desired, findings = load(["-"], registry=KINDS, stdin=StringIO(text))
    return desired.prices, findings


def test_a_price_policy_is_read_with_its_place() -> None:
    policies, findings = loaded("{plans: [pro*, max], max_increase: 12.5%, usage: {from: 0, to: '1000000'}}")

    assert findings == ()
    assert policies == (
        PricePolicy(("pro*", "max"), Decimal("12.5"), None, Decimal(0), Decimal(1_000_000), Position("-", 1, 27)),
    )


def test_a_policy_covers_plans_by_key_and_glob() -> None:
    ((policy,), _) = loaded("{plans: [pro*, max], max_increase: 5 %, usage: {from: 0, to: 1}}")

    assert [policy.covers(plan) for plan in ("pro", "pro_2", "max", "maxi", "free")] == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("policy", "codes"),
    [
        ("{plans: [a], max_increase: 10, usage: {from: 0, to: 1}}", ["wrong-type"]),
        ("{plans: [a], max_increase: -1%, usage: {from: 0, to: 1}}", ["malformed-text"]),
        ("{plans: [], max_increase: 1%, usage: {from: 0, to: 1}}", ["wrong-count"]),
        ("{plans: [a], max_increase: 1%}", ["missing-field"]),
        ("{plans: [a], max_increase: 1%, usage: {from: -1, to: 1}}", ["out-of-range"]),
        ("{plans: [a], max_increase: 1%, usage: {from: 2, to: 1}}", ["out-of-range"]),
        ("{plans: [a], max_increase: 1%, usage: {from: x, to: 1}}", ["malformed-text"]),
        ("{plans: [a], max_increase: 1%, usage: {from: 0, to: 1}, max: 5%}", ["unknown-field"]),
        ("text", ["wrong-type"]),
    ],
)
def test_a_malformed_policy_is_an_error_with_a_place(policy: str, codes: list[str]) -> None:
    _, findings = loaded(policy)

    assert [finding.code for finding in findings] == codes
    assert all(finding.position and finding.position.line == 1 for finding in findings)


@pytest.mark.parametrize(
    ("policy", "summary", "detail", "hint"),
    [
        (
            "{plans: [a], max_increase: 10, usage: {from: 0, to: 1}}",
            "the value has the wrong type",
            "max_increase: expected a text, found the number 10.",
            "Write 10%.",
        ),
        (
            "{plans: [a], max_increase: '12.5', usage: {from: 0, to: 1}}",
            "the text doesn't have the right form",
            'max_increase: the text "12.5" is not a percentage.',
            "Write 12.5%.",
        ),
        (
            "{plans: [a], max_increase: ten, usage: {from: 0, to: 1}}",
            "the text doesn't have the right form",
            'max_increase: the text "ten" is not a percentage.',
            "For example: 10%.",
        ),
        (
            "{plans: [a], usage: {from: 0, to: 1}}",
            "a field is missing",
            '"max_increase" or "max_decrease" is required in `prices.0`.',
            "For example: 10%.",
        ),
    ],
)
def test_the_hint_of_a_malformed_policy_can_be_followed(policy: str, summary: str, detail: str, hint: str) -> None:
    _, (found,) = loaded(policy)

    assert (found.summary, found.detail, found.hint) == (summary, detail, hint)


MISSPELT = "{plans: [pro, maxx], max_increase: 1%, usage: {from: 0, to: 1}}"


def test_a_policy_for_a_plan_that_nothing_has_is_an_error() -> None:
    _, (found,) = loaded(MISSPELT)

    assert (found.severity, found.position, found.detail, found.hint) == (
        Severity.ERROR,
        Position("-", 1, 27),
        'No plan is "maxx", neither in these files nor in `external`, so the policy would check nothing.',
        'Did you mean "max" (-:4)?',
    )


def test_a_policy_for_plans_that_may_come_is_a_warning() -> None:
    _, (found,) = loaded("{plans: [pro, enterprise*], max_increase: 1%, usage: {from: 0, to: 1}}")

    assert (found.severity, found.detail) == (
        Severity.WARNING,
        'No plan is "enterprise*", neither in these files nor in `external`, so the policy would check nothing.',
    )


def test_a_policy_for_an_external_plan_is_none() -> None:
    _, findings = loaded(MISSPELT, more="external: {plans: [maxx]}")

    assert findings == ()


def test_a_policy_beside_no_plans_at_all_is_a_warning() -> None:
    _, findings = loaded(MISSPELT, plans="")

    assert [(found.severity, found.detail) for found in findings] == [
        (Severity.WARNING, 'The policy for plan "maxx" checks nothing here: these files declare no plan.'),
        (Severity.WARNING, 'The policy for plan "pro" checks nothing here: these files declare no plan.'),
    ]
