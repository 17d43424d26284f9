from dataclasses import replace
from datetime import UTC, datetime

from billsync.report.billing.subscribed import subscribed
from billsync.report.impact.periods import prepared
from billsync.report.impact.reached import COMBINED, MigrationStatus, Reached
from billsync.report.impact.repricing import plan_cards, repriced
from billsync.report.impact.together import with_several
from billsync.report.impact.verdicts import Verdict, verdict
from tests.support.subscription_rows import FEATURES, fee_card, own_plan, plan_fields, subscription_row

NOW = datetime(2026, 11, 16, tzinfo=UTC)


def paying(target: str, difference: int, *, id: str = "s1") -> Verdict:
    """Somebody who paid 10, under a change."""
    row = subscription_row(fee_card("base", "10"))
    before = replace(subscribed(row, FEATURES), id=id)
    new = plan_cards(plan_fields(fee_card("base", str(10 + difference))))
    after = repriced(before, new, plan_cards(own_plan(row, "base"))).subscribed
    return verdict(prepared(Reached("c/default", "c", target, MigrationStatus.STAYING, before, after), NOW, 1), {})


def targets(*verdicts: Verdict) -> list[str]:
    return [one.reached.target for one in with_several(verdicts)]


def test_everything_together_is_told_where_two_changes_make_a_difference() -> None:
    them = paying("plan/pro@2", 1), paying("addon/bl@2", -1), paying(COMBINED, 0)

    assert targets(*them) == ["plan/pro@2", "addon/bl@2", COMBINED]


def test_a_single_change_with_all_the_difference_has_no_combined_block() -> None:
    """There is no combined block where a single change makes all the difference."""
    them = paying("plan/pro@2", 0), paying("addon/bl@2", -1), paying(COMBINED, -1)

    assert targets(*them) == ["plan/pro@2", "addon/bl@2"]


def test_changes_of_somebody_else_do_not_count() -> None:
    them = (
        paying("plan/pro@2", 1),
        paying("addon/bl@2", -1, id="s2"),
        paying(COMBINED, 1),
        paying(COMBINED, -1, id="s2"),
    )

    assert targets(*them) == ["plan/pro@2", "addon/bl@2"]
