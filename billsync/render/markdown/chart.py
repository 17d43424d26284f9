"""A price curve as a Mermaid chart, which GitHub and GitLab draw, with what it doesn't show in a line below it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from billsync.model.value import decimal_text
from billsync.rating.arithmetic import divided, exactly, minus
from billsync.render.formats.words import visible
from billsync.report.curves.curve import Bin, Point, PriceCurve
from billsync.report.curves.scale import intervals, top_of

LOOK = '%%{init: {"themeVariables": {"xyChart": {"plotColorPalette": "#8c959f, #0969da"}}}}%%'
"""Gray for the old price and blue for the new one, on light and dark pages."""

EVERY = 2
"""The chart has every other even quantity of the curve, so that its labels don't run into each other."""

UNSAFE = re.compile(r"[^\w .,/()-]")
SCALES = ((Decimal(10**9), "billion "), (Decimal(10**6), "million "), (Decimal(10**3), "thousand "))
LEVELS = "▁▂▃▄▅▆▇█"


def chart(curve: PriceCurve) -> Iterator[str]:
    """The lines of the chart, in a fence."""
    quantities = even_quantities(curve)
    scale, word = _scale(quantities[-1])
    yield "```mermaid"
    yield LOOK
    yield "xychart-beta"
    labels = ", ".join(decimal_text(divided(quantity, scale)) for quantity in quantities)
    yield f'    x-axis "{word}{_label(curve.unit)}" [{labels}]'
    low, high = _range(curve)
    yield f'    y-axis "{_label(curve.currency)}" {decimal_text(low)} --> {decimal_text(high)}'
    shown = frozenset(quantities)
    for side in (curve.old, curve.new):
        amounts = [decimal_text(point.amount) for point in side if point.quantity in shown]
        yield from (f"    line [{', '.join(amounts)}]",) if amounts else ()
    yield "```"


def legend(curve: PriceCurve) -> str:
    """The meaning of the lines, where tiers end, and how much is used."""
    sides = {"gray": ("old price", curve.old), "blue": ("new price", curve.new)}
    shown = [name for name, side in sides.values() if side]
    lines = "gray: old price, blue: new price" if len(shown) == 2 else f"gray: {shown[0]}, the only one"
    return " · ".join((lines, *_steps(curve), *_usage(curve.usage), *_beyond(curve.beyond)))


def even_quantities(curve: PriceCurve) -> Sequence[Decimal]:
    """The quantities at equal distances that the chart has: its lines have no other scale."""
    side: tuple[Point, ...] = curve.old or curve.new
    return intervals(side[0].quantity, side[-1].quantity)[::EVERY]


@exactly
def _scale(most: Decimal) -> tuple[Decimal, str]:
    return next(((scale, word) for scale, word in SCALES if most >= scale * 10), (Decimal(1), ""))


def _range(curve: PriceCurve) -> tuple[Decimal, Decimal]:
    """The ends of the scale of amounts; it always shows zero, so that a small difference looks small."""
    amounts = [point.amount for point in (*curve.old, *curve.new)]
    low, high = min(amounts), max(amounts)
    return min(low, Decimal(0)), top_of(high) if high > 0 else Decimal(1)


def _steps(curve: PriceCurve) -> Iterator[str]:
    for name, ends in (
        ("old tiers end at", [end.quantity for end in curve.steps if end.in_old]),
        ("new tiers end at", [end.quantity for end in curve.steps if end.in_new]),
    ):
        if ends:
            yield f"{name} {', '.join(f'{end:,f}' for end in ends)}"


def _usage(usage: Sequence[Bin]) -> Iterator[str]:
    """The histogram as a row of bars, of as many ranges as the scale has."""
    counts = [one.count or 0 for one in usage]
    if not any(counts):
        return
    most = max(counts)
    bars = "".join(LEVELS[(count * (len(LEVELS) - 1) + most - 1) // most] if count else " " for count in counts)
    width = minus(usage[0].end, usage[0].start)
    yield f"usage of {sum(counts):,} billing periods, each bar {width:,f} wide: {bars.replace(' ', '·')}"


def _beyond(count: int) -> Iterator[str]:
    if count:
        yield f"{count:,} {'has' if count == 1 else 'have'} more usage than shown"


def _label(text: str) -> str:
    """The text without anything that Mermaid could read."""
    return UNSAFE.sub("_", visible(text))
