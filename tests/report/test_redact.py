"""An impact without names, as a value: it holds nothing of a single subscription."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from billsync.render.impact.object import detailed_impact_object
from billsync.render.impact.text import impact_text
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


def later(*renewals: int) -> Impact:
    """Six who move: some at a renewal in December, on these days, and the others at once."""
    times = [datetime(2026, 12, day, tzinfo=UTC) for day in renewals]
    them = [paying(number, 1) for number in range(6)]
    moved = [
        replace(one, reached=replace(one.reached, since=time))
        for one, time in zip(them, [*times, *[None] * (6 - len(times))], strict=True)
    ]
    return impact_of({PLAN: tuple(moved)}, Looked(True, 1, reached=6))


@pytest.mark.parametrize(
    ("renewals", "named", "nameless"),
    [
        ((3, 1, 2), "3 only later, from 2026-12-01 to 2026-12-03", "fewer than 5 only later"),
        ((1, 1), "2 only later, on 2026-12-01", "fewer than 5 only later"),
        ((1, 2, 3, 4, 5), "5 only later, from 2026-12-01 to 2026-12-05", "some only later"),
        ((1, 1, 1, 1, 1, 1), "6 only later, on 2026-12-01", "6 only later"),
        ((), "", ""),
    ],
)
def test_who_moves_only_later_is_counted_and_dated(renewals: tuple[int, ...], named: str, nameless: str) -> None:
    """The times of moves at renewal are shown, but not without names: they are single customers'."""
    impact = later(*renewals)

    shown, redacted = impact_text(impact), impact_text(redact(impact))

    assert [line.strip() for line in shown.splitlines() if "only later" in line] == ([named] if named else [])
    assert [line.strip() for line in redacted.splitlines() if "only later" in line] == ([nameless] if nameless else [])


def test_the_json_says_from_when_each_moves() -> None:
    impact = later(1)

    (change,) = detailed_impact_object(impact)["changes"]
    (nameless,) = detailed_impact_object(redact(impact))["changes"]

    date = "2026-12-01T00:00:00Z"
    assert change["moving"]["later"] == {"count": 1, "from": date, "to": date}
    assert [one.get("since") for one in change["subscriptions"]] == [
        date,
        *[None] * 5,
    ]
    assert nameless["moving"]["later"] == {"count": "fewer than 5"}
