from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from billsync.model.duration import Duration
from billsync.rating.periods import Period
from billsync.report.billing.subscribed import subscribed
from billsync.report.billing.usage import by_customer
from billsync.report.impact.periods import NO_PERIOD, full_periods, prepared
from billsync.report.impact.reached import MigrationStatus, Reached
from billsync.report.impact.repricing import plan_cards, repriced
from billsync.report.impact.spread import spread
from billsync.report.impact.sums import Sum, by_difference, difference, groups, largest, sums, windows, with_fewer
from billsync.report.impact.verdicts import Verdict, verdict
from tests.support.subscription_rows import (
    FEATURES,
    fee_card,
    graduated,
    own_plan,
    plan_fields,
    subscription_row,
    unit,
    usage_card,
    with_trial,
)

NOW = datetime(2026, 11, 16, tzinfo=UTC)
OCTOBER = Period(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
SEPTEMBER = Period(datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC))
MONTH, QUARTER, YEAR = Duration(months=Decimal(1)), Duration(months=Decimal(3)), Duration(years=Decimal(1))


def reached(
    row: dict[str, Any], new: dict[str, Any], name: str = "acme/default", old: tuple[str, ...] = ("api", "base")
) -> Reached:
    before = subscribed(row, FEATURES)
    after = repriced(before, plan_cards(new), plan_cards(own_plan(row, *old)))
    standing = MigrationStatus.MOVING
    return Reached(name, name.partition("/")[0], "plan/pro@2", standing, before, after.subscribed, notes=after.notes)


def judged(row: dict[str, Any], new: dict[str, Any], usage: str = "0") -> Verdict:
    return verdict(prepared(reached(row, new), NOW, 1), {("api", OCTOBER): Decimal(usage)})


def test_both_bills_are_made_from_the_usage_of_the_last_full_period() -> None:
    row = subscription_row(usage_card("api", unit("0.10")), fee_card("base", "20"))

    found = judged(row, plan_fields(usage_card("api", unit("0.12")), fee_card("base", "15")), "500")

    assert found.totals("USD") == (Decimal("70.00"), Decimal("75.00"))
    (bill,) = found.bills
    assert bill.period == OCTOBER
    assert [(one.key, line.reference, line.total) for one in bill.after for line in one.lines] == [
        ("api", "unit-price-usage", Decimal("60.00")),
        ("base", "flat-price", Decimal("15.00")),
    ]


def test_the_same_price_in_another_form_changes_nothing() -> None:
    row = subscription_row(usage_card("api", unit("0.10")))

    found = judged(row, plan_fields(usage_card("api", graduated(("100", "0.10"), (None, "0.1")))), "1234")

    before, after = found.totals("USD")
    assert before == after


def test_a_card_that_the_old_plan_did_not_have_stays() -> None:
    row = subscription_row(usage_card("api", unit("1")), fee_card("addon_seats", "9"))

    found = judged(row, plan_fields(usage_card("api", unit("2"))), "1")

    assert found.totals("USD") == (Decimal("10.00"), Decimal("11.00"))


def test_a_card_that_the_new_plan_lacks_is_not_paid_any_more() -> None:
    row = subscription_row(usage_card("api", unit("1")), fee_card("base", "20"))

    found = judged(row, plan_fields(usage_card("api", unit("1"))), "5")

    assert found.totals("USD") == (Decimal("25.00"), Decimal("5.00"))


def test_recurring_fees_count_once_a_period_and_one_time_fees_never() -> None:
    """Fees in advance and in arrears count once a period, and one-time fees never."""
    row = subscription_row(fee_card("base", "20", "in_advance"), fee_card("setup", "99", cadence=None))

    found = judged(row, plan_fields(fee_card("base", "25", "in_arrears"), fee_card("setup", "1", cadence=None)))

    assert found.totals("USD") == (Decimal("20.00"), Decimal("25.00"))


def test_a_yearly_fee_counts_whole_also_for_a_young_subscription() -> None:
    row = subscription_row(fee_card("base", "120", "in_advance", "P1Y"), usage_card("api", unit("1")))

    found = judged(row, plan_fields(fee_card("base", "240", "in_advance", "P1Y"), usage_card("api", unit("1"))), "3")

    assert found.totals("USD") == (Decimal("3.00"), Decimal("3.00"))
    assert found.totals("USD", YEAR) == (Decimal("120.00"), Decimal("240.00"))


def test_usage_that_is_billed_each_quarter_is_rated_over_the_last_quarter() -> None:
    row = subscription_row(usage_card("api", unit("0.1"), billing_cadence="P3M"), start="2026-01-01T00:00:00Z")
    one = reached(row, plan_fields(usage_card("api", unit("0.255"), billing_cadence="P3M")))
    quarter = Period(datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC))

    both = prepared(one, NOW, 1)

    assert both.needs == {("api", quarter)}
    found = verdict(both, {("api", quarter): Decimal(100)})
    assert found.paid == {(QUARTER, "USD"): (Decimal("10.00"), Decimal("25.50"))}


def test_quarterly_usage_without_a_full_quarter_can_not_be_rated() -> None:
    row = subscription_row(usage_card("api", unit("0.1"), billing_cadence="P3M"))

    found = judged(row, plan_fields(usage_card("api", unit("0.2"), billing_cadence="P3M")))

    assert found.problem == "it has no full P3M yet for api"


def test_of_a_young_subscription_only_quarterly_usage_is_left_out() -> None:
    row = subscription_row(
        usage_card("api", unit("0.1"), billing_cadence="P3M"),
        fee_card("platform", "300", "in_advance", "P3M"),
        usage_card("gb", unit("1")),
    )
    new = plan_fields(
        usage_card("api", unit("0.2"), billing_cadence="P3M"),
        fee_card("platform", "330", "in_advance", "P3M"),
        usage_card("gb", unit("2")),
    )
    one = prepared(reached(row, new, old=("api", "platform", "gb")), NOW, 1)

    found = verdict(one, {("gb", OCTOBER): Decimal(4)})

    assert one.needs == {("gb", OCTOBER)}
    assert (found.problem, found.left_out) == ("", ("no full P3M yet for api",))
    assert found.paid == {
        (MONTH, "USD"): (Decimal("4.00"), Decimal("8.00")),
        (QUARTER, "USD"): (Decimal("300.00"), Decimal("330.00")),
    }


def test_more_each_month_and_less_each_year_count_separately() -> None:
    """A customer who pays more each month and less each year counts in both, separately."""
    row = subscription_row(fee_card("base", "20"), fee_card("support", "1000", "in_advance", "P1Y"))
    new = plan_fields(fee_card("base", "25"), fee_card("support", "100", "in_advance", "P1Y"))

    found = verdict(prepared(reached(row, new, old=("base", "support")), NOW, 1), {})

    assert sums([found]) == (
        Sum(MONTH, "USD", True, Decimal("20.00"), Decimal("25.00"), more=1, less=0, same=0),
        Sum(YEAR, "USD", False, Decimal("1000.00"), Decimal("100.00"), more=0, less=1, same=0),
    )


def test_only_cadences_that_price_usage_widen_what_was_looked_at() -> None:
    yearly = fee_card("support", "1000", "in_advance", "P1Y")
    row = subscription_row(usage_card("api", unit("1")), yearly)

    found = judged(row, plan_fields(usage_card("api", unit("2")), yearly), "1")

    assert windows([found]) == {MONTH: OCTOBER}


def test_twelve_months_are_the_same_cadence_as_a_year() -> None:
    row = subscription_row(fee_card("base", "120", "in_advance", "P12M"))

    found = judged(row, plan_fields(fee_card("base", "240", "in_advance", "P1Y")))

    assert found.paid == {(YEAR, "USD"): (Decimal("120.00"), Decimal("240.00"))}


def test_a_young_subscription_can_not_be_rated_and_says_why() -> None:
    row = subscription_row(usage_card("api", unit("1")), start="2026-11-10T00:00:00Z")

    found = judged(row, plan_fields(usage_card("api", unit("2"))))

    assert (found.bills, found.problem) == ((), NO_PERIOD)


def test_what_the_server_would_not_rate_is_told_with_its_code() -> None:
    row = subscription_row(usage_card("api", unit("1")))

    found = judged(row, plan_fields(usage_card("api", graduated((None, "1")))), "-3")

    assert found.problem == "the server would not rate it (negative_quantity)"


def test_an_unknown_currency_is_told() -> None:
    row = subscription_row({**usage_card("api", unit("1")), "currency": "COINS"})

    found = judged(row, plan_fields(usage_card("api", unit("1"))))

    assert found.problem == "the decimals of the currency COINS are not known"


def test_several_periods_are_taken_newest_first_and_summed() -> None:
    one = reached(subscription_row(usage_card("api", unit("1"))), plan_fields(usage_card("api", unit("2"))))
    both = prepared(one, NOW, 5)

    found = verdict(both, {("api", OCTOBER): Decimal(3), ("api", SEPTEMBER): Decimal(4)})

    assert full_periods(one.before, NOW, 5) == (OCTOBER, SEPTEMBER)
    assert both.needs == {("api", OCTOBER), ("api", SEPTEMBER)}
    assert found.totals("USD") == (Decimal("7.00"), Decimal("14.00"))


def many(*differences: int) -> list[Verdict]:
    """One verdict for each difference: somebody who paid 100."""
    found = []
    for number, more in enumerate(differences):
        row = subscription_row(fee_card("base", "100"))
        one = reached(row, plan_fields(fee_card("base", str(100 + more))), f"c{number:02}/default")
        found.append(verdict(prepared(one, NOW, 1), {}))
    return found


def test_sums_count_who_pays_more_less_and_the_same() -> None:
    assert sums(many(5, -3, 0, 2)) == (
        Sum(MONTH, "USD", True, Decimal("400.00"), Decimal("404.00"), more=2, less=1, same=1),
    )


def test_the_largest_differences_come_first_each_way() -> None:
    more, less = largest(by_difference(many(1, 7, -2, -9, 0, 3), (MONTH, "USD")), count=2)

    assert [difference(one) for one in more] == [7, 3]
    assert [difference(one) for one in less] == [-9, -2]


def test_the_spread_counts_by_percent_and_names_differences_by_rank() -> None:
    found = spread(by_difference(many(-60, -50, -20, -1, 0, 0, 10, 11, 20, 100, 101), (MONTH, "USD")))

    assert found is not None
    assert {(one.start, one.end): one.count for one in found.bands if one.count} == {
        (None, -50): 1,
        (-50, -20): 1,
        (-20, -10): 1,
        (-10, 0): 1,
        (0, 0): 2,
        (0, 10): 1,
        (10, 20): 2,
        (50, 100): 1,
        (100, None): 1,
    }
    ranks = (found.least, found.tenth, found.median, found.nine_tenths, found.greatest, found.without_percent)
    assert ranks == (-60, -50, 0, 100, 101, 0)


def test_a_percentage_needs_something_paid_before() -> None:
    pairs = [(0, 1), (0, 0), (-1, 2)]
    (who,) = many(1)

    found = spread([(who, (Decimal(before), Decimal(after))) for before, after in pairs])

    assert found is not None
    assert (found.without_percent, sum(one.count for one in found.bands)) == (2, 1)


def test_groups_have_at_least_their_size_and_lose_nobody() -> None:
    found = [len(group) for group in groups(many(*range(13)), (MONTH, "USD"), size=5)]

    assert found == [6, 7]
    assert list(groups(many(1, 2), (MONTH, "USD"), size=5)) == []


def test_usage_that_belongs_to_no_customer_is_left_out() -> None:
    rows = [{"value": "5", "dimensions": {"customer_id": "c1"}}, {"value": "7", "dimensions": {}}, {"value": "1"}]

    assert by_customer(rows) == {"c1": Decimal(5)}


def test_a_period_in_which_a_phase_begins_counts_only_what_is_paid_then() -> None:
    """The trial ends on 11 October: 21 of 31 days are paid."""
    row = with_trial(subscription_row(fee_card("base", "31", "in_advance")), "2026-10-11T00:00:00Z")
    new = plan_fields(fee_card("base", "62", "in_advance"))
    both = {**new, "phases": [{"key": "trial", "rate_cards": []}, *new["phases"]]}

    found = judged(row, both)

    assert found.totals("USD") == (Decimal("21.00"), Decimal("42.00"))


def test_a_yearly_fee_is_not_counted_as_one_more_period() -> None:
    row = subscription_row(fee_card("base", "120", "in_advance", "P1Y"), fee_card("support", "7"))
    new = plan_fields(fee_card("base", "240", "in_advance", "P1Y"), fee_card("support", "7"))

    found = verdict(prepared(reached(row, new), NOW, 3), {})

    assert list(found.usual) == [OCTOBER, SEPTEMBER]
    assert len(found.bills) == 3
    assert with_fewer([found], 3) == (found,)
    assert with_fewer([found], 2) == ()


def test_a_fee_that_began_within_the_period_is_said_to_be_counted_in_part() -> None:
    """From 11 to 31 October are 21 of 31 days."""
    row = subscription_row(fee_card("base", "31"), fee_card("support", "7"))
    row["phases"][0]["items"][0]["active_from"] = "2026-10-11T00:00:00Z"
    new = plan_fields(fee_card("base", "62"), fee_card("support", "7"))

    found = verdict(prepared(reached(row, new, old=("base", "support")), NOW, 1), {})

    assert found.totals("USD") == (Decimal("28.00"), Decimal("49.00"))
    assert found.left_out == ("base only since it was last changed, not for the whole period",)


def test_a_card_that_was_changed_after_the_period_is_said_to_be_left_out() -> None:
    row = subscription_row(fee_card("base", "31"), fee_card("support", "99", cadence="P1Y"), fee_card("gb", "7"))
    for item in row["phases"][0]["items"][:2]:
        item["active_from"] = "2026-11-05T00:00:00Z"

    found = verdict(prepared(reached(row, plan_fields(fee_card("gb", "8")), old=("gb",)), NOW, 1), {})

    assert found.totals("USD") == (Decimal("7.00"), Decimal("8.00"))
    assert found.left_out == tuple(
        f"{key} only since it was last changed, not for the whole period" for key in ("base", "support")
    )


def test_a_card_that_was_changed_before_the_period_counts_like_any_other() -> None:
    row = subscription_row(fee_card("base", "31"))
    row["phases"][0]["items"][0]["active_from"] = "2026-10-01T00:00:00Z"

    found = judged(row, plan_fields(fee_card("base", "62")))

    assert (found.totals("USD"), found.left_out) == ((Decimal("31.00"), Decimal("62.00")), ())
