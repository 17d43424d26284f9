"""Plan and add-on versions of a recovery snapshot that can't be published again, and those that are never billed."""

from __future__ import annotations

from billsync.model.address import Address, symbols_in
from billsync.model.currencies import decimals
from billsync.model.kind import Archetype
from billsync.model.state import Row
from billsync.report.recovery.restore.old import Old, currencies_of

PLAN = "plan"


def lost_versions(old: Old) -> frozenset[Address]:
    """The versions that refer to something that is gone, and those that refer to one of these."""
    kinds = [kind.name for kind in old.registry.values() if kind.archetype is Archetype.VERSIONED]
    rows = {old.source.found.names[row.id]: row for kind in kinds for row in old.recovery.live.of(kind)}
    lost = {address for address, row in rows.items() if old.refers_to_gone(row)}
    while lost and (more := {one for one, row in rows.items() if one not in lost and _needs(old, row) & lost}):
        lost |= more
    return frozenset(lost)


def unbilled_versions(old: Old) -> frozenset[Address]:
    """The plan versions with prices in a custom currency: the server makes no charge and no invoice of a subscription
    to one, whatever else it has (customer-facts.md §19)."""
    rows = old.recovery.live.of(PLAN)
    names = old.source.found.names
    return frozenset(names[row.id] for row in rows if any(decimals(code) is None for code in currencies_of(row.fields)))


def _needs(old: Old, row: Row) -> frozenset[Address]:
    return frozenset(one for one in symbols_in(old.source.view(row)) if one.version is not None)
