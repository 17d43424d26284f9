"""Trials that a change would begin again, of those who have had one."""

from datetime import UTC, datetime
from typing import Any

import pytest

from billsync.model.change import Guard
from billsync.model.malformed import Malformed
from billsync.report.billing.subscribed import Subscribed, subscribed
from billsync.report.moves.trials import trial_again, trial_guards, trial_of
from tests.support.moves import ACME, NEW, OLD, ahead, move, running, terms, with_trial
from tests.support.subscription_rows import FEATURES, subscription_row
from tests.support.subscription_rows import with_trial as row_with_trial

TEAM, BUSINESS = terms(OLD, ahead("25")), with_trial(terms(NEW, ahead("60")))


def after_a_trial(**more: Any) -> Subscribed:
    return subscribed(row_with_trial(subscription_row(ahead("25"), **more), "2026-09-08T00:00:00Z"), FEATURES)


def test_a_trial_would_run_again() -> None:
    found = trial_again(move(TEAM, BUSINESS, after_a_trial()))

    assert found is not None
    assert trial_guards([found]) == (
        Guard(
            "trial-again",
            "a change to plan/business@1 would begin with its phase trial (P14D), which costs less than what follows, "
            "and a trial was had before",
            "--allow trial-again",
            (ACME,),
        ),
    )


def test_a_trial_of_an_earlier_link_counts() -> None:
    assert trial_again(move(TEAM, BUSINESS, running(ahead("25")), earlier=(after_a_trial(), running(ahead("25")))))


def test_a_link_that_can_not_be_read_may_have_had_one() -> None:
    assert trial_again(move(TEAM, BUSINESS, running(ahead("25")), earlier=(Malformed("phases", None),)))


def test_who_had_none_begins_the_first() -> None:
    assert trial_again(move(TEAM, BUSINESS, running(ahead("25")))) is None


def test_a_trial_ahead_was_not_had() -> None:
    early = datetime(2026, 9, 1, tzinfo=UTC)

    assert trial_again(move(TEAM, BUSINESS, after_a_trial(), at=early)) is None


def test_a_plan_without_a_trial_begins_none() -> None:
    assert trial_again(move(TEAM, terms(NEW, ahead("60")), after_a_trial())) is None


@pytest.mark.parametrize(
    ("cards", "is_trial"), [([], True), ([ahead("1")], True), ([ahead("60")], False), ([ahead("90")], False)]
)
def test_a_first_phase_is_a_trial_if_it_costs_less(cards: list[dict[str, Any]], is_trial: bool) -> None:
    plan = with_trial(terms(NEW, ahead("60")), *cards)

    assert (trial_of(plan) is not None) is is_trial
