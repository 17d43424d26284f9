"""Whether credit was used that a run granted, as far as a customer's balance shows it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from billsync.model.value import Fields
from billsync.rating.arithmetic import exactly

ACTIVE = "active"


@exactly
def used_since(grants: Iterable[Fields], balances: Iterable[Fields], currency: str) -> Decimal | None:
    """The credit in a currency that a customer has used of all active grants; None where that can't be read.

    Nothing shows how much is left of one grant (customer-facts.md §7.7, §9.2), so that use of any counts.
    """
    try:
        given = sum(
            (Decimal(str(row["amount"])) for row in grants if _counts(row, currency)),
            start=Decimal(0),
        )
        left = sum(
            (Decimal(str(row["live"])) for row in balances if row.get("currency") == currency),
            start=Decimal(0),
        )
    except (KeyError, InvalidOperation):
        return None
    return given - left


def _counts(row: Fields, currency: str) -> bool:
    return row.get("status") == ACTIVE and row.get("currency") == currency and not row.get("deleted_at")
