"""Names of what no file declares and declared entities need: one list for each kind of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from billsync.api.documents import CURRENCIES, WITH_COSTS
from billsync.app.server.connection import ReadingConnection
from billsync.core.declared.lacks import kinds_named
from billsync.kinds.own_currencies import CURRENCY
from billsync.kinds.registry import KINDS
from billsync.live.lists.paging import Refused
from billsync.model.change import PlanFile
from billsync.model.kind import Named
from billsync.model.routes import ListQuery
from billsync.model.state import Desired
from billsync.model.value import Fields

LISTING = ListQuery(sort=None, size=100, at_once=1)


def kinds_in_steps(plan: PlanFile, desired: Desired) -> frozenset[str]:
    """The kinds of what is named by the declared entities that a plan file writes."""
    tables = {name for name, kind in KINDS.items() if kind.lacking is not None}
    written = {step.address.unversioned() for step in plan.steps if step.address.kind in tables}
    return (
        kinds_named((each for each in desired.entities if each.address in written), KINDS) if written else frozenset()
    )


def read_named(connection: ReadingConnection, kinds: Collection[str]) -> Named:
    """The names that are live of these kinds; a kind of which the server shows no list is left out, as nothing is known
    of it then. Raises RemoteError."""
    if CURRENCY not in kinds or not connection.generation.can("custom_currencies"):
        return {}
    try:
        rows = connection.listed(CURRENCIES, WITH_COSTS, listing=LISTING)
    except Refused:
        return {}
    return {CURRENCY: {str(row.get("code")): _costs(row) for row in rows if not row.get("deleted_at")}}


def _costs(row: Fields) -> frozenset[str] | None:
    """The ordinary currencies in which a unit costs something now or later, None where that isn't shown. Ours may not
    be the server's clock, so that what begins later counts."""
    bases = row.get("cost_basis")
    if not isinstance(bases, list | tuple):
        return None
    return frozenset(str(base.get("fiat_code")) for base in bases if isinstance(base, Mapping))
