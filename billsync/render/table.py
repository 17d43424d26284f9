"""A plain table for a terminal: columns as wide as their widest cell. It knows no colors."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Collection[str] = ()) -> Iterator[str]:
    """A line for the head and for each row; columns in `numbers` stand to the right. Without rows, nothing."""
    if not rows:
        return
    whole = [columns, *rows]
    widths = [max(len(cell) for cell in column) for column in zip(*whole, strict=True)]
    for row in whole:
        cells = zip(columns, row, widths, strict=True)
        line = "  ".join(cell.rjust(width) if name in numbers else cell.ljust(width) for name, cell, width in cells)
        yield line.rstrip()
