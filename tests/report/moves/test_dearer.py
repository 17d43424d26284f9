"""Changes to dearer plan versions: what of them costs more, with both amounts."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.model.change import Guard
from billsync.model.duration import Duration
from billsync.report.moves.dearer import dearer, dearer_guards
from billsync.report.moves.real import Paid
from billsync.report.moves.terms import PlanTerms
from tests.support.moves import ACME, NEW, OLD, ahead, move, running, terms, with_trial
from tests.support.subscription_rows import fee_card, graduated, unit, usage_card


def reasons(old: PlanTerms, new: PlanTerms, /, **more: Any) -> list[str]:
    found = dearer(move(old, new, **more))
    return list(found.reasons) if found else []


def fees(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[str]:
    return reasons(terms(OLD, *old), terms(NEW, *new))


def test_a_dearer_fee_is_guarded_with_both_amounts() -> None:
    found = [dearer(move(terms(OLD, ahead("25")), terms(NEW, ahead("60"))))] * 2

    assert dearer_guards(one for one in found if one) == (
        Guard(
            "dearer-plan",
            "2 changes from plan/team@1 to plan/business@1 would cost more: fees of 25 USD each P1M become 60 USD "
            "each P1M",
            "--allow dearer-plan",
            (ACME, ACME),
        ),
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([ahead("25")], [ahead("25")]),
        ([ahead("25")], [fee_card("other", "25")]),
        ([ahead("25")], [ahead("10"), ahead("15", "seat")]),
        ([ahead("25")], [ahead("300", cadence="P1Y")]),
        ([ahead("25")], [ahead("250", cadence="P1Y")]),
        ([ahead("25"), ahead("9", "seat")], [ahead("25")]),
        ([ahead("25")], []),
    ],
    ids=["equal", "another key", "split", "a year's", "a cheaper year's", "one less", "none"],
)
def test_equal_and_lower_fees_are_not_dearer(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> None:
    assert fees(old, new) == []


def test_fees_of_other_cadences_are_compared_for_a_month() -> None:
    assert fees([ahead("25")], [ahead("600", cadence="P1Y")]) == [
        "fees of 25 USD each P1M become 600 USD each P1Y (25 → 50 USD a month)"
    ]
    assert fees([ahead("700", cadence="P1W")], [ahead("3044", cadence="P1M")]) == [
        "fees of 700 USD each P1W become 3044 USD each P1M (3043.6875 → 3044 USD a month)"
    ]


def test_what_was_free_and_what_is_paid_once_costs_more() -> None:
    assert fees([], [ahead("5")]) == ["fees of 5 USD each P1M are new"]
    assert fees([ahead("25")], [ahead("25"), ahead("99", "setup", None)]) == ["a one-time fee of 99 USD is due"]


def test_another_currency_can_not_be_compared() -> None:
    assert fees([ahead("25")], [{**ahead("20"), "currency": "EUR"}]) == [
        "fees of 25 USD each P1M become 20 EUR each P1M, which can't be compared"
    ]
    old, new = usage_card("api", unit("1")), usage_card("api", unit("0.5"), currency="EUR")
    assert fees([old], [new]) == ["api is charged in EUR instead of USD, which can't be compared"]


def test_dearer_usage_is_shown_where_it_differs_most() -> None:
    cheap = usage_card("api", graduated(("100", "0.10"), (None, "0.05")))
    dear = usage_card("api", graduated(("100", "0.10"), (None, "0.08")))

    assert fees([cheap], [cheap]) == []
    assert fees([dear], [cheap]) == []
    assert fees([cheap], [dear]) == ["1000000 of api cost 50005 → 80002 USD"]
    assert fees([], [usage_card("api", unit("0.10"))]) == ["1 of api costs 0 → 0.1 USD"]


def test_usage_of_other_cadences_is_compared_where_it_can_be() -> None:
    monthly, yearly = usage_card("api", unit("1")), usage_card("api", unit("2"), billing_cadence="P1Y")
    tiers = usage_card("api", graduated(("10", "1"), (None, "0.5")), billing_cadence="P1Y")

    assert fees([yearly], [monthly]) == []
    assert fees([monthly], [yearly]) == ["1 of api costs 1 → 2 USD"]
    assert fees([monthly], [tiers]) == [
        "api is billed each P1Y instead of each P1M, so that its prices can't be compared"
    ]


def test_a_trial_hides_no_price_and_the_end_of_one_is_dearer() -> None:
    old, new = terms(OLD, ahead("25")), terms(NEW, ahead("60"))
    trial = running(ahead("25"))
    in_trial = replace(
        trial, timeline=replace(trial.timeline, phases=(replace(trial.timeline.phases[0], key="trial"),))
    )

    assert reasons(old, with_trial(new)) == ["in phase default fees of 25 USD each P1M become 60 USD each P1M"]
    assert reasons(with_trial(old), old) == []
    assert reasons(with_trial(old), old, running=in_trial) == ["fees of 25 USD each P1M are new"]


def test_what_can_not_be_read_is_guarded_and_said() -> None:
    known = terms(OLD, ahead("25"))

    assert reasons(known, known, old=None) == ["perhaps, as the prices of plan/team@1 can't be read"]


def paid(before: str, after: str) -> Paid:
    return {(Duration(months=Decimal(1)), "USD"): (Decimal(before), Decimal(after))}


def test_real_usage_is_added_to_the_reasons_and_is_no_reason_itself() -> None:
    """Real usage is summed up in the guard of all changes of one sort; by itself it is no reason for one."""
    old, new = terms(OLD, ahead("25")), terms(NEW, ahead("60"))
    known = [dearer(move(old, new), each) for each in (paid("30", "65"), paid("70", "60"), None)]

    single, several = ([one for one in them if one] for them in (known[:1], known))

    assert dearer(move(old, old), paid("30", "65")) is None
    assert [guard.reason.rpartition("; ")[2] for guard in (*dearer_guards(single), *dearer_guards(several))] == [
        "at the usage of the last periods 30 → 65 USD each P1M",
        "at the usage of the last periods 1 of 2 pay more, in all 100 → 125 USD each P1M",
    ]


PRICES = st.decimals(min_value=0, max_value=1000, places=2).map(str)
CADENCES = st.sampled_from(["P1M", "P3M", "P1Y"])
MONTHS = {"P1M": 1, "P3M": 3, "P1Y": 12}


@given(PRICES, CADENCES, PRICES, CADENCES)
def test_fees_are_dearer_exactly_where_a_month_costs_more(old: str, each: str, new: str, every: str) -> None:
    is_dearer = Decimal(new) * MONTHS[each] > Decimal(old) * MONTHS[every]

    assert bool(fees([ahead(old, cadence=each)], [ahead(new, cadence=every)])) is is_dearer
