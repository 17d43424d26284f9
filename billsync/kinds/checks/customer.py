"""Checks for customers that the server would refuse (customer-facts.md §3)."""

from __future__ import annotations

from collections.abc import Iterator

from billsync.kinds.checks.keys import findable
from billsync.kinds.checks.ratecard import unknown_currency
from billsync.model.kind import Problem
from billsync.model.value import Fields


def currency(customer: Fields) -> Iterator[Problem]:
    """The customer's currency."""
    yield from unknown_currency(customer.get("currency"), ("currency",))


CHECKS = (currency, findable)
