"""Invoices from rows of the API, and which of them are past due."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from billsync.model.frozen import dataclass
from billsync.model.value import Fields
from billsync.report.billing.subscribed import moment_of

NOT_OWED = frozenset({"draft", "issuing", "paid", "uncollectible", "voided", "deleted"})
"""Statuses in which nothing is owed, or not yet (customer-facts.md §13.3), beside those of a deletion.

One that billsync doesn't know is never taken for paid.
"""


@dataclass(frozen=True, slots=True)
class Invoice:
    """One invoice. Times are in the API's format, empty if absent; amounts are text.

    `is_past_due` is worked out: the server has no timer that would make an invoice overdue (customer-facts.md §13.5).
    """

    number: str
    customer: str
    status: str
    issued_at: str
    due_at: str
    currency: str
    amount: str
    credits: str
    total: str
    is_past_due: bool


def invoices(rows: Iterable[Fields], now: datetime) -> tuple[Invoice, ...]:
    """The invoices in the order of the rows. Raises KeyError for a row that is not one of the API's."""
    return tuple(_invoice(row, now) for row in rows)


def _invoice(row: Fields, now: datetime) -> Invoice:
    customer, totals = row["customer"], row["totals"]
    due_at = str(row.get("due_at") or "")
    return Invoice(
        number=str(row["number"]),
        customer=str(customer.get("key") or customer["name"]),
        status=str(row["status"]),
        issued_at=str(row.get("issued_at") or ""),
        due_at=due_at,
        currency=str(row["currency"]),
        amount=str(totals["amount"]),
        credits=str(totals["credits_total"]),
        total=str(totals["total"]),
        is_past_due=bool(due_at) and _may_be_owed(str(row["status"])) and moment_of(due_at) < now,
    )


def _may_be_owed(status: str) -> bool:
    return status not in NOT_OWED and not status.startswith("delete.")
