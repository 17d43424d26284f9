"""A dump as YAML, and its losses as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from billsync.core.dump import Dump
from billsync.core.losses import Loss, LossRow, loss_rows
from billsync.render.formats.json_text import json_text
from billsync.render.formats.yaml_text import to_yaml

OF_EVERY_DUMP = (
    "The live state, as far as a file can declare it. A diff of this file with the server it comes from is empty.",
    "No file carries usage, invoices, charges and movements of credit, entitlements made by hand, or notifications.",
)
"""The comment at the top of every dumped file."""


def dump_yaml(dump: Dump) -> str:
    """The dump as one file."""
    at_top = (*OF_EVERY_DUMP, *dump.comments.get((), ()))
    return to_yaml(dump.document, {**dump.comments, (): at_top})


def losses_json(losses: Iterable[Loss]) -> str:
    """The losses as one JSON object: those that are alike in a row, and their number in all."""
    rows = loss_rows(losses)
    document = {
        "format_version": "1.0",
        "count": sum(row.count for row in rows),
        "losses": [_row(row) for row in rows],
    }
    return json_text(document)


def _row(row: LossRow) -> dict[str, Any]:
    return {
        "kind": row.kind or None,
        "key": row.key or None,
        "field": row.field or None,
        "code": row.code,
        "why": row.why,
        "count": row.count,
    }
