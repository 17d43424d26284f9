"""Lines of a loss report as plain values, written into its JSON and read back from there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

from billsync.model.malformed import MalformedRow, members, optional_part, part, text, whole
from billsync.model.recovery import Accounted, Fate
from billsync.model.value import Fields, Plain, decimal_text

LOSSES, LINES = "losses", "lines"
SNAPSHOT, TAKEN_AT = "snapshot", "taken_at"


def line_fields(one: Accounted) -> Fields:
    """One line; amounts are text, so that they stay exact."""
    return {
        "kind": one.kind,
        "id": one.row_id,
        "what": one.what,
        "customer": one.customer,
        "fate": one.fate.value,
        "code": one.code,
        "why": one.how,
        "money": {currency: decimal_text(amount) for currency, amount in sorted(one.money.items())},
        "count": one.count,
    }


def lines_in(document: Plain) -> tuple[Accounted, ...]:
    """The lines in the JSON of a loss report, or of a command that holds one. Raises MalformedRow for another."""
    if not isinstance(document, Mapping):
        raise MalformedRow(LOSSES, document)
    return tuple(_lines(members(part(document, LOSSES), LINES)))


def taken_at_in(document: Plain) -> str | None:
    """The time of the snapshot whose restore wrote a loss report; None where it doesn't say."""
    found = document.get(SNAPSHOT) if isinstance(document, Mapping) else None
    return str(found[TAKEN_AT]) if isinstance(found, Mapping) and TAKEN_AT in found else None


def _lines(rows: Iterable[Fields]) -> Iterable[Accounted]:
    for number, row in enumerate(rows):
        try:
            yield _line(row)
        except MalformedRow as fault:
            raise fault.within(f"{LOSSES}.{LINES}.{number}") from None


def _line(row: Fields) -> Accounted:
    money = optional_part(row, "money")
    return Accounted(
        text(row, "kind"),
        text(row, "id"),
        text(row, "what"),
        _fate(row),
        text(row, "code"),
        text(row, "why"),
        text(row, "customer") if row.get("customer") is not None else None,
        {currency: _amount(money, currency) for currency in money},
        whole(row, "count"),
    )


def _fate(row: Fields) -> Fate:
    try:
        return Fate(text(row, "fate"))
    except ValueError:
        raise MalformedRow("fate", row["fate"]) from None


def _amount(money: Fields, currency: str) -> Decimal:
    try:
        found = Decimal(text(money, currency))
    except InvalidOperation:
        raise MalformedRow(f"money.{currency}", money[currency]) from None
    if not found.is_finite():
        raise MalformedRow(f"money.{currency}", money[currency])
    return found
