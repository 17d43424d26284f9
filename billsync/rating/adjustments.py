"""Adjustments of lines after pricing: percentage, maximum, minimum, credits. Each amount is rounded on its own.

Source: vectors README, Rule: percentage, Rule: maximum, Rule: minimum, Rule: credits.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from billsync.rating.arithmetic import HUNDRED, ONE, ZERO, divided, exactly, rounded
from billsync.rating.errors import RatingError, RatingErrorCode
from billsync.rating.lines import Category, Credit, Line, Reason
from billsync.rating.periods import Period

Lines = tuple[Line, ...]


@exactly
def with_percentage(lines: Lines, percentage: Decimal, *, decimals: int) -> Lines:
    """Each line with the percentage taken off. Raises RatingError outside 0 to 100, if there is a line.

    Source: vectors README, Rule: percentage.
    """
    if lines and not 0 <= percentage <= HUNDRED:
        raise RatingError(RatingErrorCode.PERCENTAGE_OUT_OF_RANGE)
    return tuple(
        line.discounted(Reason.PERCENTAGE, rounded(divided(line.total * percentage, HUNDRED), decimals))
        for line in lines
    )


@exactly
def with_maximum(lines: Lines, maximum: Decimal, *, previously_billed: Decimal, decimals: int) -> Lines:
    """The lines in order, with the amount above the maximum discounted. Source: vectors README, Rule: maximum."""
    before, kept = previously_billed, []
    for line in lines:
        over = _over(before, line.total, rounded(maximum, decimals), decimals=decimals)
        capped = line if over is None else line.discounted(Reason.MAXIMUM, over)
        kept.append(capped)
        before += capped.total
    return tuple(kept)


@exactly
def _over(before: Decimal, total: Decimal, maximum: Decimal, *, decimals: int) -> Decimal | None:
    """Return the part of a line's total above the maximum; None if the sum stays within it."""
    reached = rounded(before, decimals) + total
    if reached <= maximum:
        return None
    return total if before >= maximum else reached - maximum


@exactly
def with_minimum(
    lines: Lines, minimum: Decimal, *, previously_billed: Decimal, full_period: Period, name: str, decimals: int
) -> Lines:
    """The lines, and one that fills up to the minimum if they stay below it. Source: vectors README, Rule: minimum."""
    reached = sum((line.total for line in lines), ZERO) + previously_billed
    if reached >= minimum:
        return lines
    missing = rounded(minimum - reached, decimals)
    spend = Line(
        reference="min-spend",
        name=f"{name}: minimum spend",
        quantity=ONE,
        unit_amount=missing,
        amount=missing,
        category=Category.COMMITMENT,
        period=full_period,
    )
    return (*lines, spend)


@exactly
def with_credits(lines: Lines, credits: Iterable[Credit], *, decimals: int) -> Lines:
    """The lines with each credit, rounded, used in order. Raises RatingError if something of a credit is left.

    Source: vectors README, Rule: credits.
    """
    for credit in credits:
        lines, left = _credited(lines, Credit(credit.id, rounded(credit.amount, decimals)))
        if left > 0:
            raise RatingError(RatingErrorCode.CREDITS_NOT_CONSUMED_FULLY)
    return lines


@exactly
def _credited(lines: Lines, credit: Credit) -> tuple[Lines, Decimal]:
    """The lines with one credit applied to them in order, and the rest of that credit."""
    left, done = credit.amount, []
    for line in lines:
        used = max(min(left, line.total), ZERO)
        done.append(line.credited(Credit(credit.id, used)) if used else line)
        left -= used
    return tuple(done), left
