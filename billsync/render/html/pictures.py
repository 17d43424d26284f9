"""Pictures as SVG, drawn by pygal: a price curve over the usage of real customers, and who pays more and less.

Coordinates are floats, as a screen has no others (`_at`); every amount that is written as text is exact.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cache
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup

from billsync.rating.arithmetic import EXACT, minus, plus
from billsync.render.formats.words import visible
from billsync.render.page.amounts import signed
from billsync.render.page.page import Bars
from billsync.report.curves.curve import Bin, Point, PriceCurve

WIDTH = 800
CURVE_HEIGHT = 420
BAR_HEIGHT = 30
AROUND_BARS = 90
USAGE_SHARE = 4
"""The usage takes the lowest quarter of a curve's picture."""
LABEL_LENGTH = 28
LINES = 3
"""The lines of a curve: before, after, and the ends of tiers."""
TICKS = 8
"""The most labels of a scale that don't run into each other."""
ROOM = Decimal("0.15")
"""The part of the range of bars that the amount at the end of the longest takes."""
USELESS = ("script", "title", "desc")
"""Elements for pygal's own tooltips, which need a script."""
SECOND_AXIS = "axis y2"
"""The scale of the usage, whose fractions of periods say nothing: the legend names its top."""
SIZES = ((10**9, "B"), (10**6, "M"), (10**3, "k"))
DASHED = {"dasharray": "7, 4"}
DOTTED = {"dasharray": "2, 4"}
Place = tuple[float | None, float | None]
Coordinates = list[Place]


def curve_picture(curve: PriceCurve, name: str) -> Markup:
    """The old and the new cost by the quantity, the ends of tiers, and below them the billing periods by their usage.

    `name` is the picture's id on the page.
    """
    pygal = _pygal()
    top = _most(point.amount for point in (*curve.old, *curve.new))
    counts = [one.count for one in curve.usage if one.count]
    chart = pygal.XY(
        **_options(("--old", "--new", "--soft", "--usage"), CURVE_HEIGHT),
        show_dots=False,
        allow_interruptions=True,
        include_x_axis=True,
        legend_at_bottom=True,
        legend_at_bottom_columns=LINES + bool(counts),  # pygal makes room for one row if each has its column
        x_value_formatter=_tick,
        x_title=_shortened(visible(curve.unit)),
        y_title=_shortened(visible(curve.currency)),
        value_formatter=_tick,
        secondary_range=(0, max(counts, default=1) * USAGE_SHARE),
    )
    chart.add("before" if curve.old else None, _line(curve.old), stroke_style=DASHED)
    chart.add("after" if curve.new else None, _line(curve.new))
    chart.add("a tier ends" if curve.steps else None, list(_steps(curve, top)), stroke_style=DOTTED)
    if counts:  # pygal can't fill a line without points
        chart.add(f"periods, at most {max(counts):,}", list(_usage(curve.usage)), secondary=True, fill=True)
    return _svg(chart, name, f"{curve.target}: {curve.title}", "The cost of a billing period by the quantity used.")


def bars_picture(bars: Bars, name: str) -> Markup:
    """A bar for each subscription, the largest increase at the top. `name` is the picture's id on the page."""
    pygal = _pygal()
    shown = tuple(reversed(bars.bars))
    height = AROUND_BARS + BAR_HEIGHT * len(shown)
    chart = pygal.HorizontalBar(
        **_options(("--more",), height),
        show_legend=False,
        print_values=True,
        print_values_position="top",
        value_formatter=_tick,
    )
    chart.range = _range([bar.amount for bar in shown])
    chart.x_labels = [_shortened(visible(bar.label)) for bar in shown]
    chart.add(None, [_bar(bar.amount, bars.currency) for bar in shown])
    return _svg(chart, name, bars.title, f"How much more or less each pays, in {bars.currency}.")


@cache
def _pygal() -> Any:
    """The library, without the finder for plugins that it adds on import: it has no `find_spec`, so that Python 3.11
    warns of it at every import that comes later. billsync has no such plugins."""
    import pygal

    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != pygal.__name__]
    return pygal


def _options(colors: Sequence[str], height: int) -> dict[str, Any]:
    style = _pygal().style.Style(
        background="transparent",
        plot_background="transparent",
        foreground="var(--ink)",
        foreground_strong="var(--ink)",
        foreground_subtle="var(--soft)",
        guide_stroke_color="var(--line)",
        major_guide_stroke_color="var(--line)",
        guide_stroke_dasharray="0",
        major_guide_stroke_dasharray="0",
        colors=tuple(f"var({color})" for color in colors),
        value_colors=tuple("var(--ink)" for _ in colors),
        font_family="inherit",
        label_font_size=15,
        major_label_font_size=15,
        legend_font_size=15,
        title_font_size=16,
        value_font_size=15,
        opacity=".55",
        stroke_opacity="1",
        stroke_width="2.5",
        transition="0s",
    )
    whole = {"truncate_legend": -1, "truncate_label": -1, "max_scale": TICKS}
    return {"style": style, "js": (), "width": WIDTH, "height": height, "explicit_size": False, **whole}


def _range(amounts: Sequence[Decimal]) -> tuple[float, float]:
    """The ends of the scale of bars, with room for the amounts that stand at their ends."""
    low, high = min(*amounts, Decimal(0)), max(*amounts, Decimal(0))
    room = EXACT.multiply(minus(high, low), ROOM)
    return _at(minus(low, room) if low < 0 else low), _at(plus(high, room) if high > 0 else high)


def _bar(amount: Decimal, currency: str) -> dict[str, Any]:
    color = "--more" if amount > 0 else "--less"
    text = signed(amount, currency)
    return {"value": _at(amount), "formatter": lambda value: text, "style": f"fill: var({color}); stroke: none"}


def _line(points: Sequence[Point]) -> Coordinates:
    return [(_at(point.quantity), _at(point.amount)) for point in points]


def _most(amounts: Iterator[Decimal]) -> float:
    return _at(max(amounts, default=Decimal(1)))


def _steps(curve: PriceCurve, top: float) -> Iterator[Place]:
    """A line from the bottom to the top at each end of a tier, with a gap after it."""
    for step in curve.steps:
        yield from ((_at(step.quantity), 0.0), (_at(step.quantity), top), (None, None))


def _usage(usage: Sequence[Bin]) -> Iterator[Place]:
    for one in usage:
        start, end, height = _at(one.start), _at(one.end), one.count or 0
        yield from ((start, 0.0), (start, height), (end, height), (end, 0.0))


def _at(number: Decimal) -> float:
    """The number as a coordinate. This is the one place where an amount becomes a float: nothing is worked out with
    it, and the library draws no others."""
    return float(number)


def _shortened(text: str) -> str:
    """The text as it fits beside an axis; the tables below the picture hold the whole."""
    return text if len(text) <= LABEL_LENGTH else f"{text[: LABEL_LENGTH - 1]}…"


def _tick(value: float) -> str:
    """A number at an axis: 1,500,000 is 1.5M."""
    size, suffix = next(((size, suffix) for size, suffix in SIZES if abs(value) >= 10 * size), (1, ""))
    return f"{value / size:,.10g}{suffix}"


def _is_useless(element: ElementTree.Element) -> bool:
    is_comment = callable(element.tag)
    return is_comment or element.tag.rpartition("}")[2] in USELESS or element.attrib.get("class") == SECOND_AXIS


def _svg(chart: Any, name: str, title: str, description: str) -> Markup:
    """The chart's elements without what only a script would use, with a title and a description for those who can't
    see it."""
    chart.uuid = name
    tree: ElementTree.Element = chart.render_tree()
    for parent in list(tree.iter()):
        if str(parent.attrib.get("id")).startswith("activate-"):
            del parent.attrib["id"]
        for child in list(parent):
            if _is_useless(child):
                parent.remove(child)
    for tag, text in (("desc", description), ("title", title)):
        element = ElementTree.Element(tag, {"id": f"{name}-{tag}"})
        element.text = visible(text)
        tree.insert(0, element)
    tree.attrib |= {"role": "img", "aria-labelledby": f"{name}-title {name}-desc"}
    return Markup(ElementTree.tostring(tree, encoding="unicode"))
