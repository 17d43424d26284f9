"""The subscriptions that a migration selects: by labels and keys of their customers, and by when they started."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from fnmatch import fnmatchcase
from typing import TypeAlias

from billsync.core.observed.ownership import labels_of
from billsync.model.frozen import dataclass
from billsync.model.moment import parse_day_or_time
from billsync.model.value import Fields

STARTED = re.compile(r"started\s*(<=|>=|<|>|=)\s*(.*)", re.DOTALL)
CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class LabelIs:
    """The customer has a label with this value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class CustomerLike:
    """The customer's key fits a glob."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Started:
    """The subscription started before a moment, or from it on."""

    at: datetime
    is_before: bool


Selector: TypeAlias = LabelIs | CustomerLike | Started


def parse_selector(text: str) -> Selector | str:
    """The selector that a text means, or the reason why it means none."""
    if started := STARTED.fullmatch(text):
        return _started(*started.groups())
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value:
        return f"{text!r} is neither KEY=VALUE nor customer=GLOB, started<DATE or started>=DATE"
    return CustomerLike(value) if name == CUSTOMER else LabelIs(name, value)


def _started(sign: str, date: str) -> Started | str:
    if sign not in ("<", ">="):
        return f"`started` is compared by < or >=, not by {sign}"
    at = parse_day_or_time(date)
    return Started(at, sign == "<") if at else f"{date!r} is not a date or time"


def selects(selectors: Iterable[Selector], customer: str, row: Fields, started: datetime | None) -> bool:
    """Whether all selectors hold: for a customer's key, its row, and the time at which the subscription started."""
    return all(_holds(selector, customer, row, started) for selector in selectors)


def _holds(selector: Selector, customer: str, row: Fields, started: datetime | None) -> bool:
    match selector:
        case LabelIs(name, value):
            return labels_of(row).get(name) == value
        case CustomerLike(pattern):
            return fnmatchcase(customer, pattern)
        case Started(at, is_before):
            return started is not None and (started < at) is is_before
