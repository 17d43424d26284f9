"""Invoices as a table, and as JSON. Amounts are shown exactly."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from billsync.render.table import table
from billsync.render.words import readable, visible
from billsync.report.invoices import Invoice

COLUMNS = ("Number", "Customer", "Status", "Issued", "Due", "Total", "Credits", "Currency", "")
NUMBERS = frozenset({"Total", "Credits"})


def invoices_text(invoices: Sequence[Invoice]) -> str:
    """A line for each; ends with a line break."""
    lines = list(table(COLUMNS, [_row(one) for one in invoices], numbers=NUMBERS)) or ["No invoices."]
    return "\n".join(lines) + "\n"


def invoices_json(invoices: Sequence[Invoice]) -> str:
    """The same as one JSON object; amounts are text."""
    document = {"format_version": "1.0", "invoices": [_object(one) for one in invoices]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _row(one: Invoice) -> list[str]:
    words = (one.number, one.customer, one.status, one.issued_at[:10] or "-", one.due_at[:10] or "-")
    money = (one.total, one.credits, one.currency)
    return [*(visible(text) for text in (*words, *money)), "past due" if one.is_past_due else ""]


def _object(one: Invoice) -> Any:
    return {name: readable(getattr(one, name)) for name in Invoice.__slots__}
