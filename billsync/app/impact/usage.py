"""Reads the usage of an impact: each period by a meter query, or many periods together by days."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import TypeVar

from billsync.app.reading.metering import query
from billsync.app.server.connection import Connection
from billsync.live.threads import in_order, reading_threads
from billsync.model.frozen import dataclass
from billsync.model.value import Fields
from billsync.report.billing.catalog import Catalog
from billsync.report.billing.usage import CUSTOMER, by_customer, query_body
from billsync.report.impact.assess import Need, Needs, Wanted
from billsync.report.impact.days import DailyUsage, Served, Stretch, daily
from billsync.report.impact.metered import Usages

FEW_CUSTOMERS, MANY_CUSTOMERS = 100, 2_000
QUERIES_AT_ONCE = 4

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class UsageQueries:
    """The meter queries of an impact: needs with a query each, and stretches of days that serve many needs."""

    needs: Needs
    single: Needs
    stretches: Mapping[Stretch, Served]

    @property
    def count(self) -> int:
        """The number of queries, without those for periods that the stretches leave in doubt."""
        return len(self.single) + len(self.stretches)


def usage_queries(needs: Needs, catalog: Catalog, *, most: int) -> UsageQueries:
    """A query for each need; where these are more than `most`, by days as far as values add up and that is fewer."""
    if len(needs) > most:
        added_up = {need: wanted for need, wanted in needs.items() if need[0].meter_id in catalog.additive}
        stretches = daily((need, customers) for need, (_, customers) in added_up.items())
        if len(stretches) < len(added_up):
            return UsageQueries(
                needs, {need: wanted for need, wanted in needs.items() if need not in added_up}, stretches
            )
    return UsageQueries(needs, needs, {})


def read_usage(
    connection: Connection, queries: UsageQueries, check: Callable[[int], None], *, at_once: int = QUERIES_AT_ONCE
) -> tuple[Usages, int]:
    """The usage of each customer by feature and period, and the number of queries. `check` is called with a larger
    number before more queries are made; `at_once` are made together, unless they are of many customers, and long.
    Raises what `check` raises, and RemoteError."""
    by_days = DailyUsage()
    if len({name for _, customers in queries.needs.values() for name in customers}) > MANY_CUSTOMERS:
        at_once = 1
    for (stretch, served), rows in _each(queries.stretches, partial(_stretch_rows, connection), at_once):
        by_days.add(stretch, served, rows)
    doubtful = {need: (queries.needs[need][0], set(customers)) for need, customers in by_days.doubtful.items()}
    count = queries.count + len(doubtful)
    check(count)
    found: dict[Need, dict[str, Decimal]] = {}
    for need, customer, value in by_days.known:
        found.setdefault(need, {})[customer] = value
    single = {**queries.single, **doubtful}
    for (need, _), usage_of in _each(single, partial(_period_usage, connection), at_once):
        found[need] = {**found[need], **usage_of} if need in found else usage_of
    return _by_feature(found, queries.needs), count


def _by_feature(found: Mapping[Need, Mapping[str, Decimal]], needs: Needs) -> Usages:
    """The usage of features; those that share a need share its values."""
    return Usages({(feature, need[1]): usage for need, usage in found.items() if usage for feature in needs[need][0]})


def _each(asked: Mapping[K, V], ask: Callable[[K, V], T], at_once: int) -> Iterator[tuple[tuple[K, V], T]]:
    """The answer to each, in their order."""
    if at_once == 1 or len(asked) < 2:
        yield from ((one, ask(*one)) for one in asked.items())
        return
    with reading_threads(at_once) as threads:
        answers = in_order(threads, lambda one: ask(*one), asked.items(), at_once)
        yield from zip(asked.items(), answers, strict=True)


def _stretch_rows(connection: Connection, stretch: Stretch, served: Served) -> tuple[Fields, ...]:
    body = query_body(
        stretch.meter_slice,
        stretch.period,
        group_by=[CUSTOMER],
        customers=_named(served),
        granularity=stretch.granularity,
    )
    return query(connection, stretch.meter_slice, body)


def _period_usage(connection: Connection, need: Need, wanted: Wanted) -> dict[str, Decimal]:
    """Usage of the wanted customers, under the very texts that name them there: the answer's own needn't be kept."""
    (meter_slice, period), (_, customers) = need, wanted
    body = query_body(meter_slice, period, group_by=[CUSTOMER], customers=_named(customers))
    usage_of = by_customer(query(connection, meter_slice, body))
    return {customer: usage_of[customer] for customer in customers if customer in usage_of}


def _named(customers: Collection[str]) -> Collection[str]:
    """The customers to name in a query: none of many, so that it is for all."""
    return sorted(customers) if len(customers) <= FEW_CUSTOMERS else ()
