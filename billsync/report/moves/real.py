"""Real usage in the reasons of guards: what a subscriber's last periods cost on the old and on the new plan version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from billsync.model.address import Address
from billsync.report.impact.reached import MigrationStatus
from billsync.report.impact.verdicts import Column, Pair, Verdict
from billsync.report.moves.amounts import money


def real_usage(verdicts: Mapping[str, Iterable[Verdict]]) -> Mapping[Address, str]:
    """By subscription that this run moves, the amounts of an impact: on the old plan version, and on the new one."""
    return {
        Address("subscription", tuple(one.reached.name.split("/"))): _text(one.paid)
        for them in verdicts.values()
        for one in them
        if one.reached.standing is MigrationStatus.MOVING and not one.reached.is_part and one.paid
    }


def _text(paid: Mapping[Column, Pair]) -> str:
    sums = (
        f"{money(before)} → {money(after)} {currency} each {cadence.text}"
        for (cadence, currency), (before, after) in paid.items()
    )
    return f"at the usage of the last periods {', '.join(sums)}"
