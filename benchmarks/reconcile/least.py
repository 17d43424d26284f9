"""The fewest requests with which a command could do its work, given the lists that the API has."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.reconcile.declared import has_grant
from billsync.api.routes import routes
from billsync.core.changes.read_set import FEW
from billsync.live.lists.pace import first_pace

BIG = ("customers", "subscriptions", "customers/credits/grants")
"""Lists that grow with the customers; the others are read as often for a few."""


def least_reads(customers: int, asked: Mapping[str, int]) -> int:
    """The fewest GETs: the big lists in pages of the largest size, grants by customer, all else as it was asked."""
    known = routes("openmeter")
    pages = sum(-(-customers // first_pace(known[kind].listing).rungs[-1]) for kind in ("customer", "subscription"))
    holders = customers if customers <= FEW else sum(map(has_grant, range(customers)))
    rest = sum(count for request, count in asked.items() if request.startswith("GET ") and request[4:] not in BIG)
    return pages + holders + rest
