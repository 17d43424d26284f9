"""Real usage in the reasons of guards: what subscribers' last periods cost on the old and on the new plan version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from billsync.model.address import Address
from billsync.rating.arithmetic import plus
from billsync.report.impact.moving import SUBSCRIPTION
from billsync.report.impact.reached import MigrationStatus
from billsync.report.impact.verdicts import NOTHING, Column, Pair, Verdict
from billsync.report.moves.amounts import money

Paid: TypeAlias = Mapping[Column, Pair]
"""The amounts on the old and on the new plan version, by cadence and currency."""


def real_usage(verdicts: Mapping[str, Iterable[Verdict]]) -> Mapping[Address, Paid]:
    """By subscription that this run moves, the amounts of an impact."""
    return {
        Address(SUBSCRIPTION, tuple(one.reached.name.split("/"))): one.paid
        for them in verdicts.values()
        for one in them
        if one.reached.standing is MigrationStatus.MOVING and not one.reached.is_part and one.paid
    }


def real_text(several: Sequence[Paid]) -> str:
    """The sums at real usage, and how many of several pay more; empty where none is known."""
    if not several:
        return ""
    sums: dict[Column, Pair] = {}
    for paid in several:
        for column, (before, after) in paid.items():
            known = sums.get(column, NOTHING)
            sums[column] = plus(known[0], before), plus(known[1], after)
    amounts = ", ".join(
        f"{money(before)} → {money(after)} {currency} each {cadence.text}"
        for (cadence, currency), (before, after) in sums.items()
    )
    more = sum(any(after > before for before, after in paid.values()) for paid in several)
    whom = "" if len(several) == 1 else f"{more} of {len(several)} pay more, in all "
    return f"at the usage of the last periods {whom}{amounts}"
