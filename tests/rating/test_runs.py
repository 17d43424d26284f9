"""Several runs of one period: what no vector reaches."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from billsync.rating.card import Card, Commitments
from billsync.rating.prices import GraduatedPrice, Tier, UnitPrice
from billsync.rating.runs import BookedRun, Run, rate_runs
from tests.support.ratings import JANUARY

ONE = Decimal(1)


def _runs(*readings: int) -> list[Run]:
    """Runs of a week each; the last one ends with the period."""
    week = timedelta(weeks=1)
    edges = [JANUARY.start + week * number for number in range(len(readings))] + [JANUARY.end]
    return [
        Run(replace(JANUARY, start=edges[at], end=edges[at + 1]), Decimal(reading))
        for at, reading in enumerate(readings)
    ]


def _booked(run: BookedRun) -> list[tuple[str, Decimal]]:
    return [(line.reference, line.quantity) for line in run.lines]


def test_a_reading_that_falls_takes_back_what_was_booked() -> None:
    card = Card(GraduatedPrice((Tier(Decimal(10), None, ONE), Tier(None, ONE, ONE))))

    first, second, third = rate_runs(card, JANUARY, _runs(10, 12, 4), decimals=2)

    assert _booked(first) == [("graduated-tiered-1-price-usage", Decimal(10))]
    assert _booked(second) == [("graduated-tiered-2-price-usage", Decimal(2)), ("graduated-tiered-2-flat-price", ONE)]
    assert _booked(third) == [
        ("graduated-tiered-1-price-usage", Decimal(-6)),
        ("graduated-tiered-2-price-usage#correction:detailed_line_id=run-1-line-0", Decimal(-2)),
        ("graduated-tiered-2-flat-price#correction:detailed_line_id=run-1-line-1", -ONE),
    ]


def test_what_was_taken_back_is_booked_again_as_new() -> None:
    card = Card(UnitPrice(ONE))

    runs = rate_runs(card, JANUARY, _runs(5, 0, 5), decimals=2)

    assert [_booked(run) for run in runs] == [
        [("unit-price-usage", Decimal(5))],
        [("unit-price-usage#correction:detailed_line_id=run-0-line-0", Decimal(-5))],
        [("unit-price-usage", Decimal(5))],
    ]


def test_only_a_run_that_reaches_the_end_of_the_period_has_a_minimum() -> None:
    card = Card(UnitPrice(ONE), commitments=Commitments(Decimal(10)))

    runs = rate_runs(card, JANUARY, _runs(1, 2)[:1], decimals=2) + rate_runs(card, JANUARY, _runs(2), decimals=2)

    assert [run.totals.charges for run in runs] == [Decimal(0), Decimal(8)]
