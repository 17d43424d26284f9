"""Rows as CSV that a spreadsheet opens and can't be fooled by. It knows no money."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A line of names, then one for each row. What a spreadsheet would take for a formula is kept text by a quote."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return stream.getvalue()


def _harmless(cell: str) -> str:
    is_number = cell.lstrip("-").replace(".", "", 1).isdigit()
    return "'" + cell if cell[:1] in FORMULA and not is_number else cell
