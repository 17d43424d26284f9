"""What `diff --impact-anonymous` may say of customers: which kinds are theirs, and what a policy found in their use."""

from __future__ import annotations

from dataclasses import replace

from billsync.app.connection import Connection
from billsync.app.pipeline import Comparison
from billsync.app.policies import Used, judged
from billsync.kinds.registry import KINDS
from billsync.model.change import Guard
from billsync.model.kind import Kind
from billsync.model.state import Desired

CUSTOMER = "customer"
REAL_USAGE = "a price policy is broken at real usage, which is one customer's and left out"


def private_kinds() -> frozenset[str]:
    """The kinds that belong to customers."""
    return frozenset(name for name, kind in KINDS.items() if _root(kind) == CUSTOMER)


def judged_without_usage(
    connection: Connection, desired: Desired, comparison: Comparison, used: Used | None
) -> Comparison:
    """The comparison with a guard for each breach of a price policy; none shows what a single customer used."""
    known = frozenset(judged(connection, desired, comparison).plan.guards)
    found = judged(connection, desired, comparison, used)
    guards = [guard if guard in known else _without_usage(guard) for guard in found.plan.guards]
    return replace(found, plan=replace(found.plan, guards=tuple(dict.fromkeys(guards))))


def _without_usage(guard: Guard) -> Guard:
    return replace(guard, reason=f"{guard.addresses[0].text}: {REAL_USAGE}")


def _root(kind: Kind) -> str:
    return _root(KINDS[kind.parent.kind]) if kind.parent else kind.name
