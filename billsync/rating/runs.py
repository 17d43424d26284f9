"""The lines that each run adds when one period is billed in several runs, each with the quantity since the period's
start.

No command uses it yet: forecasts of invoices with `progressive_billing` will (catalog-facts.md §12.2).

Source: vectors README, usage_runs.jsonl.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TypeAlias

from billsync.model.frozen import dataclass, replace
from billsync.rating.arithmetic import exactly
from billsync.rating.card import Card, PaymentTerm
from billsync.rating.lines import Category, Line, Totals, sum_of_totals
from billsync.rating.periods import Period
from billsync.rating.rate import Piece, Without, rate
from billsync.rating.usage import Usage

CORRECTION = "#correction:detailed_line_id="


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of the full period, and the quantity metered from the full period's start to the piece's end."""

    service_period: Period
    cumulative: Decimal


@dataclass(frozen=True, slots=True)
class RunLine:
    """The bookings of a run. Its totals are differences of rounded numbers, not a rounded product.

    `pricer_reference` is the reference before any rewriting. `position` is the place that lines are ordered by: of a
    new line that in its rating, of a booked one that in its run.
    """

    id: str
    position: int
    reference: str
    pricer_reference: str
    category: Category
    payment_term: PaymentTerm
    unit_amount: Decimal
    quantity: Decimal
    totals: Totals


@dataclass(frozen=True, slots=True)
class BookedRun:
    """The lines that one run books, in order."""

    lines: tuple[RunLine, ...]

    @property
    def totals(self) -> Totals:
        return sum_of_totals(line.totals for line in self.lines)


_Pair: TypeAlias = tuple[str, Category, PaymentTerm, Decimal]


def rate_runs(card: Card, full_period: Period, runs: Sequence[Run], *, decimals: int) -> tuple[BookedRun, ...]:
    """Return the bookings of each run; the id of line j of run i is `run-i-line-j`, from 0. Raises RatingError.

    Source: vectors README, usage_runs.jsonl, Rule.
    """
    done: list[BookedRun] = []
    for number, run in enumerate(runs):
        before = [line for earlier in done for line in earlier.lines]
        lines = next_run(card, full_period, run, before, decimals=decimals)
        done.append(BookedRun(tuple(_booked(line, number, position) for position, line in enumerate(lines))))
    return tuple(done)


def next_run(
    card: Card, full_period: Period, run: Run, booked: Iterable[RunLine], *, decimals: int
) -> tuple[RunLine, ...]:
    """The lines that a run adds to what earlier runs booked; their ids are empty. Raises RatingError.

    No credits; no minimum unless the run reaches the end of the full period.
    Source: vectors README, usage_runs.jsonl, Rule.
    """
    unfinished = run.service_period.end < full_period.end
    without = frozenset({Without.CREDITS, Without.MINIMUM} if unfinished else {Without.CREDITS})
    rated = rate(card, Piece(full_period, Usage(run.cumulative)), decimals=decimals, without=without)
    now = [_run_line(line, position) for position, line in enumerate(rated.lines)]
    changes = (line for line in _subtracted(_paired(now), _paired(booked)) if not line.totals.is_zero)
    return tuple(sorted(changes, key=_order))


def _booked(line: RunLine, run: int, position: int) -> RunLine:
    return replace(line, id=f"run-{run}-line-{position}", position=position)


def _run_line(line: Line, position: int) -> RunLine:
    return RunLine(
        id="",
        position=position,
        reference=line.reference,
        pricer_reference=line.reference,
        category=line.category,
        payment_term=line.payment_term,
        unit_amount=line.unit_amount,
        quantity=line.quantity,
        totals=line.totals,
    )


@exactly
def _paired(lines: Iterable[RunLine]) -> dict[_Pair, RunLine]:
    """The lines by their pairing key; lines with the same key are summed into the first."""
    sums: dict[_Pair, RunLine] = {}
    for line in lines:
        first = sums.setdefault(_pairing(line), line)
        if first is not line:
            summed = replace(first, quantity=first.quantity + line.quantity, totals=first.totals.plus(line.totals))
            sums[_pairing(line)] = summed
    return sums


def _pairing(line: RunLine) -> _Pair:
    return line.pricer_reference, line.category, line.payment_term, line.unit_amount


def _subtracted(now: dict[_Pair, RunLine], booked: dict[_Pair, RunLine]) -> Iterator[RunLine]:
    for pairing, line in now.items():
        before = booked.get(pairing)
        yield line if before is None else _difference(line, before)
    for pairing, line in booked.items():
        if pairing not in now:
            yield _reversal(line)


@exactly
def _difference(line: RunLine, before: RunLine) -> RunLine:
    return replace(line, quantity=line.quantity - before.quantity, totals=line.totals.minus(before.totals))


def _reversal(line: RunLine) -> RunLine:
    return replace(
        line,
        id="",
        reference=f"{line.pricer_reference}{CORRECTION}{line.id}",
        quantity=line.quantity.copy_negate(),
        totals=line.totals.negated(),
    )


def _order(line: RunLine) -> tuple[int, str]:
    return line.position, line.reference
