"""Reads the facts of an impact. Every request of an impact is made here, and counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from billsync.app.ending import usage
from billsync.app.impact.scope import ImpactScope
from billsync.app.impact.usage import read_usage, usage_queries
from billsync.app.planning.pipeline import Comparison
from billsync.app.reading.live_prices import LivePrices
from billsync.app.reading.metering import read_catalog
from billsync.app.server.connection import Connection
from billsync.app.server.server_time import servers_now_by_anybody
from billsync.core.changes.moved import with_moved
from billsync.core.observed.index import index
from billsync.kinds.registry import KINDS
from billsync.live.lists.paging import Refused
from billsync.model.frozen import replace
from billsync.model.malformed import Malformed
from billsync.model.state import Desired
from billsync.report.billing.attached import parse_attached
from billsync.report.billing.catalog import Catalog
from billsync.report.impact.addon_repricing import UNREAD
from billsync.report.impact.assess import (
    ImpactFacts,
    sampled,
    subscription_ids,
    usage_needs,
)
from billsync.report.impact.impact import Looked
from billsync.report.impact.live import Live
from billsync.report.impact.meter_slices import with_declared
from billsync.report.impact.periods import prepare_all
from billsync.report.impact.price_changes import price_changes
from billsync.report.impact.reach import reach
from billsync.report.impact.reached import Reached
from billsync.report.impact.reached_addons import AddonList, Candidate, Unread, reached_with

REQUESTS_AT_MOST = 500


def read_impact_facts(
    connection: Connection,
    desired: Desired,
    comparison: Comparison,
    scope: ImpactScope,
    progress: Callable[[str], None] = lambda text: None,
) -> ImpactFacts:
    """Read everything that an impact is worked out from. `progress` gets a line for each stage, without names.

    Raises Ended where that would take too many requests, RemoteError.
    """
    progress("impact: looking for the subscriptions that the changes reach")
    live, whole = _reached_or_maybe(connection, desired, comparison, scope)
    sample = sampled(whole, scope.sample)
    asked = sum(isinstance(one, Candidate) for one in sample)
    _check_requests(asked, scope)
    if asked:
        progress("impact: asking subscriptions for their add-ons")
    reached = [found for one in sample for found in _resolved(connection, one, live)]
    cases = tuple(prepare_all(reached, live.now, scope.periods))
    needs = usage_needs(cases, live.catalog)
    queries = usage_queries(needs, live.catalog, most=REQUESTS_AT_MOST - asked)
    _check_requests(asked + queries.count, scope)
    progress(f"impact: meter queries: {queries.count}")
    metered, made = read_usage(connection, queries, lambda count: _check_requests(asked + count, scope))
    count = len(subscription_ids(reached if len(sample) == len(whole) else whole))
    looked = Looked(scope.everybody, scope.periods, count, meter_queries=made, addon_lists=asked)
    return ImpactFacts(cases, metered, looked)


def _reached_or_maybe(
    connection: Connection, desired: Desired, comparison: Comparison, scope: ImpactScope
) -> tuple[Live, list[Reached | Candidate]]:
    """Read the live side but for attached add-ons and usage, and find the subscriptions that changes may reach."""
    now = servers_now_by_anybody(connection, comparison.snapshot)
    found = with_moved(index(comparison.snapshot, KINDS, connection.routes), desired.moved, KINDS)
    catalog = with_declared(read_catalog(connection), desired, found)
    changes = price_changes(desired, comparison.plan, found, everybody=scope.everybody)
    live = LivePrices(connection, desired, comparison.snapshot, found, changes).read(catalog, now)
    whole = list(reach(changes, live))
    return replace(live, subscribers=()), whole


def _resolved(connection: Connection, one: Reached | Candidate, live: Live) -> Iterable[Reached]:
    """Resolve a candidate by reading its add-ons; anything else is returned unchanged. Raises RemoteError."""
    if not isinstance(one, Candidate):
        return (one,)
    return reached_with(one, _addons(connection, one, live.catalog), live.catalog, live.now)


def _check_requests(count: int, scope: ImpactScope) -> None:
    if count > REQUESTS_AT_MOST and scope.sample is None:
        detail = f"It would need {count:,}, as billing periods or add-ons differ."
        raise usage("many-requests", detail, "Pass --impact-sample 200 to look at two hundred subscriptions.")


def _addons(connection: Connection, one: Candidate, catalog: Catalog) -> AddonList:
    """The add-ons that a candidate has or had: one request. Raises RemoteError."""
    try:
        found = parse_attached(connection.addons_of(one.before.id), catalog.features)
    except Refused as refused:
        return Unread(f"{UNREAD} ({refused.status})")
    return Unread(UNREAD) if isinstance(found, Malformed) else found
