"""A snapshot says of how many subscriptions it doesn't know the next charge."""

from decimal import Decimal

from billsync.model.frozen import replace
from billsync.render.recovery.taken import taken_notes
from billsync.report.recovery.snapshot.counting import lacks_due
from billsync.report.recovery.snapshot.item_lines import item_line
from billsync.report.recovery.snapshot.items import PromiseOf
from tests.report.recovery.test_departures import BEFORE, PROMISE


def test_a_promise_without_its_due_is_counted() -> None:
    dues = (None, {"USD": Decimal(1)}, {})

    found = [lacks_due(item_line(PromiseOf("s", replace(PROMISE, due=due)))) for due in dues]

    assert found == [True, False, False]


def test_the_next_charges_that_are_not_known_are_said() -> None:
    said = [[note.text for note in taken_notes(BEFORE.header, (), count)] for count in (0, 2)]

    assert said == [[], ["the next charge of 2 subscriptions isn't in it: the server doesn't show what they pay"]]
