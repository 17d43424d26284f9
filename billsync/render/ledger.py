"""A credit ledger as a table, as JSON and as CSV. Amounts are shown exactly, never rounded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from billsync.model.moment import moment_text
from billsync.model.value import decimal_text
from billsync.render.formats.csv_text import csv_text
from billsync.render.formats.json_text import json_text
from billsync.render.formats.table import table
from billsync.render.formats.words import noted, visible, with_sign
from billsync.report.credits.ledger import Balance, Ledger, Movement, Usable

COLUMNS = ("Time", "Type", "Name", "Amount", "Before", "After", "Currency")
NUMBERS = frozenset({"Amount", "Before", "After"})
FIELDS = ("at", "type", "name", "grant", "features", "currency", "amount", "before", "after")


def ledger_text(customer: str, ledger: Ledger, *, width: int | None = None) -> str:
    """Movements from the oldest, then later starts, balances and notes; ends with a line break."""
    blocks = (
        [f"Credits of customer {visible(customer)}, {_time(ledger.at)}"],
        list(table(COLUMNS, [_row(movement) for movement in ledger.movements], numbers=NUMBERS, width=width))
        or ["No movements."],
        list(_upcoming(ledger.upcoming)),
        [_balance(balance) for balance in ledger.balances] + [_usable(one) for one in ledger.usable],
        [noted(note) for note in ledger.notes],
    )
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def ledger_json(customer: str, ledger: Ledger) -> str:
    """The ledger as one JSON object; amounts are text, so that they stay exact."""
    document = {
        "format_version": "1.0",
        "customer": customer,
        "at": moment_text(ledger.at),
        "movements": [{**_movement(movement), **_balances(movement)} for movement in ledger.movements],
        "upcoming": [_movement(movement) for movement in ledger.upcoming],
        "balances": [_balance_object(balance) for balance in ledger.balances],
        "usable": [_usable_object(one) for one in ledger.usable],
        "notes": [note.text for note in ledger.notes],
    }
    return json_text(document)


def ledger_csv(ledger: Ledger) -> str:
    """A line for each movement from the oldest, then for each later start, whose balance isn't known yet."""
    rows = [
        _cells(movement, decimal_text(movement.before), decimal_text(movement.after)) for movement in ledger.movements
    ]
    return csv_text(FIELDS, [*rows, *(_cells(movement, "", "") for movement in ledger.upcoming)])


def _cells(movement: Movement, before: str, after: str) -> list[str]:
    names = (movement.type, movement.name, movement.grant or "", " ".join(movement.features), movement.currency)
    return [moment_text(movement.at), *names, decimal_text(movement.amount), before, after]


def _row(movement: Movement) -> tuple[str, ...]:
    name = f"{movement.name} ({movement.grant})" if movement.grant else movement.name
    name += f", for {', '.join(movement.features)} only" if movement.features else ""
    amounts = (with_sign(movement.amount), decimal_text(movement.before), decimal_text(movement.after))
    return (_time(movement.at), movement.type, visible(name), *amounts, visible(movement.currency))


def _upcoming(movements: Iterable[Movement]) -> Iterator[str]:
    for one in movements:
        amount = f"{with_sign(one.amount)} {visible(one.currency)}"
        yield f"From {_time(one.at)}: {amount}, {visible(one.name)} (not counted yet)"


def _balance(balance: Balance) -> str:
    parts = [f"settled {decimal_text(balance.settled)}", f"live {decimal_text(balance.live)}"]
    parts += [f"pending {decimal_text(balance.pending)}"] if balance.pending else []
    agrees = "" if balance.agrees else f" (the movements add up to {decimal_text(balance.added_up)})"
    return f"Balance {visible(balance.currency)}: {', '.join(parts)}{agrees}"


def _usable(one: Usable) -> str:
    what = f"for {visible(one.feature)}, with unrestricted credits" if one.feature else "unrestricted credits alone"
    return f"  {visible(one.currency)} {what}: settled {decimal_text(one.settled)}, live {decimal_text(one.live)}"


def _usable_object(one: Usable) -> Any:
    amounts = {"settled": decimal_text(one.settled), "live": decimal_text(one.live)}
    return {"feature": one.feature, "currency": one.currency, **amounts}


def _movement(movement: Movement) -> Any:
    return {
        "at": moment_text(movement.at),
        "type": movement.type,
        "name": movement.name,
        "grant": movement.grant,
        "features": list(movement.features),
        "currency": movement.currency,
        "amount": decimal_text(movement.amount),
    }


def _balances(movement: Movement) -> Any:
    """The balances before and after a movement. Later starts have none, as their balance isn't known yet."""
    return {"before": decimal_text(movement.before), "after": decimal_text(movement.after)}


def _balance_object(balance: Balance) -> Any:
    return {
        "currency": balance.currency,
        "settled": decimal_text(balance.settled),
        "live": decimal_text(balance.live),
        "pending": decimal_text(balance.pending),
        "added_up": decimal_text(balance.added_up),
        "agrees": balance.agrees,
    }


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%SZ")
