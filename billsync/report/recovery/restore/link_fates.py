"""The fates of subscriptions that begin again now: what differs, and the fees that they are billed again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from billsync.core.lifecycle.attached_steps import ATTACH
from billsync.core.observed.ownership import KEY, labels_of
from billsync.model.address import Address
from billsync.model.frozen import dataclass, replace
from billsync.model.moment import cut_to_seconds, moment_text
from billsync.model.recovery import Accounted, Fate
from billsync.model.state import Row
from billsync.rating.arithmetic import ZERO, negative
from billsync.report.moves.advance import Unrated, billed_until
from billsync.report.moves.amounts import Amounts, Parts, amounts_text, by_currency, less, together
from billsync.report.moves.terms import PlanTerms
from billsync.report.recovery.losses.explaining import BILLED_AGAIN, LONGER, PHASE_AGAIN, PHASE_LATER
from billsync.report.recovery.restore.choices import InAdvance
from billsync.report.recovery.restore.fees import (
    Beginning,
    begun_again,
    fees_ahead,
    fees_at_start,
    fees_later,
    from_phase,
    has_long_arrears,
    next_charge_apart,
    not_due_yet,
    phases_apart,
    renewal,
    terms_of,
)
from billsync.report.recovery.restore.links import Link
from billsync.report.recovery.restore.old import Old
from billsync.report.recovery.restore.phases import lasts_longer
from billsync.report.recovery.restore.settlement import Reason, credit_doubts

ARREARS = "arrears-cut"
NOTHING: Amounts = {}


@dataclass(frozen=True, slots=True)
class BilledAgain:
    """The fees in advance that a beginning bills again, which were paid before: at once, and `later` in the period, of
    which some are `coming` still. Those `ahead` are of the first, for periods that haven't begun."""

    at_once: Parts = field(default_factory=dict)
    later: Parts = field(default_factory=dict)
    coming: Parts = field(default_factory=dict)
    ahead: Parts = field(default_factory=dict)


def fates_now(
    link: Link, version: Address, beginning: Beginning, in_advance: InAdvance, *, is_billed: bool = True
) -> tuple[tuple[Accounted, ...], BilledAgain]:
    """The fate of a link that begins now, with a line for fees that are paid twice, and the fees that this bills."""
    old, row = link.old, link.row
    try:
        terms = terms_of(old, version, plan_row(old, version))
        if not is_billed:
            return (_fated(link, [*_apart_from_money(link, terms, beginning, {})], {}),), BilledAgain()
        fees = fees_at_start(old, terms, beginning, link.addons)
        ahead = fees_ahead(old, terms, beginning, link.addons, max(beginning.at, link.now)) if fees else {}
    except Unrated as problem:
        how = f"the fees in advance that it is billed again can't be worked out ({problem})"
        return (old.fated(row, Fate.DIFFERENT, BILLED_AGAIN, how),), BilledAgain()
    if in_advance is InAdvance.GRANT:
        later, coming = _later(link, terms, beginning)
        given = by_currency(fees), by_currency(later)
        fate = _fate(link, terms, beginning, given, by_currency(ahead))
        return _with_phase(link, terms, beginning, fate, given[1]), BilledAgain(fees, later, coming, ahead)
    fate = _fate(link, terms, beginning, ({}, {}))
    known = _with_phase(link, terms, beginning, fate, {})
    twice = (*_with_paid_twice(link, fate, by_currency(fees)), *known[1:]) if fees else known
    return twice, BilledAgain(fees)


def fate_of_change(later: Link, version: Address, head: Link, beginning: Beginning) -> Accounted:
    """The fate of a link to which another one changes that begins now: another moment, if the phase of that comes
    again, and the money that it then charges more in the running period."""
    old, row, before = later.old, later.row, later.start
    if head.version is None or before is None or head.boundary is None:
        return old.fated(row, Fate.RESTORED)
    try:
        at = renewal(terms_of(old, head.version, plan_row(old, head.version)), beginning)
        if cut_to_seconds(at) == cut_to_seconds(before):
            return old.fated(row, Fate.RESTORED)
        terms = terms_of(old, version, plan_row(old, version))
        starts = (Beginning(start, later.anchor, str(row.fields.get("settlement_mode", ""))) for start in (at, before))
        have, want = (billed_until(begun_again(terms, start), head.boundary) for start in starts)
    except Unrated as problem:
        how = f"its first charge can't be worked out ({problem})"
        return old.fated(row, Fate.DIFFERENT, "next-charge-unknown", how)
    guess = f"; its server showed no start: taken as {moment_text(before)}" if later.is_guessed else ""
    how = f"it begins at {moment_text(at)}, as the phase before it ends then{guess}"
    return old.fated(row, Fate.DIFFERENT, "end-moved", how, less(have, want))


def plan_row(old: Old, version: Address) -> Row:
    """The row of a plan version. Raises Unrated."""
    rows = (row for row in old.recovery.live.of("plan") if old.source.found.names[row.id] == version)
    found = next(rows, None)
    if found is None:
        raise Unrated(f"{version.text} isn't in the snapshot")
    return found


def _later(link: Link, terms: PlanTerms, beginning: Beginning) -> tuple[Parts, Parts]:
    try:
        later = fees_later(link.old, link.row, terms, beginning)
        return later, not_due_yet(later, terms, beginning, link.old, link.row, link.now) if later else {}
    except Unrated:  # which the line about the next charge says
        return {}, {}


def _with_phase(
    link: Link, terms: PlanTerms, beginning: Beginning, fate: Accounted, given: Amounts
) -> tuple[Accounted, ...]:
    """The fate, and a line for what a phase that comes again, or lasts longer, costs after the next charge, or fees in
    arrears of longer periods than the plan's; `given` is given as credit before."""
    is_again = fate.code == PHASE_AGAIN
    try:
        if not is_again and not has_long_arrears(link.old, terms, beginning, link.addons):
            return (fate,)
        apart = phases_apart(link.old, link.row, terms, beginning, link.addons)
    except Unrated as problem:
        how = f"what it costs after the next charge can't be worked out ({problem})"
        return fate, replace(link.old.fated(link.row, Fate.DIFFERENT, PHASE_LATER, how), count=0)
    more = less(less(apart, given), fate.money)
    if not more:
        return (fate,)
    why = "as its phase lasts longer" if is_again else "as fees in arrears are for the time since it began again"
    how = f"{why}, charges after the next one are {_apart_text(more)}, without usage"
    return fate, replace(
        link.old.fated(link.row, Fate.DIFFERENT, PHASE_LATER if is_again else LONGER, how, more), count=0
    )


def _apart_text(amounts: Amounts) -> str:
    """`4 USD less and 3 EUR more`."""
    sides = {
        "less": {currency: negative(amount) for currency, amount in amounts.items() if amount < ZERO},
        "more": {currency: amount for currency, amount in amounts.items() if amount > ZERO},
    }
    return " and ".join(f"{amounts_text(each)} {word}" for word, each in sides.items() if each)


def _with_paid_twice(link: Link, fate: Accounted, fees: Amounts) -> tuple[Accounted, ...]:
    """The fate of a row, whose money is in its next charge, and a line of its own for fees that were paid before, which
    are in the balance; this is the row's fate where nothing else differs."""
    how = f"it is billed {amounts_text(fees)} in advance again"
    twice = link.old.fated(link.row, Fate.DIFFERENT, BILLED_AGAIN, how, fees)
    return (twice,) if fate.fate is Fate.RESTORED else (fate, replace(twice, count=0))


def _fate(
    link: Link, terms: PlanTerms, beginning: Beginning, given: tuple[Amounts, Amounts], ahead: Amounts = NOTHING
) -> Accounted:
    """The fate of a link that begins now: every reason for which it isn't as it was, the gravest first.

    `given` are the fees in advance that it is billed again, at once and later in the period, and gets as credit before;
    some of the first may be `ahead` of their periods.
    """
    found = [*_apart_from_money(link, terms, beginning, together(given), ahead)]
    try:
        apart = less(next_charge_apart(link.old, link.row, terms, beginning, link.addons), given[1])
        if apart and not found:
            how = "its next charge has fees in arrears for the time since it began again"
            found.append(Reason(code=ARREARS, how=how))
    except Unrated as problem:
        apart = {}
        found.append(Reason(code="next-charge-unknown", how=f"its next charge can't be worked out ({problem})"))
    return _fated(link, found, apart)


def _fated(link: Link, found: list[Reason], apart: Amounts) -> Accounted:
    """The fate of a link for these reasons, with the money of its next charge."""
    if link.is_guessed:
        found.append(Reason(code="times-unshown", how=_guess(link)))
    if not found and not labels_of(link.row.fields).get(KEY):
        found.append(Reason(code="marked", how="billsync's label of its key is new, and it still has no owner"))
    if not found:
        return link.old.fated(link.row, Fate.RESTORED)
    said = [f"its next charge is {_apart_text(apart)}"] if apart and found[0].code != ARREARS else []
    how = "; ".join((*(one.how for one in found), *said))
    return link.old.fated(link.row, Fate.DIFFERENT, found[0].code, how, apart)


def _apart_from_money(
    link: Link, terms: PlanTerms, beginning: Beginning, credit: Amounts, ahead: Amounts = NOTHING
) -> Iterator[Reason]:
    """Yield the reasons that its phase, its settlement, its period and its add-ons give."""
    if longer := lasts_longer(link.row.fields, from_phase(terms, beginning.phase), beginning.at):
        yield Reason(code=PHASE_AGAIN, how=longer)
    if beginning.ends_at_renewal and link.end not in (None, end := renewal(terms, beginning)):
        yield Reason(code="end-moved", how=f"it ends, or changes, at {moment_text(end)}, as its phase does then")
    if credit:
        yield from credit_doubts(beginning.mode, credit, ahead)
    if ended := link.ended_period:
        yield Reason(code="new-period", how=f"its period ended at {ended}, after the snapshot{_as_credit(credit)}")
    elif began := link.began_since:
        how = f"it began at {moment_text(began)}, after the snapshot{_as_credit(credit)}"
        yield Reason(code="new-period", how=how)
    if link.row.fields.get("addons") and not link.can(ATTACH):
        how = "its add-ons aren't attached again: this server's API can't attach any"
        yield Reason(code="addons-not-attached", how=how)


def _as_credit(credit: Amounts) -> str:
    """The fees that the snapshot doesn't show as paid, and that a restore gives all the same."""
    return f": {amounts_text(credit)} of fees that the old server may have billed are given as credit" if credit else ""


def _guess(link: Link) -> str:
    """The times that a restore takes for those of a link whose server showed none."""
    row = link.row
    end = f", and ends at {row.fields['active_to']}" if row.fields.get("active_to") else ""
    phase = link.phase(link.now) or str(row.fields["phases"][0].get("key"))
    began = row.fields.get("active_from")
    return f"its server showed no start, phase and end: taken as begun at {began}, in phase {phase}{end}"
