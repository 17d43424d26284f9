"""Moves at renewals of which a server shows no time (Konnect): nobody is given a wrong date."""

from datetime import UTC, datetime

import pytest

from billsync.model.address import Address
from billsync.model.change import Action, Call, Change, Expectation, PlanFile, Step
from billsync.model.duration import parse_duration
from billsync.report.migration.effect import effects, too_early, wave
from billsync.report.migration.notices import notice_guards
from billsync.report.migration.waves import Share, parse_shares

NOW = datetime(2026, 9, 1, tzinfo=UTC)
RENEWAL = "2026-10-01T00:00:00Z"
ACME = Address("subscription", ("acme", "default"))
(REST,) = (share for share in parse_shares("rest") if isinstance(share, Share))


def moved(timing: str, begins: str | None) -> PlanFile:
    step = Step(
        "s", ACME, "changing", Call("POST", "/x"), Expectation(None), Expectation({}, facts={"active_from": begins})
    )
    change = Change(ACME, Action.UPDATE, "changing", steps=("s",), timing=timing)
    return PlanFile("here", "shop", "sync", (change,), (step,))


@pytest.mark.parametrize(
    ("timing", "begins", "since"),
    [
        ("immediate", None, NOW),
        ("at_renewal", RENEWAL, datetime(2026, 10, 1, tzinfo=UTC)),
        ("at_renewal", None, None),
    ],
)
def test_a_move_takes_effect_now_at_a_shown_renewal_or_nobody_knows(
    timing: str, begins: str | None, since: datetime | None
) -> None:
    assert effects(moved(timing, begins), NOW) == {ACME: since}


def test_a_renewal_that_nobody_knows_may_be_too_early() -> None:
    """It waits for a date, is within a notice period, and no text invents a time."""
    plan = moved("at_renewal", None)
    found = effects(plan, NOW)

    early = too_early(found, datetime(2026, 9, 20, tzinfo=UTC), NOW)
    (guard,) = notice_guards([wave(REST, plan, [ACME], found)], parse_duration("P14D"), NOW)

    told = "it would move at a time that this server doesn't show, perhaps before the date given"
    assert [one.reason for one in early] == [told]
    assert too_early(found, NOW, NOW) == ()
    assert "the first at a time that this server doesn't show" in guard.reason
