"""Fees that a cancel loses: amounts worked out by hand."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from billsync.model.change import Guard
from billsync.model.malformed import Malformed
from billsync.report.billing.subscribed import Subscribed
from billsync.report.moves.ending import Ending, with_lost_fees
from tests.support.moves import ACME, MID_MONTH, ahead, running
from tests.support.subscription_rows import fee_card

AT_RENEWAL: dict[str, Any] = {"at": datetime(2026, 10, 1, tzinfo=UTC), "is_immediate": False}
YEAR = (ahead("25"), ahead("365", "support", "P1Y"))


@pytest.mark.parametrize(
    ("link", "more", "said"),
    [
        (running(ahead("25")), {}, (
            "; nothing comes back of the 25 USD billed until 2026-10-01T00:00:00Z (12.5 USD of it for the time after "
            "the end)"
        )),
        (running(ahead("25"), settlement_mode="credit_only"), {}, (
            "; of the 25 USD billed in advance, 12.5 USD are for the time after it, and come back as credit"
        )),
        (replace(running(ahead("25"), settlement_mode="credit_only"), pro_rated=False), {}, (
            "; nothing comes back of the 25 USD billed until 2026-10-01T00:00:00Z, as it is not prorated"
        )),
        (running(ahead("25")), {"at": datetime(2026, 9, 1, tzinfo=UTC)}, (
            "; nothing comes back of the 25 USD billed until 2026-10-01T00:00:00Z"
        )),
        (running(ahead("25")), AT_RENEWAL, ""),
        (running(*YEAR), AT_RENEWAL, (
            "; nothing comes back of the 365 USD billed until 2027-09-01T00:00:00Z (335 USD of it for the time after "
            "the end)"
        )),
        (running(fee_card("base", "25")), {}, ""),
        (Malformed("phases", None), {}, "; its row doesn't show what was billed in advance (phases is missing)"),
        (Malformed("phases", None), AT_RENEWAL, ""),
        (running({**ahead("25"), "currency": "ZZZ"}), {}, (
            "; what was billed in advance for the time after it isn't known: the decimals of the currency ZZZ are not "
            "known"
        )),
    ],
)  # fmt: skip
def test_a_cancel_says_what_becomes_of_fees_in_advance(
    link: Subscribed | Malformed, more: dict[str, Any], said: str
) -> None:
    end = Ending(ACME, link, **{"at": MID_MONTH, "is_immediate": True, **more})
    others = Guard("deletes", "11 deletes", "--allow deletes=11")

    found = with_lost_fees([Guard("cancel", "acme would end", "--allow cancel", (ACME,)), others], [end])

    assert [guard.reason for guard in found] == [f"acme would end{said}", "11 deletes"]
