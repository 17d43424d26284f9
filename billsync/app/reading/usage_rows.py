"""The rows of a meter query that is grouped by customer, read one by one: all at once take much memory."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from billsync.api import promises
from billsync.core.sieve.page import is_plain
from billsync.core.sieve.typed import promised
from billsync.report.billing.usage import CUSTOMER, usage_value

_ROW: Any = msgspec.defstruct(
    "Used",
    [
        ("begin", promised(promises.MOMENT)),
        ("end", promised(promises.MOMENT)),
        ("value", promised(promises.AMOUNT)),
        ("dimensions", dict[str, str]),
    ],
    rename={"begin": "from", "end": "to"},
    gc=False,
)


class _Rows(msgspec.Struct, gc=False):
    data: list[msgspec.Raw]


_ROWS, _ONE = msgspec.json.Decoder(_Rows), msgspec.json.Decoder(_ROW)


def values_by_customer(content: bytes) -> dict[str, Decimal] | None:
    """The values in an answer by customer; usage without a customer is left out. None where that isn't certain."""
    found: dict[str, Decimal] = {}
    try:
        str(content, "utf-8")
        for raw in _ROWS.decode(content).data:
            if not is_plain(raw):
                return None
            row = _ONE.decode(raw)
            if customer := row.dimensions.get(CUSTOMER):
                found[customer] = usage_value(row.value)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError, ArithmeticError):
        return None
    return found
