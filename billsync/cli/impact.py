"""`diff --impact`: from a comparison to verdicts on every subscription that it reaches. It only reads."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from billsync.cli.ending import usage
from billsync.cli.metering import Catalog, query, read_catalog
from billsync.cli.pipeline import Comparison, Connection
from billsync.cli.reached import Reach
from billsync.cli.server_time import servers_now_by_anybody
from billsync.model.state import Desired
from billsync.rating.periods import Period
from billsync.render.impact_shown import Shown
from billsync.report.impact import Verdict, verdict
from billsync.report.impact_periods import Prepared, prepared
from billsync.report.impact_reached import Reached
from billsync.report.usage import CUSTOMER, Gauge, by_customer, query_body

EVERYBODY = "all"
FEW_CUSTOMERS = 100
REQUESTS_AT_MOST = 500

Metered = Mapping[str, dict[tuple[str, Period], Decimal]]


@dataclass(frozen=True, slots=True)
class ImpactOptions:
    """Whom to look at, over how many full billing periods, how many of them, and whether to leave names out."""

    whom: str
    periods: int = 1
    sample: int | None = None
    anonymous: bool = False


def impact(connection: Connection, desired: Desired, comparison: Comparison, options: ImpactOptions) -> Shown:
    """What the comparison's plan changes mean for live subscriptions. Raises Ended, RemoteError, RatingError."""
    now = servers_now_by_anybody(connection, comparison.snapshot)
    reach = Reach(connection, desired, comparison, read_catalog(connection), now)
    whole = list(reach.everybody() if options.whom == EVERYBODY else reach.declared())
    chosen = [prepared(one, now, options.periods) for one in _sampled(whole, options.sample)]
    needs = _needs(chosen, reach.catalog)
    if len(needs) > REQUESTS_AT_MOST and options.sample is None:
        hint = "Their billing periods differ. Say --impact-sample 200 to look at two hundred of them."
        raise usage("many-requests", f"the impact would need {len(needs)} requests", hint=hint)
    metered = _metered(connection, needs)
    verdicts: dict[str, list[Verdict]] = defaultdict(list)
    for one in chosen:
        mine = metered.get(one.reached.before.customer_id, {})
        verdicts[one.reached.target].append(verdict(one, mine))
    ordered = {name: tuple(sorted(them, key=lambda one: one.reached.name)) for name, them in sorted(verdicts.items())}
    return Shown(ordered, options.periods, len(needs), len(whole), options.whom == EVERYBODY, options.anonymous)


def _sampled(reached: list[Reached], size: int | None) -> list[Reached]:
    """All, or so many that a digest of their ids chooses: the same ones each time, whoever they are."""
    if size is None or len(reached) <= size:
        return reached
    return sorted(reached, key=lambda one: hashlib.sha256(one.before.id.encode()).digest())[:size]


Need = tuple[Gauge, Period]


def _needs(chosen: Iterable[Prepared], catalog: Catalog) -> dict[Need, tuple[set[str], set[str]]]:
    """For each gauge and period, which is one request: the features that it serves, and the customers."""
    found: dict[Need, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for one in chosen:
        for feature, period in one.needs:
            features, customers = found[catalog.gauges[feature], period]
            features.add(feature)
            customers.add(one.reached.before.customer_id)
    return found


def _metered(connection: Connection, needs: Mapping[Need, tuple[set[str], set[str]]]) -> Metered:
    """The usage of each customer, by feature and period: one request for each gauge and period."""
    found: dict[str, dict[tuple[str, Period], Decimal]] = defaultdict(dict)
    for (gauge, period), (features, customers) in needs.items():
        asked = sorted(customers) if len(customers) <= FEW_CUSTOMERS else ()
        rows = query(connection, gauge, query_body(gauge, period, group_by=[CUSTOMER], customers=asked))
        for customer, value in by_customer(rows).items():
            for feature in features:
                found[customer][feature, period] = value
    return found
