from dataclasses import replace
from decimal import Decimal
from io import StringIO

import pytest

from billsync.config import load
from billsync.kinds.registry import KINDS
from billsync.model.diagnostic import Diagnostic, Position, Severity
from billsync.model.globs import Patterns
from billsync.model.policy import Policy, PricePolicy

PLANS = "[{key: pro, name: Pro}, {key: max, name: Max}, {key: a, name: A}]"


def governed(policy: str, header: str = "owner: us") -> tuple[Policy, tuple[Diagnostic, ...]]:
    """What a policy says no run may do, and what is wrong."""
    text = f"_info:\n  {header}\n  policy: {{{policy}}}\ncustomers: [{{key: acme, name: A}}]\n"
    desired, findings = load(["-"], registry=KINDS, stdin=StringIO(text))
    return desired.policy, findings


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
        PricePolicy(
            Patterns({"plan": ("pro*", "max")}),
            Decimal("12.5"),
            None,
            Decimal(0),
            Decimal(1_000_000),
            Position("-", 1, 27),
        ),
    )


def test_a_policy_covers_plans_by_key_and_glob() -> None:
    ((policy,), _) = loaded("{plans: [pro*, max], max_increase: 5 %, usage: {from: 0, to: 1}}")

    assert [policy.covers("plan", plan) for plan in ("pro", "pro_2", "max", "maxi", "free")] == [
        True,
        True,
        True,
        False,
        False,
    ]


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


def test_a_policy_for_runs_is_read_with_the_places_of_its_rules() -> None:
    policy, findings = governed(
        "max_deletes: 5, max_delete_percent: {percent: 12.5, from: 20}, protected: {customers: [acme, big_*]}, "
        "forbid: [void, cancel], require_owner: true"
    )

    assert findings == ()
    assert replace(policy, places={}) == Policy(
        max_deletes=5,
        max_delete_percent=Decimal("12.5"),
        percent_from=20,
        protected=Patterns({"customer": ("acme", "big_*")}),
        forbid=frozenset({"cancel", "void"}),
        require_owner=True,
    )
    assert (policy.places["max_deletes"], policy.places["forbid"]) == (Position("-", 3, 12), Position("-", 3, 114))


@pytest.mark.parametrize("written", ["7", "7%", "'7 %'", "{percent: 7}", "{percent: 7%, from: 10}"])
def test_a_share_of_deletes_is_a_percentage(written: str) -> None:
    policy, findings = governed(f"max_delete_percent: {written}")

    assert (policy.max_delete_percent, policy.percent_from, findings) == (Decimal(7), 10, ())


@pytest.mark.parametrize(
    ("policy", "code", "detail", "hint"),
    [
        ("max_deletes: -1", "out-of-range", "max_deletes: expected at least 0, found the number -1.", ""),
        ("max_deletes: 1.5", "wrong-type", "max_deletes: expected a whole number, found the number 1.5.", ""),
        (
            "max_delete_percent: 101",
            "out-of-range",
            "max_delete_percent: expected at most 100, found the number 101.",
            "",
        ),
        ("max_delete_percent: {from: 3}", "missing-field", "", ""),
        ("protected: {customer: [acme]}", "unknown-field", "", 'Did you mean "customers"?'),
        ("protected: [acme]", "wrong-type", "", ""),
        ("forbid: [cancle]", "not-a-choice", "", 'Did you mean "cancel"?'),
        ("forbid: [price-policy]", "not-a-choice", "", ""),
        ("require_owner: yes", "wrong-type", "", ""),
        ("prices: [{max_increase: 1%, usage: {from: 0, to: 1}}]", "missing-field", "", ""),
    ],
)
def test_a_malformed_rule_is_named(policy: str, code: str, detail: str, hint: str) -> None:
    _, findings = governed(policy)

    (found,) = findings
    assert found.position is not None
    assert found.position.line == 3
    assert (found.code, found.detail if detail else "", found.hint if hint else "") == (code, detail, hint)


def test_files_without_an_owner_are_an_error_where_the_policy_requires_one() -> None:
    _, (found,) = governed("require_owner: true", "defaults: {}")

    assert (found.code, found.severity, found.position) == ("no-owner", Severity.ERROR, Position("-", 3, 12))


def test_protection_of_what_is_not_declared_is_a_warning() -> None:
    _, (found,) = governed("protected: {customers: [acne], plans: [pro]}")

    assert (found.code, found.severity, found.detail, found.hint) == (
        "policy-for-nothing",
        Severity.WARNING,
        'These files declare no customer "acne", which the policy protects.',
        'Did you mean "acme" (-:4)?',
    )


def test_a_price_policy_for_an_unknown_addon_is_an_error() -> None:
    addon = "addons: [{key: seats, name: S, currency: USD, instance_type: single, rate_cards: [{use: fee}]}]"

    policies, (found,) = loaded("{addons: [seat], max_increase: 1%, usage: {from: 0, to: 1}}", more=addon)

    assert policies[0].keys == Patterns({"addon": ("seat",)})
    assert (found.severity, found.hint) == (Severity.ERROR, 'Did you mean "seats" (-:5)?')
