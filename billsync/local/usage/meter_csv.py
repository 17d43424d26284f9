"""The rows of a meter's query as CSV, in the columns that the vendor's OpenAPI names."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any

from billsync.local.accounts.customer_rules import CUSTOMER, SUBJECT
from billsync.local.store.documents import Document
from billsync.local.store.store import Store

CUSTOMER_ID = "customer_id"
CUSTOMER_COLUMNS = (CUSTOMER_ID, "customer_key", "customer_name")


def csv_of(store: Store, groups: Sequence[str], rows: Sequence[Document]) -> str:
    """`from, to, [subject,] [customer_id, customer_key, customer_name,] <dimensions...>, value`."""
    out = StringIO()
    writer = csv.DictWriter(out, fieldnames=list(columns(groups)), restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        dimensions = row["dimensions"]
        cells = {name: row[name] for name in ("from", "to", "value")}
        writer.writerow(cells | dimensions | customer_cells(store, dimensions.get(CUSTOMER_ID)))
    return out.getvalue()


def columns(groups: Sequence[str]) -> Iterator[str]:
    yield from ("from", "to")
    if SUBJECT in groups:
        yield SUBJECT
    if CUSTOMER_ID in groups:
        yield from CUSTOMER_COLUMNS
    yield from (name for name in groups if name not in (SUBJECT, CUSTOMER_ID))
    yield "value"


def customer_cells(store: Store, customer_id: str | None) -> dict[str, Any]:
    row = None if customer_id is None else store.get(CUSTOMER, customer_id)
    return {} if row is None else {"customer_key": row.key, "customer_name": row.document["name"]}
