"""The kinds that belong to customers, so that `diff --impact-anonymous` doesn't show them."""

from __future__ import annotations

from billsync.kinds.registry import KINDS
from billsync.model.kind import Kind

CUSTOMER = "customer"


def private_kinds() -> frozenset[str]:
    """The kinds that belong to customers."""
    return frozenset(name for name, kind in KINDS.items() if _root(kind) == CUSTOMER)


def _root(kind: Kind) -> str:
    return _root(KINDS[kind.parent.kind]) if kind.parent else kind.name
