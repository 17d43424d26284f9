"""An impact without names, as a value: it holds nothing of a single subscription."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from billsync.report.billing.subscribed import subscribed
from billsync.report.impact.impact import Impact, Looked, impact_of
from billsync.report.impact.periods import prepared
from billsync.report.impact.reached import COMBINED, MigrationStatus, Reached
from billsync.report.impact.redact import NO_NAMES, redact
from billsync.report.impact.repricing import plan_cards, repriced
from billsync.report.impact.verdicts import Verdict, verdict
from tests.support.subscription_rows import FEATURES, fee_card, plan_fields, subscription_row

NOW = datetime(2026, 11, 16, tzinfo=UTC)
PLAN = "plan/pro@2"


def paying(number: int, difference: int, **more: Any) -> Verdict:
    """Somebody who paid 100."""
    row = {**subscription_row(fee_card("base", "100")), "id": f"sub-{number}", "customer_id": f"cus-{number}"}
    before = subscribed(row, FEATURES)
    old, new = (plan_cards(plan_fields(fee_card("base", str(amount)))) for amount in (100, 100 + difference))
    name = f"somebody{number}"
    reached = Reached(
        f"{name}/default", name, PLAN, MigrationStatus.MOVING, before, repriced(before, new, old).subscribed
    )
    return verdict(prepared(replace(reached, **more), NOW, 1), {})


def six() -> Impact:
    """Six who pay more by different amounts, one who can't be rated, and everything together for two."""
    them = (*(paying(number, number) for number in range(1, 7)), paying(7, 1, problem="its row can't be read"))
    together = tuple(paying(number, number, target=COMBINED) for number in (1, 2))
    return impact_of({PLAN: them, COMBINED: together}, Looked(True, 1, reached=7, addon_lists=3))


def test_an_impact_without_names_holds_no_name_no_id_and_no_verdict() -> None:
    redacted = redact(six())

    assert all(text in repr(six()) for text in ("somebody1", "sub-1", "cus-1"))
    assert not any(text in repr(redacted) for text in ("somebody", "sub-", "cus-"))
    assert redacted.verdicts == {}


def test_an_impact_without_names_has_no_block_of_everything_together() -> None:
    assert [change.title for change in six().changes] == [PLAN, COMBINED]
    assert [change.title for change in redact(six()).changes] == [PLAN]


def test_small_counts_are_texts_and_who_is_not_rated_is_counted() -> None:
    (change,) = redact(six()).changes

    assert (redact(six()).addon_lists, redact(six()).remarks) == ("fewer than 5", (NO_NAMES,))
    assert (change.reached, change.parts[MigrationStatus.MOVING].count) == ("at least 6", 6)
    assert [(one.name, one.count, one.reason) for one in change.not_rated] == [
        ("", "fewer than 5", "its row can't be read")
    ]


def test_an_impact_with_names_stays_as_it_is() -> None:
    impact = six()

    redact(impact)

    assert impact == six()
    assert (impact.reached, impact.looked_at, impact.remarks) == (7, 7, ())
