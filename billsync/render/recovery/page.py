"""A loss report, and the proof of a restore, as sections of a page, from which Markdown and HTML are made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from billsync.render.page.page import Column, Paragraph, Section, Table, Text, code, plain
from billsync.render.recovery.text import (
    LOSS_COLUMNS,
    NUMBERS,
    PROOF_COLUMNS,
    comparison_lines,
    departure_cells,
    loss_cells,
    losses_headline,
    money_lines,
)
from billsync.report.recovery.losses.accounting import LossReport
from billsync.report.recovery.proof.departures import Departure, Proof

NAMES = frozenset({"Customer", "Subscription", "Code"})
"""The columns of names."""


def proof_sections(proof: Proof) -> Iterator[Section]:
    """The departures, those that aren't explained first, and the numbers of comparisons."""
    explained = tuple(one for one in proof.departures if one.is_explained)
    for title, found in (("Not explained", proof.unexplained), ("Explained by the loss report", explained)):
        if found:
            yield Section(plain(f"{title}: {len(found):,}"), (_departures(title, found),), is_fold=found is explained)
    yield Section(plain("Comparisons"), (Paragraph(tuple(plain(line) for line in comparison_lines(proof))),))


def _departures(title: str, found: Iterable[Departure]) -> Table:
    return _table(title, PROOF_COLUMNS, map(departure_cells, found))


def loss_sections(report: LossReport) -> Iterator[Section]:
    """The counts and the money, and each row that isn't simply restored."""
    lines = tuple(plain(line) for line in (losses_headline(report), *money_lines(report.money)))
    table = _table("rows that aren't simply restored", LOSS_COLUMNS, map(loss_cells, report.lines))
    yield Section(plain("Loss report"), (Paragraph(lines), *((table,) if report.lines else ())))


def _table(caption: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Table:
    heads = tuple(Column(name, name in NUMBERS) for name in columns)
    return Table(caption, heads, tuple(tuple(map(_cell, columns, row)) for row in rows))


def _cell(column: str, text: str) -> Text:
    return code(text) if column in NAMES and text else plain(text)
