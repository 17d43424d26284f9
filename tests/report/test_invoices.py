from datetime import UTC, datetime
from typing import Any

import pytest

from billsync.report.billing.invoices import Invoice, invoices

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def row(status: str, due_at: str) -> dict[str, Any]:
    return {
        "number": "A-1",
        "customer": {"id": "c", "key": "acme", "name": "Acme"},
        "status": status,
        "issued_at": "2026-09-01T00:00:00Z",
        "due_at": due_at,
        "currency": "USD",
        "totals": {"amount": "40", "credits_total": "10", "total": "30"},
    }


@pytest.mark.parametrize(
    ("status", "due_at", "is_past_due"),
    [
        ("issued", "2026-10-31T23:59:59Z", True),
        ("payment_processing", "2026-10-01T00:00:00Z", True),
        ("issued", "2026-11-01T00:00:00Z", False),
        ("paid", "2026-10-01T00:00:00Z", False),
        ("draft", "2026-10-01T00:00:00Z", False),
        ("deleted", "2026-10-01T00:00:00Z", False),
        ("delete.in_progress", "2026-10-01T00:00:00Z", False),
        ("from_the_future", "2026-10-01T00:00:00Z", True),
    ],
)
def test_an_unpaid_invoice_after_its_due_date_is_past_due(status: str, due_at: str, is_past_due: bool) -> None:
    found = invoices([row(status, due_at)], NOW)

    assert found == (
        Invoice("A-1", "acme", status, "2026-09-01T00:00:00Z", due_at, "USD", "40", "10", "30", is_past_due),
    )
