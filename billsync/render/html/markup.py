"""Text as HTML: every text is escaped, shown without what can't be seen, and apart from its neighbours' direction."""

from __future__ import annotations

import re
from collections.abc import Iterable

from markupsafe import Markup

from billsync.render.formats.csv_text import is_formula
from billsync.render.formats.words import visible
from billsync.render.page.page import Style, Text, text_of

_FORMS = {
    Style.PLAIN: Markup("<bdi>{}</bdi>"),
    Style.STRONG: Markup("<strong><bdi>{}</bdi></strong>"),
    Style.CODE: Markup("<code><bdi>{}</bdi></code>"),
}


def line(text: Text) -> Markup:
    """One line of text. Letters that are written from right to left turn nothing around them."""
    return Markup("").join(_FORMS[span.style].format(visible(span.text)) for span in text)


FIGURES = re.compile(r"[+-]?[0-9][0-9 ,.%()+-]*(?: [A-Z]+\)?)?", re.ASCII)
"""A number with its sign and unit: no formula that names anything."""


def cell(text: Text) -> Markup:
    """The text of a table's cell, which a spreadsheet that it is pasted into doesn't take for a formula."""
    whole = text_of(text)
    guard = "'" if is_formula(whole) and not FIGURES.fullmatch(whole) else ""
    return Markup("{}{}").format(guard, line(text))


def joined(parts: Iterable[Markup]) -> Markup:
    """The parts, each on a line of its own."""
    return Markup("\n").join(parts)
