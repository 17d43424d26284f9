from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from billsync.render.impact.object import detailed_impact_object, impact_object
from billsync.render.impact.text import impact_text
from billsync.report.billing.subscribed import subscribed
from billsync.report.impact.impact import Impact, Looked, impact_of
from billsync.report.impact.periods import prepared
from billsync.report.impact.reached import MigrationStatus, Reached
from billsync.report.impact.redact import redact
from billsync.report.impact.repricing import plan_cards, repriced
from billsync.report.impact.verdicts import Verdict, verdict
from tests.support.subscription_rows import (
    FEATURES,
    fee_card,
    own_plan,
    plan_fields,
    subscription_row,
    unit,
    usage_card,
)

NOW = datetime(2026, 11, 16, tzinfo=UTC)
PLAN = "plan/pro@2"


def fee(amount: int, currency: str = "USD") -> dict[str, Any]:
    return {**fee_card("base", str(amount)), "currency": currency}


def paying(
    *differences: int, currency: str = "USD", standing: MigrationStatus = MigrationStatus.MOVING, periods: int = 1
) -> tuple[Verdict, ...]:
    """One verdict for each difference: somebody who paid 100."""
    found = []
    for number, difference in enumerate(differences):
        before = subscribed(subscription_row(fee(100, currency)), FEATURES)
        old, new = (plan_cards(plan_fields(fee(amount, currency))) for amount in (100, 100 + difference))
        after = repriced(before, new, old).subscribed
        name = f"{'c' if standing is MigrationStatus.MOVING and currency == 'USD' else 'd'}{number:02}"
        one = Reached(f"{name}/default", name, PLAN, standing, before, after)
        found.append(verdict(prepared(one, NOW, periods), {}))
    return tuple(found)


def estimate(
    changes: dict[str, tuple[Verdict, ...]],
    *,
    reached: int,
    periods: int = 1,
    queries: int = 0,
    asked: int = 0,
    everybody: bool = False,
) -> Impact:
    return impact_of(changes, Looked(everybody, periods, reached, queries, asked))


def unnamed(*verdicts: Verdict) -> Impact:
    return redact(estimate({PLAN: verdicts}, reached=len(verdicts)))


def told(shown: Impact) -> list[str]:
    """The lines about the plan."""
    return impact_text(shown).split("\n\n")[1].splitlines()


def test_without_names_the_difference_of_one_customer_is_not_shown() -> None:
    """Without names, the difference of the only customer who pays more is not shown."""
    shown = unnamed(*paying(40, 0, 0, 0, 0))

    assert told(shown) == [
        "plan/pro@2: 5 reached, usage from 2026-10-01 to 2026-11-01",
        "  5 move to it:",
        "    USD: not shown, fewer than 5 pay more or less",
    ]
    assert impact_object(shown)["changes"][0]["moving"] == {
        "count": 5,
        "currencies": [{"currency": "USD", "cadence": "P1M", "not_shown": "fewer than 5 pay more or less"}],
        "paying_nothing": 0,
    }


def test_without_names_counts_under_five_are_merged() -> None:
    assert told(unnamed(*paying(1, 2, 3, -1, -2, 0, 0, 0, 0, 0)))[2] == (
        "    USD 1000 → 1003 (+3): 5 pay more or less, 5 the same"
    )
    assert told(unnamed(*paying(1, 2, 3, -1, -2, 0)))[2] == "    USD 600 → 603 (+3): 6 pay more, less or the same"
    assert told(unnamed(*paying(1, 2, 3, 4, 5)))[2] == ("    USD 500 → 515 (+15): 5 pay more, 0 pay less, 0 the same")


def test_without_names_merged_counts_are_merged_in_json_too() -> None:
    sides = impact_object(unnamed(*paying(1, 2, 3, -1, -2, 0, 0, 0, 0, 0)))["changes"][0]["moving"]["currencies"]

    assert sides == [
        {
            "currency": "USD",
            "cadence": "P1M",
            "before": "1000",
            "after": "1003",
            "difference": "3",
            "paying_more_or_less": 5,
            "paying_the_same": 5,
            "groups": ["10 subscriptions: +3 together"],
        }
    ]


def test_without_names_a_currency_of_fewer_than_five_is_not_shown() -> None:
    shown = unnamed(*paying(1, 1, 1, 1, 1), *paying(7, 7, currency="EUR"))

    assert told(shown)[1:] == [
        "  some move to it:",
        "    EUR: not shown, fewer than 5 subscriptions",
        "    USD 500 → 505 (+5): 5 pay more, 0 pay less, 0 the same",
        "      5 subscriptions: +5 together",
    ]


def test_without_names_the_number_reached_hides_small_counts() -> None:
    """Without names, the number reached doesn't give away a count that is not shown."""
    shown = unnamed(*paying(1, 1, 1, 1, 1), *paying(3, standing=MigrationStatus.STAYING))

    found = impact_object(shown)
    assert told(shown)[0] == "plan/pro@2: at least 5 reached, usage from 2026-10-01 to 2026-11-01"
    assert told(shown)[-1] == ("  fewer than 5 grandfathered; no change now; if they were moved: not shown")
    assert (found["reached"], found["rated_or_told"]) == ("at least 5", "at least 5")
    assert (found["changes"][0]["reached"], found["changes"][0]["grandfathered"]) == (
        "at least 5",
        {"count": "fewer than 5"},
    )


def test_without_names_a_handful_is_some() -> None:
    assert told(unnamed(*paying(1, 2)))[0] == "plan/pro@2: some reached, usage from 2026-10-01 to 2026-11-01"


def test_a_group_without_names_never_holds_only_a_few_who_pay_more_or_less() -> None:
    lines = told(unnamed(*paying(*[0] * 6, 1, 2, 3, 4, 5, 6)))

    assert lines[2:] == [
        "    USD 1200 → 1221 (+21): 6 pay more, 0 pay less, 6 the same",
        "      5 subscriptions: 0 together",
        "      7 subscriptions: +21 together",
    ]


def test_with_names_nothing_is_merged() -> None:
    shown = estimate({PLAN: paying(40, 0)}, reached=2)

    assert told(shown) == [
        "plan/pro@2: 2 reached, usage from 2026-10-01 to 2026-11-01",
        "  2 move to it:",
        "    USD 200 → 240 (+40): 1 pays more, 0 pay less, 1 the same",
        "      Subscription  Change  Before  After",
        "      c00/default      +40     100    140",
    ]


def test_who_had_fewer_periods_than_were_asked_for_is_counted() -> None:
    them = paying(1, 2)
    head = "Impact (an estimate): the declared subscriptions, usage of the last"

    two = estimate({PLAN: them}, reached=2, periods=2)
    three = estimate({PLAN: them}, reached=2, periods=3)
    unnamed_three = redact(estimate({PLAN: them}, reached=2, periods=3))

    assert impact_text(two).startswith(
        f"{head} 2 full billing periods, or as many as there were (2 subscriptions had fewer), old and new prices.\n"
    )
    assert impact_object(three)["with_fewer_periods"] == 2
    assert impact_object(unnamed_three)["with_fewer_periods"] == "fewer than 5"
    assert "(fewer than 5 subscriptions had fewer)" in impact_text(unnamed_three)


def test_if_everybody_had_all_periods_nobody_is_said_to_have_had_fewer() -> None:
    shown = estimate({PLAN: paying(1, periods=2)}, reached=1, periods=2)

    assert impact_text(shown).startswith(
        "Impact (an estimate): the declared subscriptions, usage of the last 2 full billing periods, "
        "old and new prices.\n"
    )
    assert impact_object(shown)["with_fewer_periods"] == 0


def yearly(number: int, after: int, *, usage: str = "P1M") -> Verdict:
    """Somebody who paid 100 each year beside some usage."""
    support, api = fee_card("support", "100", "in_advance", "P1Y"), usage_card("api", unit("1"), billing_cadence=usage)
    row = subscription_row(fee_card("base", "20"), support, api)
    before = subscribed(row, FEATURES)
    new = plan_fields(fee_card("base", "20"), fee_card("support", str(after), "in_advance", "P1Y"), api)
    changed = repriced(before, plan_cards(new), plan_cards(own_plan(row, "base", "support", "api"))).subscribed
    name = f"y{number:02}"
    one = Reached(f"{name}/default", name, PLAN, MigrationStatus.MOVING, before, changed)
    return verdict(prepared(one, NOW, 1), {})


def test_each_cadence_has_a_line_of_its_own() -> None:
    shown = estimate({PLAN: (yearly(1, 1000), yearly(2, 90))}, reached=2)

    found = detailed_impact_object(shown)["changes"][0]
    assert told(shown) == [
        "plan/pro@2: 2 reached, usage from 2026-10-01 to 2026-11-01",
        "  2 move to it:",
        "    USD 40 → 40 (0): 0 pay more, 0 pay less, 2 the same",
        "    each P1Y: USD 200 → 1090 (+890): 1 pays more, 1 pays less, 0 the same",
        "      Subscription  Change  Before  After",
        "      y01/default     +900     100   1000",
        "      y02/default      -10     100     90",
    ]
    assert [(one["cadence"], one["after"]) for one in found["moving"]["currencies"]] == [("P1M", "40"), ("P1Y", "1090")]
    assert [(one["cadence"], one["after"]) for one in found["subscriptions"][0]["totals"]] == [
        ("P1M", "20"),
        ("P1Y", "1000"),
    ]


def test_a_cadence_that_fewer_than_five_have_is_not_shown_without_names() -> None:
    assert told(unnamed(*paying(1, 1, 1, 1, 1), yearly(1, 1000)))[1:] == [
        "  some move to it:",
        "    USD 520 → 525 (+5): 6 pay more, less or the same",
        "      6 subscriptions: +5 together",
        "    each P1Y: USD: not shown, fewer than 5 subscriptions",
    ]


def test_of_what_no_full_period_is_there_yet_is_counted() -> None:
    them = (yearly(1, 100, usage="P3M"), yearly(2, 100, usage="P3M"))
    named = estimate({PLAN: them}, reached=2)
    one = estimate({PLAN: them[:1]}, reached=1)

    assert told(named)[-1] == "  left out: 2 subscriptions have no full P3M yet for api"
    assert told(one)[-1] == "  left out: 1 subscription has no full P3M yet for api"
    assert told(unnamed(*them))[-1] == "  left out: fewer than 5 subscriptions have no full P3M yet for api"
    assert impact_object(named)["changes"][0]["left_out"] == [{"count": 2, "reason": "no full P3M yet for api"}]
    assert detailed_impact_object(one)["changes"][0]["subscriptions"][0]["left_out"] == ["no full P3M yet for api"]


def test_usage_of_a_longer_cadence_has_its_own_window() -> None:
    before = subscribed(
        subscription_row(
            fee_card("base", "20"), usage_card("api", unit("1"), billing_cadence="P3M"), start="2026-01-01T00:00:00Z"
        ),
        FEATURES,
    )
    one = verdict(prepared(Reached("c/default", "c", PLAN, MigrationStatus.MOVING, before, before), NOW, 1), {})

    assert told(estimate({PLAN: (one,)}, reached=1))[0] == (
        "plan/pro@2: 1 reached, usage from 2026-10-01 to 2026-11-01, each P3M from 2026-07-01 to 2026-10-01"
    )


def test_what_the_numbers_do_not_say_is_noted() -> None:
    plain = paying(1)[0]
    replaced = replace(plain, reached=replace(plain.reached, notes=("a price of its own",)))
    named = estimate({PLAN: (plain, replaced)}, reached=2)

    found = detailed_impact_object(named)["changes"][0]
    assert told(named)[-1] == "  note: 1 subscription has a price of its own"
    assert told(unnamed(plain, replaced))[-1] == "  note: fewer than 5 subscriptions have a price of its own"
    assert found["notes"] == [{"count": 1, "note": "a price of its own"}]
    assert [one["notes"] for one in found["subscriptions"]] == [[], ["a price of its own"]]


def test_whoever_two_changes_reach_counts_once() -> None:
    five = paying(1, 2, 3, 4, 5)
    named = estimate({PLAN: five, "addon/blocks@2": five[:2]}, reached=5)
    unnamed_two = redact(estimate({PLAN: five, "addon/blocks@2": five[:2]}, reached=5))

    assert [impact_object(named)[name] for name in ("reached", "rated_or_told")] == [5, 5]
    assert [impact_object(unnamed_two)[name] for name in ("reached", "rated_or_told")] == [
        "at least 5",
        "at least 5",
    ]


def test_without_names_an_addon_shows_differences_only() -> None:
    """Five of six have it: what they pay, taken from what all six pay, would be what the sixth pays."""
    six = paying(1, 2, 3, 4, 5, 6)
    five = tuple(replace(one, reached=replace(one.reached, is_part=True)) for one in six[:5])
    changes = {"addon/blocks@2": five, PLAN: six}
    shown = redact(estimate(changes, reached=6))
    named = estimate(changes, reached=6)

    ((total,), _) = (one["moving"]["currencies"] for one in impact_object(shown)["changes"])
    assert told(shown)[2:] == [
        "    USD +15: 5 pay more, 0 pay less, 0 the same",
        "      5 subscriptions: +15 together",
    ]
    assert total == {
        "currency": "USD",
        "cadence": "P1M",
        "difference": "15",
        "paying_more": 5,
        "paying_less": 0,
        "paying_the_same": 0,
        "groups": ["5 subscriptions: +15 together"],
    }
    assert told(named)[2] == "    USD 500 → 515 (+15): 5 pay more, 0 pay less, 0 the same"


def test_who_was_asked_for_addons_is_counted() -> None:
    named = estimate({PLAN: paying(1)}, reached=1, queries=2, asked=3)
    anonymous = redact(estimate({PLAN: paying(1)}, reached=1, queries=2, asked=3))

    assert impact_text(named).splitlines()[-1] == "Meter queries: 2. Subscriptions asked for their add-ons: 3."
    assert impact_text(anonymous).splitlines()[-2] == (
        "Meter queries: 2. Subscriptions asked for their add-ons: fewer than 5."
    )
    assert [impact_object(one)["addon_lists"] for one in (named, anonymous)] == [3, "fewer than 5"]


def test_where_plans_have_different_cadences_each_sum_names_its_own() -> None:
    row = subscription_row(fee_card("base", "100", cadence="P1Y"), start="2024-09-01T00:00:00Z", billing_cadence="P1Y")
    before = subscribed(row, FEATURES)
    yearly_plan = Reached("y/default", "y", "addon/blocks@2", MigrationStatus.STAYING, before, before)
    them = (*paying(1, standing=MigrationStatus.STAYING), verdict(prepared(yearly_plan, NOW, 1), {}))

    assert told(estimate({"addon/blocks@2": them}, reached=2, everybody=True)) == [
        "addon/blocks@2: 2 reached, usage each P1M from 2026-10-01 to 2026-11-01, "
        "each P1Y from 2025-09-01 to 2026-09-01",
        "  2 grandfathered; no change now; if they were moved:",
        "    each P1M: USD 100 → 101 (+1): 1 pays more, 0 pay less, 0 the same",
        "      Subscription  Change  Before  After",
        "      d00/default       +1     100    101",
        "    each P1Y: USD 100 → 100 (0): 0 pay more, 0 pay less, 1 the same",
    ]


def test_who_has_nothing_to_pay_is_counted() -> None:
    before = subscribed(subscription_row(usage_card("api", {"type": "free"})), FEATURES)
    idle = verdict(prepared(Reached("z/default", "z", PLAN, MigrationStatus.MOVING, before, before), NOW, 1), {})
    named = estimate({PLAN: (*paying(1), idle)}, reached=2)
    without_names = unnamed(*paying(1, 2, 3, 4, 5), idle)

    assert told(named)[1:] == [
        "  2 move to it:",
        "    USD 100 → 101 (+1): 1 pays more, 0 pay less, 0 the same",
        "      Subscription  Change  Before  After",
        "      c00/default       +1     100    101",
        "    1 with nothing to pay, before or after",
    ]
    assert impact_object(named)["changes"][0]["moving"]["paying_nothing"] == 1
    assert told(without_names)[1:] == [
        "  some move to it:",
        "    USD 500 → 515 (+15): 5 pay more, 0 pay less, 0 the same",
        "      5 subscriptions: +15 together",
        "    fewer than 5 with nothing to pay, before or after",
    ]


def test_a_difference_of_amounts_with_31_digits_is_exact() -> None:
    shown = estimate({PLAN: paying(10**30 + 1)}, reached=1)

    assert f"USD 100 → {10**30 + 101} (+{10**30 + 1})" in impact_text(shown)
    assert f"'difference': '{10**30 + 1}'" in repr(impact_object(shown))
