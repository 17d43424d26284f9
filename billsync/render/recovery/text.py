"""A loss report, and the proof of a restore, as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from billsync.model.recovery import Accounted, Fate
from billsync.model.value import decimal_text
from billsync.rating.arithmetic import ZERO, magnitude
from billsync.render.formats.table import table
from billsync.render.formats.words import visible, with_sign
from billsync.report.recovery.losses.accounting import LossReport, Money
from billsync.report.recovery.proof.departures import Aspect, Departure, Proof

UNEXPLAINED = "NOT EXPLAINED"
ALSO = "also"
"""The word for the fate of a line that counts no row: its row has one in the line before, or is simply restored."""
LOSS_COLUMNS = ("Customer", "What", "Fate", "Why", "Code", "Money")
PROOF_COLUMNS = ("Customer", "Subscription", "What", "Snapshot", "Server", "Difference", "Explained by")
NUMBERS = frozenset({"Money", "Difference"})


def losses_text(report: LossReport, width: int | None = None) -> str:
    """The counts, the money, and each row that isn't simply restored; ends with a line break."""
    rows = [[visible(cell) for cell in loss_cells(one)] for one in report.lines]
    blocks = (
        [losses_headline(report)],
        [f"  {line}" for line in money_lines(report.money)],
        list(table(LOSS_COLUMNS, rows, numbers=NUMBERS, width=width)),
    )
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def losses_headline(report: LossReport) -> str:
    """The number of rows by fate: `Loss report: 12 rows: 10 restored, 1 restored differently, 1 lost.`"""
    totals = report.totals
    counts = ", ".join(f"{totals[fate]:,} {fate.value}" for fate in Fate)
    number = sum(totals.values())
    return f"Loss report: {number:,} {'row' if number == 1 else 'rows'}: {counts}."


def money_lines(money: Mapping[str, Money]) -> Iterator[str]:
    """A line for each currency in which anybody loses money."""
    for currency, lost in money.items():
        sides = (("customers lose", lost.customers), ("the seller loses", lost.seller))
        parts = [f"{who} {decimal_text(amount)} {visible(currency)}" for who, amount in sides if amount]
        if parts:
            text = " and ".join(parts)
            yield f"{text[:1].upper()}{text[1:]}."


def loss_cells(one: Accounted) -> tuple[str, ...]:
    """The cells of a line of the report."""
    return one.customer or "", one.what, one.fate.value if one.count else ALSO, one.how, one.code, money_text(one)


def money_text(one: Accounted) -> str:
    """The money of a line, and who loses it: `20 USD (seller)`."""
    return ", ".join(
        f"{decimal_text(magnitude(amount))} {currency} ({'customer' if amount > ZERO else 'seller'})"
        for currency, amount in sorted(one.money.items())
        if amount
    )


def proof_text(proof: Proof, *, taken_at: datetime, target: str, width: int | None = None) -> str:
    """The verdict, a table of departures, and the numbers of comparisons; ends with a line break."""
    rows = [[visible(cell) for cell in departure_cells(one)] for one in proof.departures]
    blocks = (
        [proof_headline(proof, taken_at=taken_at, target=target)],
        list(table(PROOF_COLUMNS, rows, numbers=NUMBERS, width=width)),
        list(comparison_lines(proof)),
    )
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def proof_headline(proof: Proof, *, taken_at: datetime, target: str) -> str:
    """The verdict in one sentence."""
    against = f"{visible(target)} against the snapshot of {taken_at:%Y-%m-%d %H:%M:%SZ}"
    count, bad = len(proof.departures), len(proof.unexplained)
    if not count:
        what = "everything that could be compared" if proof.unseen else "everything"
        return f"Verified: {against}: {what} is as it was."
    departs = "1 departure" if count == 1 else f"{count:,} departures"
    if not bad:
        lost = ", ".join(lost_texts(proof))
        verdict = f"Verified, but for what is lost ({lost})" if lost else "Verified"
        return f"{verdict}: {against}: {departs}, explained by the loss report."
    return f"NOT verified: {against}: {departs}, {bad:,} not explained."


def lost_texts(proof: Proof) -> Iterator[str]:
    """The numbers of customers and subscriptions that are lost, of all, and of other departures of what is lost."""
    of_lost = [one for one in proof.departures if any(line.fate is Fate.LOST for line in one.why)]
    for aspect, more in ((Aspect.CUSTOMER, " with all that they had"), (Aspect.SUBSCRIPTION, "")):
        if count := sum(one.aspect is aspect for one in of_lost):
            number = proof.compared[aspect]
            yield f"{count:,} of {number:,} {aspect.value}{'' if number == 1 else 's'}{more}"
    if others := sum(one.aspect not in (Aspect.CUSTOMER, Aspect.SUBSCRIPTION) for one in of_lost):
        yield f"{others:,} other {'thing' if others == 1 else 'things'}"


def departure_cells(one: Departure) -> tuple[str, ...]:
    """The cells of a departure."""
    difference = f"{with_sign(one.difference)} {one.currency}" if one.difference is not None else ""
    lines = dict.fromkeys(line.code or line.how for line in one.why)
    why = ", ".join(lines if one.is_explained else (*lines, UNEXPLAINED))
    return one.customer, one.subscription, one.aspect.value, one.want, one.have, difference, why


def comparison_lines(proof: Proof) -> Iterator[str]:
    """The number of comparisons that were made, and of those that could not be."""
    yield f"Compared: {_counted(proof.compared) or 'nothing'}."
    if unshown := _counted({aspect: count for aspect, count in proof.unseen.items() if aspect is not Aspect.CHARGED}):
        yield f"Not compared, as one side doesn't show it or the period has ended: {unshown}."
    if count := proof.unseen.get(Aspect.CHARGED):
        yield f"Not compared: {Aspect.CHARGED.value} {count:,}, as what was due isn't shown."


def _counted(counts: Mapping[Aspect, int]) -> str:
    return ", ".join(f"{aspect.value} {counts[aspect]:,}" for aspect in Aspect if counts.get(aspect))
