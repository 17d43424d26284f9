"""Whether granted credit was used, from a customer's grants and balance."""

from decimal import Decimal
from typing import Any

import pytest

from billsync.report.credits.undone import used_since

GRANT = {"amount": "500", "currency": "USD", "status": "active"}
OTHERS = [{**GRANT, "status": "voided"}, {**GRANT, "currency": "EUR"}, {**GRANT, "deleted_at": "2026-01-01T00:00:00Z"}]


@pytest.mark.parametrize(
    ("balances", "used"),
    [
        ([{"currency": "USD", "live": "500"}], Decimal(0)),
        ([{"currency": "USD", "live": "499.99"}, {"currency": "EUR", "live": "0"}], Decimal("0.01")),
        ([], Decimal(500)),
        ([{"currency": "USD", "live": "?"}], None),
        ([{"currency": "USD"}], None),
    ],
)
def test_any_use_of_a_currency_counts(balances: list[Any], used: Decimal | None) -> None:
    assert used_since([GRANT, *OTHERS], balances, "USD") == used
