"""Rows as CSV that a spreadsheet opens and reads as text, never as formulas."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from billsync.render.formats.words import visible

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
CONTROL = ("\t", "\r", "\n")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)


def csv_text(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A line of names, then one for each row, one line each.

    A number stays as it is, a negative one, too: `-` and digits are no formula. Other text that a spreadsheet could
    take for a formula begins with a quote; a character that can't be seen is written as its escape.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return stream.getvalue()


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet could take the cell for a formula."""
    looks_like_one = cell.lstrip().startswith(FORMULA) or cell.startswith(CONTROL)
    return looks_like_one and not NUMBER.fullmatch(cell)


def harmless(cell: str) -> str:
    """The cell, which no spreadsheet takes for a formula, with every character visible."""
    if NUMBER.fullmatch(cell):
        return cell
    return ("'" if is_formula(cell) else "") + visible(cell)
