"""A plain table for a terminal: columns as wide as their widest cell, cut to the width that there is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

GAP = 2
NARROWEST = 6
"""A column of words is never cut below this many characters; then the table is wider than the terminal."""


def table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Collection[str] = (), width: int | None = None
) -> Iterator[str]:
    """A line for the head and for each row; columns in `numbers` stand to the right, and are never cut.

    `width` is the number of characters that a line may have, None for any. Empty without rows.
    """
    if not rows:
        return
    whole = [columns, *rows]
    natural = [max(len(cell) for cell in column) for column in zip(*whole, strict=True)]
    widths = _fitting(natural, [name not in numbers for name in columns], width)
    for row in whole:
        cells = zip(columns, map(_cut, row, widths), widths, strict=True)
        line = "  ".join(cell.rjust(wide) if name in numbers else cell.ljust(wide) for name, cell, wide in cells)
        yield line.rstrip()


def _fitting(natural: list[int], may_shrink: list[bool], width: int | None) -> list[int]:
    """The widths of the columns; the widest column of words gives way first."""
    widths = list(natural)
    if width is None:
        return widths
    while sum(widths) + GAP * (len(widths) - 1) > width:
        candidates = [number for number, wide in enumerate(widths) if may_shrink[number] and wide > NARROWEST]
        if not candidates:
            return widths
        widths[max(candidates, key=lambda number: widths[number])] -= 1
    return widths


def _cut(cell: str, width: int) -> str:
    return cell if len(cell) <= width else f"{cell[: width - 1]}…"
