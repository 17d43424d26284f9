"""The words of a loss report and of a proof: what a reader at night takes from its head and from each line."""

from datetime import UTC, datetime
from decimal import Decimal

from billsync.model.recovery import Accounted, Fate
from billsync.render.recovery.text import losses_text, proof_headline
from billsync.report.recovery.losses.accounting import loss_report
from billsync.report.recovery.proof.departures import Aspect, Departure, Proof

LOST = Accounted("customer", "C1", "customer/acme", Fate.LOST, "other-owner", "it is another's", "acme")
DIFFERENT = Accounted("grant", "G1", "grant/acme/g", Fate.DIFFERENT, "paid-before", "it was paid before", "acme")


def headline(*found: Departure, customers: int = 1, subscriptions: int = 0) -> str:
    compared = {Aspect.CUSTOMER: customers, Aspect.SUBSCRIPTION: subscriptions}
    proof = Proof(found, compared, {})
    return proof_headline(proof, taken_at=datetime(2026, 9, 11, tzinfo=UTC), target="local:")


def test_the_head_of_a_proof_says_how_much_is_lost() -> None:
    """Everything may be explained, and most of it gone."""
    gone = Departure("acme", "", Aspect.CUSTOMER, "acme", "none", why=(LOST,))
    ended = Departure("birch", "default", Aspect.SUBSCRIPTION, "pro@1", "none", why=(LOST,))
    less = Departure("birch", "", Aspect.BALANCE, "5", "0", "USD", Decimal(-5), (LOST,))
    off = Departure("birch", "", Aspect.ACCESS, "a", "b", why=(DIFFERENT,))
    against = "local: against the snapshot of 2026-09-11 00:00:00Z"

    assert headline(gone, gone, ended, less, less, off, customers=4, subscriptions=2) == (
        "Verified, but for what is lost (2 of 4 customers with all that they had, 1 of 2 subscriptions, 2 other "
        f"things): {against}: 6 departures, explained by the loss report."
    )
    assert headline(off) == f"Verified: {against}: 1 departure, explained by the loss report."


def test_a_line_that_counts_no_row_has_no_fate_of_its_own() -> None:
    """It comes after the line of its row, whatever its id, and isn't in the number of rows restored differently."""
    more = Accounted("grant", "A", "grant/acme/g", Fate.DIFFERENT, "drawn-instead", "4 USD of it", "acme", count=0)

    head, *_, first, second = losses_text(loss_report([more, DIFFERENT])).splitlines()

    assert head == "Loss report: 1 row: 0 restored, 1 restored differently, 0 lost."
    assert ("restored differently" in first, " also " in second) == (True, True)
