"""Add-ons that a change of plan would end."""

from datetime import UTC, datetime

from billsync.model.change import Guard
from billsync.report.billing.attached import Attached, Segment
from billsync.report.moves.lost import Attachments, addons_lost, lost_guards
from tests.support.moves import ACME, NEW, OLD, ahead, move, running, terms

MOVE = move(terms(OLD, ahead("25")), terms(NEW, ahead("60")), running(ahead("25")))
SINCE, LATER = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 20, tzinfo=UTC)
SEATS = Attached("id-seats", (), (Segment(SINCE, None, 3),))
SUPPORT = Attached("id-support", (), (Segment(SINCE, None, 1),))
ENDED = Attached("id-ended", (), (Segment(SINCE, None, 0),))
AHEAD = Attached("id-ahead", (), (Segment(LATER, None, 1),))
KEYS = {"id-seats": "seats", "id-support": "support"}


def test_addons_that_are_not_attached_again_are_named() -> None:
    found = addons_lost(MOVE, Attachments((SUPPORT, SEATS, ENDED, AHEAD), KEYS))

    assert found is not None
    assert lost_guards([found, found]) == (
        Guard(
            "addons-lost",
            "2 changes from plan/team@1 to plan/business@1 would end add-ons that are not attached again: seats (3), "
            "support (1)",
            "--allow addons-lost",
            (ACME, ACME),
        ),
    )


def test_addons_that_are_attached_again_are_not_lost() -> None:
    found = addons_lost(MOVE, Attachments((SUPPORT, SEATS), KEYS, frozenset({"seats"})))

    assert found is not None
    assert found.names == (("support", 1),)
    assert addons_lost(MOVE, Attachments((SUPPORT, SEATS), KEYS, frozenset({"seats", "support"}))) is None


def test_addons_that_can_not_be_read_may_be_lost() -> None:
    found = addons_lost(MOVE, Attachments(problem="its add-ons can't be read (500)"))

    assert found is not None
    assert [guard.reason for guard in lost_guards([found])] == [
        "a change from plan/team@1 to plan/business@1 may end add-ons: its add-ons can't be read (500)"
    ]
