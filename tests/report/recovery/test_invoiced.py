"""Invoices since a restore: which of them show that a fee is paid twice, and that none shows it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from billsync.model.state import Row
from billsync.report.recovery.restore.invoiced import credit_untaken, invoiced

BEGUN = datetime(2026, 9, 11, 0, 0, 1, 500, tzinfo=UTC)
"""The start, which an invoice's period cuts to seconds."""


def subscription(customer: str, mode: str, start: str | None) -> Row:
    fields = {"customer_id": customer, "settlement_mode": mode, "active_from": start}
    return Row("subscription", f"s-{customer}", fields)


def invoice(total: str = "20.67", status: str = "paid", since: str = "2026-09-11T00:00:01Z", **more: Any) -> Any:
    """Acme's invoice from its new subscription's start."""
    period = {"from": since, "to": "2026-10-01T00:00:00Z"}
    whole = {"number": "OM-7", "currency": "USD", "customer": {"id": "acme"}, "service_period": period}
    return {**whole, "status": status, "totals": {"total": total}, **more}


def test_the_first_start_of_what_is_invoiced_counts() -> None:
    rows = (
        subscription("acme", "credit_then_invoice", "2026-09-12T00:00:00Z"),
        subscription("acme", "credit_then_invoice", "2026-09-11T00:00:00Z"),
        subscription("birch", "credit_only", "2026-09-11T00:00:00Z"),
        subscription("cedar", "credit_then_invoice", None),
    )

    assert invoiced(rows) == {"acme": datetime(2026, 9, 11, tzinfo=UTC), "cedar": None}


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ((invoice(),), "invoiced-twice"),
        ((invoice(status="draft"),), "invoiced-twice"),
        ((invoice(since="2026-09-20T00:00:00Z"),), "invoiced-twice"),
        ((), "credit-not-taken"),
        (None, "credit-not-taken"),
        ((invoice(total="0"),), "credit-not-taken"),
        ((invoice(status="voided"),), "credit-not-taken"),
        ((invoice(status="delete.in_progress"),), "credit-not-taken"),
        ((invoice(since="2026-09-01T00:00:00Z"),), "credit-not-taken"),
        ((invoice(since="2026-10-01T00:00:00Z"),), "credit-not-taken"),  # a sale of credit, for no period
        ((invoice(customer={"id": "birch"}),), "credit-not-taken"),
    ],
)
def test_an_invoice_with_an_amount_to_pay_proves_it(rows: Any, code: str) -> None:
    assert credit_untaken({"acme": BEGUN}, rows)["acme"].code == code
