"""Plans that are to bill nothing at sign-up: a fee in advance in their first phase is named with its place."""

from io import StringIO

import pytest

from billsync.config import load
from billsync.kinds.registry import KINDS

TEXT = """\
_info: {policy: {nothing_due_at_start: [PATTERN]}, defaults: {plan: {currency: USD, billing_cadence: P1M}}}
plans:
  - key: fleet
    name: Fleet
    phases:
      - {key: first, name: First, duration: P1M, rate_cards: [CARD]}
      - {key: rest, name: Rest, rate_cards: [LATER]}
"""
FEE = "{key: fee, name: Fee, billing_cadence: P1M, payment_term: TERM, price: PRICE}"
LATER = "{key: later, name: Later, payment_term: in_advance, price: {type: flat, amount: 9}}"
FLAT = "{type: flat, amount: 80}"
ADVANCE, ARREARS = "in_advance", "in_arrears"


def found(card: str, pattern: str = "fleet") -> list[tuple[str, int, str]]:
    text = TEXT.replace("PATTERN", pattern).replace("CARD", card).replace("LATER", LATER)
    _, findings = load(["-"], registry=KINDS, stdin=StringIO(text))
    return [(each.code, each.position.line if each.position else 0, each.severity.value) for each in findings]


@pytest.mark.parametrize(
    ("term", "price", "pattern", "expected"),
    [
        (ADVANCE, FLAT, "fleet", [("due-at-start", 6, "error")]),
        (ADVANCE, FLAT, "'fl*'", [("due-at-start", 6, "error")]),
        (ARREARS, FLAT, "fleet", []),
        (ADVANCE, "{type: flat, amount: 0}", "fleet", []),
        (ADVANCE, FLAT, "flete", [("policy-for-nothing", 1, "warning")]),
    ],
)
def test_only_a_fee_in_advance_in_the_first_phase_is_named(
    term: str, price: str, pattern: str, expected: list[tuple[str, int, str]]
) -> None:
    assert found(FEE.replace("TERM", term).replace("PRICE", price), pattern) == expected


def test_a_term_that_is_left_out_is_in_arrears() -> None:
    assert found(FEE.replace("payment_term: TERM, ", "").replace("PRICE", FLAT)) == []
