from decimal import Decimal
from io import StringIO

import pytest

from billsync.config import load
from billsync.kinds.registry import KINDS
from billsync.model.diagnostic import Diagnostic, Position
from billsync.model.policy import PricePolicy


def loaded(policy: str) -> tuple[tuple[PricePolicy, ...], tuple[Diagnostic, ...]]:
    text = f"_info: {{policy: {{prices: [{policy}]}}}}\ncustomers: [{{key: a, name: A}}]\n"
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
