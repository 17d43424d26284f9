"""Invoices as a table, as JSON and as CSV. Amounts are shown exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from billsync.render.formats.csv_text import csv_text
from billsync.render.formats.json_text import json_text
from billsync.render.formats.table import table
from billsync.render.formats.words import readable, visible
from billsync.report.billing.invoices import Invoice

COLUMNS = ("Number", "Customer", "Status", "Issued", "Due", "Total", "Credits", "Currency", "")
NUMBERS = frozenset({"Total", "Credits"})


def invoices_text(invoices: Sequence[Invoice], *, width: int | None = None) -> str:
    """A line for each; ends with a line break."""
    lines = list(table(COLUMNS, [_row(one) for one in invoices], numbers=NUMBERS, width=width)) or ["No invoices."]
    return "\n".join(lines) + "\n"


def invoices_json(invoices: Sequence[Invoice]) -> str:
    """The invoices as one JSON object; amounts are text."""
    document = {"format_version": "1.0", "invoices": [_object(one) for one in invoices]}
    return json_text(document)


def invoices_csv(invoices: Sequence[Invoice]) -> str:
    """A line for each, with the fields of the JSON."""
    return csv_text(Invoice.__slots__, [[_cell(value) for value in _object(one).values()] for one in invoices])


def _cell(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _row(one: Invoice) -> list[str]:
    words = (one.number, one.customer, one.status, one.issued_at[:10] or "-", one.due_at[:10] or "-")
    money = (one.total, one.credits, one.currency)
    return [*(visible(text) for text in (*words, *money)), "past due" if one.is_past_due else ""]


def _object(one: Invoice) -> Any:
    return {name: readable(getattr(one, name)) for name in Invoice.__slots__}
