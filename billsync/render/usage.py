"""Usage as a table with bars, as JSON and as CSV. Values are shown exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from billsync.model.moment import moment_text
from billsync.model.value import decimal_text
from billsync.rating.arithmetic import EXACT, divided
from billsync.rating.periods import Period
from billsync.render.formats.csv_text import csv_text
from billsync.render.formats.json_text import json_text
from billsync.render.formats.table import table
from billsync.render.formats.words import visible
from billsync.report.billing.usage import Used

WIDTH = 30
FULL = "█"
FIELDS = ("feature", "from", "to", "group", "value")


def usage_text(
    customer: str, period: Period, rows: Sequence[Used], *, group: str | None, width: int | None = None
) -> str:
    """A table with a bar for each row, scaled by feature; ends with a line break."""
    head = f"Usage of customer {visible(customer)}, {_time(period.start)} to {_time(period.end)}"
    columns = ["From", "To", "Feature", *([visible(group)] if group else []), "Usage", ""]
    most = _most(rows)
    lines = list(table(columns, [_row(row, most[row.feature], group) for row in rows], numbers={"Usage"}, width=width))
    return "\n".join([head, "", *(lines or ["No usage."])]) + "\n"


def usage_json(customer: str, period: Period, rows: Sequence[Used], *, group: str | None) -> str:
    """The usage as one JSON object; values are text, so that they stay exact."""
    document = {
        "format_version": "1.0",
        "customer": customer,
        "from": moment_text(period.start),
        "to": moment_text(period.end),
        "by": group or "feature",
        "usage": [dict(zip(FIELDS, _values(row), strict=True)) for row in rows],
    }
    return json_text(document)


def usage_csv(rows: Sequence[Used]) -> str:
    """A line of names, then one for each row."""
    return csv_text(FIELDS, map(_values, rows))


def _most(rows: Sequence[Used]) -> Mapping[str, Decimal]:
    """The largest value of each feature."""
    most: dict[str, Decimal] = {}
    for row in rows:
        most[row.feature] = max(row.value, most.get(row.feature, row.value))
    return most


def _row(row: Used, most: Decimal, group: str | None) -> list[str]:
    cells = [_time(row.start), _time(row.end), visible(row.feature)]
    return [*cells, *([visible(row.group)] if group else []), decimal_text(row.value), _bar(row.value, most)]


def _bar(value: Decimal, most: Decimal) -> str:
    if value <= 0 or most <= 0:
        return ""
    return FULL * max(int(divided(EXACT.multiply(value, Decimal(WIDTH)), most)), 1)


def _values(row: Used) -> list[str]:
    return [row.feature, moment_text(row.start), moment_text(row.end), row.group, decimal_text(row.value)]


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%SZ")
