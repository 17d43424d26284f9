"""An impact of a run that leaves out what is certainly equal says, byte for byte, what it says of everything."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import pytest

pytest.importorskip("msgspec", reason="the sieve is made of typed rows")

from billsync.app.sieving import reads as sieved_reads
from billsync.app.sieving.sieve import Known
from billsync.model.state import Desired
from tests.support.budgets import examples
from tests.support.sieve_cases import LINKS, ROOT, Case, mutated, outcomes, unchanged

pytestmark = pytest.mark.thorough

SEEDS = examples(24)
LATER = "2026-11-21T12:00:00Z"


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of subscriptions that sieves of a test hand on."""
    counts: list[int] = []
    sift = sieved_reads.sift

    def counted(*arguments: Any) -> tuple[Known, Desired]:
        known, left = sift(*arguments)
        counts.append(len(list(left.passed.links or ())))
        return known, left

    monkeypatch.setattr(sieved_reads, "sift", counted)
    return counts


def dearer(case: Case, mode: str) -> Case:
    """The case two months later, with other prices in the files."""
    case.mode = mode
    for row in case.rows[ROOT]:
        case.bodies[f"customers/{row.get('id')}/credits/balance"] = {"retrieved_at": LATER, "balances": []}
    for plan, amount in zip(case.files.get("plans") or [], ("11", "98"), strict=False):
        plan["phases"][0]["rate_cards"][0]["price"]["amount"] = amount
    return case


def odd_item(random: Random, case: Case) -> None:
    """A row whose phases differ from those of rows that were alike."""
    row = random.choice(case.rows[LINKS])
    phase = row["phases"][0] if isinstance(row.get("phases"), list) and row["phases"] else None
    if not isinstance(phase, dict) or not isinstance(phase.get("items"), list) or not phase["items"]:
        return
    item = random.choice(phase["items"])
    match random.randrange(8):
        case 0:
            item["rate_card"]["price"]["amount"] = random.choice(("7", "0.1", "10.0", 7, None))
        case 1:
            item["id"] = random.choice(("01A", "01ZZ", phase["items"][0]["id"], None))
        case 2:
            item["active_from"] = random.choice(("2026-09-15T00:00:00Z", "odd", None))
        case 3:
            phase["items"].reverse()
        case 4:
            phase["key"] = "other"
        case 5:
            row["billing_anchor"] = row["active_from"] = "2026-09-11T10:00:00.5Z"
        case 6:
            row["pro_rating_config"] = random.choice(({"enabled": False}, {"enabled": 1}, None))
        case _:
            phase["items"].remove(item)


def check(case: Case) -> None:
    """Check that both say the same. A case whose files aren't valid says nothing."""
    desired = case.desired()
    if desired is not None:
        sieved, plain = outcomes(case, desired)
        assert sieved == plain, case.told


@pytest.mark.parametrize("mode", ["impact", "impact-all"])
def test_subscriptions_that_are_left_out_are_in_the_impact(mode: str, passed: list[int]) -> None:
    case = dearer(unchanged(), mode)
    desired = case.desired()
    assert desired is not None

    sieved, plain = outcomes(case, desired)

    assert sieved == plain
    assert passed == [3]
    assert len(set(re.findall(r"\b[a-z]+/default\b", sieved.partition("Impact")[2]))) == 4


@pytest.mark.parametrize("mode", ["impact", "impact-all"])
def test_odd_files_and_rows_have_the_same_impact(mode: str, passed: list[int]) -> None:
    for seed in range(SEEDS):
        random = Random(seed)
        case = dearer(mutated(random, most=2), mode)
        if case.rows[LINKS] and random.random() < 0.6:
            odd_item(random, case)
        check(case)

    assert any(passed)
