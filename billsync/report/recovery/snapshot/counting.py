"""The rows of a recovery snapshot, counted line by line as its loss report will count them (`accounting.places`)."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.model.recovery import Credit
from billsync.report.recovery.losses.accounting import DEBT, REFUSED, UNEXPLAINED
from billsync.report.recovery.losses.accounting import EVENT as EVENTS
from billsync.report.recovery.snapshot.item_forms import EVENT, LIST, PROMISE, ROW
from billsync.report.recovery.snapshot.item_lines import kind_in, list_in, sort_of

NO_DUE = b'"due":null'
"""The absence of a next charge, as lines are written."""


def counted_in(line: bytes) -> Mapping[str, int]:
    """The rows in a line by kind, or by the name of their list; none in a line of credit."""
    sort = sort_of(line)
    if sort == ROW:
        return {kind_in(line): 1}
    if sort == LIST:
        found = list_in(line)
        return {REFUSED: 1} if found.rows is None else {found.name: len(found.rows)}
    return {EVENTS: 1} if sort == EVENT else {}


def counted_credit(credit: Credit) -> Mapping[str, int]:
    """The debts and the unexplained amounts of a customer."""
    return {DEBT: len(credit.debts), UNEXPLAINED: len(credit.unexplained)}


def lacks_due(line: bytes) -> bool:
    """Whether a line promises a subscription without what its period will charge, as its server doesn't show that."""
    return sort_of(line) == PROMISE and NO_DUE in line
