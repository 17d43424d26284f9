"""Charges of a subscription that no server asks for once it is restored, each with its money: those that fell due
between the snapshot and the restore, those of the time for which it waits, and those that its row doesn't show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from billsync.model.frozen import replace
from billsync.model.moment import moment_text
from billsync.model.recovery import Accounted, Fate
from billsync.rating.arithmetic import negative
from billsync.report.moves.advance import Unrated
from billsync.report.moves.amounts import Amounts, amounts_text, by_currency, less
from billsync.report.recovery.losses.explaining import BETWEEN, HIDDEN, UNASKED, UNUSED_FEES
from billsync.report.recovery.restore.fees import (
    Beginning,
    due_at_most,
    fees_at_end,
    fees_at_start,
    fees_between,
    hidden_due,
    may_hide,
    still_runs,
    terms_of,
    unused_fees,
)
from billsync.report.recovery.restore.link_fates import plan_row
from billsync.report.recovery.restore.links import Link


def fees_missed(link: Link, until: datetime, *, goes_on: bool) -> Iterator[Accounted]:
    """Yield the line of fees that fell due after the snapshot and until a moment. Where the link `goes_on`, those of a
    period that still runs are in its next charge, of which its own line says what is lost."""
    try:
        fees = {} if goes_on and still_runs(link.old, link.row, until) else fees_between(link.old, link.row, until)
    except Unrated as problem:
        yield _line(link, f"fees that fell due since the snapshot can't be worked out ({problem})", code=BETWEEN)
        return
    if fees:
        how = f"{amounts_text(fees)} of fees fell due after the snapshot: only the old server may have asked for them"
        yield _line(link, how, _lost(fees), code=BETWEEN)


def missed_while_waiting(link: Link, until: datetime, again: Beginning | None) -> Iterator[Accounted]:
    """Yield the lines of fees in advance for the time until a moment, which were paid before, and of what is charged
    less, or more, at that moment: fees in arrears, say. `again` is how the link begins then, if it does."""
    then = moment_text(until)
    try:
        unused = unused_fees(link.old, link.row, link.now)
        have = _at_start(link, again) if again else {}
        apart = less(have, fees_at_end(link.old, link.row, until))
    except Unrated as problem:
        yield _line(link, f"what waiting until {then} costs can't be worked out ({problem})", code=UNUSED_FEES)
        return
    if unused:
        how = f"{amounts_text(unused)} of fees were paid before for the time until {then}, in which it isn't in force"
        yield _line(link, how, unused, code=UNUSED_FEES)
    if apart:
        how = f"at {then} other fees are charged than if it had run through: those in arrears are lost"
        yield _line(link, how, apart, code=UNASKED)


def _at_start(link: Link, again: Beginning) -> Amounts:
    version = link.version
    if version is None:
        raise Unrated("its plan version isn't in the snapshot")
    terms = terms_of(link.old, version, plan_row(link.old, version))
    return by_currency(fees_at_start(link.old, terms, again, link.addons))


def hidden_charges(link: Link) -> Iterator[Accounted]:
    """Yield the line of charges of the running period that the row doesn't show, as something changed within it."""
    try:
        hidden = hidden_due(link.old, link.row)
        most = due_at_most(link.old, link.row) if hidden is None else {}
    except Unrated:  # which the line about the next charge says
        return
    if hidden:
        how = f"{amounts_text(hidden)} of its running period were for what has changed since, and aren't charged again"
        yield _line(link, how, _lost(hidden), code=HIDDEN)
    elif hidden is None and may_hide(link.old, link.row):
        known = f"at most {amounts_text(most)}" if most else "nothing"
        how = f"something of it changed within the running period: the time before costs {known}, with usage"
        yield _line(link, how, code=HIDDEN)


def _lost(amounts: Amounts) -> Amounts:
    return {currency: negative(amount) for currency, amount in amounts.items()}


def _line(link: Link, how: str, money: Amounts | None = None, *, code: str) -> Accounted:
    """A line for its money, which isn't the row's fate."""
    return replace(link.old.fated(link.row, Fate.DIFFERENT, code, how, money or {}), count=0)
