"""A forecast as text, JSON and CSV, always marked as an estimate and with the list of its omissions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from billsync.model.moment import moment_text
from billsync.model.note import Note
from billsync.model.value import decimal_text
from billsync.rating.arithmetic import minus, plus
from billsync.rating.lines import Line
from billsync.render.formats.csv_text import csv_text
from billsync.render.formats.json_text import json_text
from billsync.render.formats.table import table
from billsync.render.formats.words import visible
from billsync.report.billing.charges import Charge
from billsync.report.billing.subscribed import CREDIT_ONLY
from billsync.report.forecast.forecast import Forecast, NotEstimated, Outlook

CHARGED = ("Due", "Card", "From", "To", "Line", "Quantity", "Each", "Discounts", "Amount", "Currency")
DUE = (*CHARGED[:-2], "Credits", "To pay", CHARGED[-1])
NUMBERS = frozenset({"Quantity", "Each", "Discounts", "Credits", "To pay", "Amount"})
FIELDS = (
    "plan", "state", "at", "card", "feature", "from", "to", "reference",
    "quantity", "unit_price", "amount", "discounts", "credits", "total", "currency",
)  # fmt: skip
DAY = timedelta(days=1)
LEFT_OUT = "Estimate from usage so far. Left out: taxes, payment fees, credits still to be bought."


def forecast_text(customer: str, forecasts: Iterable[Forecast], *, width: int | None = None) -> str:
    """One block for each subscription; ends with a line break."""
    blocks = [block for found in forecasts for block in _blocks(customer, found, width)]
    return "\n\n".join("\n".join(block) for block in [*blocks, [LEFT_OUT]] if block) + "\n"


def forecast_json(customer: str, forecasts: Iterable[Forecast], notes: Iterable[Note]) -> str:
    """The forecast as one JSON object, with every rated line; amounts are text, so that they stay exact.

    `notes` are the limits of the estimate.
    """
    document = {
        "format_version": "1.0",
        "customer": customer,
        "estimate": LEFT_OUT,
        "notes": [note.text for note in notes],
        "subscriptions": [_forecast(found) for found in forecasts],
    }
    return json_text(document)


def forecast_csv(forecasts: Iterable[Forecast]) -> str:
    """A line for each rated line; its state is `charged` or `due`."""
    return csv_text(FIELDS, [row for found in forecasts for row in _rows(found)])


def _rows(found: Forecast) -> Iterator[list[str]]:
    charges = [("charged", one) for one in found.charged] + [("due", one.charge) for one in found.due]
    for state, charge in charges:
        for line in charge.lines:
            yield [found.plan_key, state, *_cells(charge, line)]


def _cells(charge: Charge, line: Line) -> list[str]:
    period = charge.service_period
    totals = line.totals
    money = (line.quantity, line.unit_amount, line.amount, totals.discounts, totals.credits, totals.total)
    return [
        moment_text(charge.at),
        charge.key,
        charge.feature or "",
        moment_text(period.start),
        moment_text(period.end),
        line.reference,
        *(decimal_text(number) for number in money),
        charge.currency,
    ]


def _blocks(customer: str, found: Forecast, width: int | None) -> Iterator[list[str]]:
    period = f"{_time(found.period.start)} to {_time(found.period.end)}"
    yield [f"Estimate for customer {visible(customer)}, plan {visible(found.plan_key)}, {period}"]
    charged = [_row(one, line, line.total) for one in found.charged for line in one.lines]
    due = [_row(one.charge, line, line.totals.credits, line.total) for one in found.due for line in one.charge.lines]
    if charged:
        yield ["Charged already, before credits:", *table(CHARGED, charged, numbers=NUMBERS, width=width)]
    yield (
        ["Due at the period's end, from usage so far:", *table(DUE, due, numbers=NUMBERS, width=width)]
        if due
        else ["Nothing is due."]
    )
    if found.not_estimated:
        yield ["Not estimated, and in no total:", *(f"  {visible(one.text)}" for one in found.not_estimated)]
    yield [line for outlook in found.outlooks for line in _outlook(found, outlook)]
    if found.at - found.period.start < DAY:
        yield ["The period began less than a day ago: the pace so far is not reliable."]


def _row(charge: Charge, line: Line, *amounts: Decimal) -> list[str]:
    numbers = (line.quantity, line.unit_amount, line.totals.discounts, *amounts)
    period = charge.service_period
    names = (_day(charge.at), visible(charge.key), _day(period.start), _day(period.end), line.reference)
    return [*names, *(decimal_text(number) for number in numbers), visible(charge.currency)]


def _outlook(found: Forecast, outlook: Outlook) -> Iterator[str]:
    code = visible(outlook.currency)
    charges = (*found.charged, *(one.charge for one in found.due))
    if all(one.currency != outlook.currency for one in charges):
        yield f"Credits {code}: {decimal_text(outlook.credits)} now; nothing here is charged in {code}"
        return
    yield f"Total {code}: {_total(found, outlook)}"
    yield f"Credits {code}: {decimal_text(outlook.credits)} now, {decimal_text(outlook.left)} after that"
    if outlook.debt or outlook.debt_left:
        yield f"Debt {code}: {decimal_text(outlook.debt)} now, {decimal_text(outlook.debt_left)} after that"
    yield from _end_of_credits(found, outlook)


def _total(found: Forecast, outlook: Outlook) -> str:
    """The amount, the part that credits pay, and the rest."""
    totals = outlook.totals
    whole = decimal_text(minus(plus(totals.amount, totals.charges), totals.discounts))
    paid = f"{whole}, credits {decimal_text(totals.credits)}"
    if found.mode != CREDIT_ONLY:
        return f"{paid}, to pay {decimal_text(totals.total)}"
    return f"{paid}, goes below zero by {decimal_text(totals.total)}" if totals.total else paid


def _end_of_credits(found: Forecast, outlook: Outlook) -> Iterator[str]:
    """Yield the moments when credits run out, estimated from usage so far."""
    code = visible(outlook.currency)
    if outlook.short_at is not None and outlook.short_at <= found.at:
        yield f"The credits in {code} don't cover everything that was used so far."
    elif outlook.short_at is not None:
        yield f"At the present pace the credits in {code} run out {_time(outlook.short_at)}."
    elif outlook.credits > 0 and outlook.known_until <= found.at:
        yield f"When the credits in {code} run out can't be told: usage is negative, or not all is estimated."
    elif outlook.credits > 0:
        yield f"At the present pace the credits in {code} last until {_time(outlook.known_until)} or longer."


def _forecast(found: Forecast) -> Any:
    return {
        "plan": found.plan_key,
        "settlement_mode": found.mode,
        "at": moment_text(found.at),
        "from": moment_text(found.period.start),
        "to": moment_text(found.period.end),
        "charged": [charge_object(one) for one in found.charged],
        "due": [charge_object(one.charge) for one in found.due],
        "not_estimated": [_not_estimated(one) for one in found.not_estimated],
        "currencies": [_outlook_object(outlook) for outlook in found.outlooks],
    }


def _not_estimated(one: NotEstimated) -> Any:
    return {"card": one.key, "feature": one.feature, "quantity": decimal_text(one.quantity), "reason": one.reason}


def charge_object(charge: Charge) -> Any:
    """A charge with its rated lines, in the types that `json` writes."""
    return {
        "card": charge.key,
        "name": charge.name,
        "feature": charge.feature,
        "at": moment_text(charge.at),
        "from": moment_text(charge.service_period.start),
        "to": moment_text(charge.service_period.end),
        "quantity": decimal_text(charge.quantity),
        "currency": charge.currency,
        "total": decimal_text(charge.totals.total),
        "lines": [_line(line) for line in charge.lines],
    }


def _line(line: Line) -> Any:
    totals = line.totals
    return {
        "reference": line.reference,
        "name": line.name,
        "category": line.category.value,
        "quantity": decimal_text(line.quantity),
        "unit_price": decimal_text(line.unit_amount),
        "amount": decimal_text(line.amount),
        "discounts": decimal_text(totals.discounts),
        "credits": decimal_text(totals.credits),
        "total": decimal_text(totals.total),
    }


def _outlook_object(outlook: Outlook) -> Any:
    return {
        "currency": outlook.currency,
        "amount": decimal_text(outlook.totals.amount),
        "charges": decimal_text(outlook.totals.charges),
        "discounts": decimal_text(outlook.totals.discounts),
        "credits_used": decimal_text(outlook.totals.credits),
        "total": decimal_text(outlook.totals.total),
        "credits_now": decimal_text(outlook.credits),
        "credits_left": decimal_text(outlook.left),
        "debt_now": decimal_text(outlook.debt),
        "debt_left": decimal_text(outlook.debt_left),
        "credits_run_out_at": moment_text(outlook.short_at) if outlook.short_at else None,
        "known_until": moment_text(outlook.known_until),
    }


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%SZ")
