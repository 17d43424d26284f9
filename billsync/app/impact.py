"""`diff --impact`: from a comparison to verdicts on every subscription that it reaches. It only reads."""

from __future__ import annotations

import hashlib
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from billsync.app.connection import Connection
from billsync.app.ending import usage
from billsync.app.metering import Catalog, query, read_catalog
from billsync.app.pipeline import Comparison
from billsync.app.reached import Reach
from billsync.app.reached_addons import AttachedAddons, Candidate
from billsync.app.server_time import servers_now_by_anybody
from billsync.live.threads import reading_threads
from billsync.model.address import parse_address
from billsync.model.state import Desired
from billsync.rating.periods import Period
from billsync.render.impact.shown import Shown
from billsync.report.billing.usage import CUSTOMER, MeterSlice, by_customer, query_body
from billsync.report.impact.impact import Verdict, verdict
from billsync.report.impact.periods import Prepared, prepared
from billsync.report.impact.reached import COMBINED, Reached
from billsync.report.impact.together import with_several

EVERYBODY = "all"
FEW_CUSTOMERS = 100
REQUESTS_AT_MOST = 500

QUERIES_AT_ONCE = 4

LAST = (chr(sys.maxunicode), (), 0), ""
"""After the order of every address."""

Metered: TypeAlias = Mapping[str, Mapping[tuple[str, Period], Decimal]]
"""By a customer's id, what was used of each feature in each period."""

Need: TypeAlias = tuple[MeterSlice, Period]
Wanted: TypeAlias = tuple[set[str], set[str]]
Needs: TypeAlias = Mapping[Need, Wanted]
"""For each gauge and period, which is one request: the features that it serves, and the customers."""


@dataclass(frozen=True, slots=True)
class ImpactOptions:
    """Whom to look at, over how many full billing periods, how many of them, and whether to leave names out."""

    whom: str
    periods: int = 1
    sample: int | None = None
    anonymous: bool = False


def impact(
    connection: Connection,
    desired: Desired,
    comparison: Comparison,
    options: ImpactOptions,
    tell: Callable[[str], None] = lambda text: None,
) -> Shown:
    """What the comparison's changes mean for live subscriptions; what is under way is told, without any names.

    Raises Ended, RemoteError, RatingError.
    """
    tell("impact: looking for the subscriptions that the changes reach")
    now = servers_now_by_anybody(connection, comparison.snapshot)
    reach = Reach(connection, desired, comparison, read_catalog(connection), now)
    whole = list(reach.everybody() if options.whom == EVERYBODY else reach.declared())
    sample = _sampled(whole, options.sample)
    asked = sum(isinstance(one, Candidate) for one in sample)
    _check_requests(asked, options)
    if asked:
        tell("impact: asking subscriptions for their add-ons")
    attached = AttachedAddons(connection, reach.catalog, now)
    reached = [found for one in sample for found in _resolved(attached, one, options)]
    chosen = [prepared(one, now, options.periods) for one in reached]
    needs = _needs(chosen, reach.catalog)
    _check_requests(asked + len(needs), options)
    tell(f"impact: meter queries: {len(needs)}")
    verdicts = _verdicts(chosen, _metered(connection, needs))
    count = len(_ids(reached) if len(sample) == len(whole) else _ids(whole))
    everybody = options.whom == EVERYBODY
    return Shown(verdicts, options.periods, len(needs), count, everybody, options.anonymous, asked)


def _resolved(attached: AttachedAddons, one: Reached | Candidate, options: ImpactOptions) -> Iterable[Reached]:
    """What is reached; of a candidate that is known once it was asked for its add-ons.

    Without names nothing is told of everything together: less its parts it would leave what a few others pay.
    """
    if not isinstance(one, Candidate):
        return (one,)
    return (found for found in attached.reached(one) if not (options.anonymous and found.target == COMBINED))


def _check_requests(count: int, options: ImpactOptions) -> None:
    if count > REQUESTS_AT_MOST and options.sample is None:
        detail = f"It would need {count:,}, as billing periods or add-ons differ."
        raise usage("many-requests", detail, "Pass --impact-sample 200 to look at two hundred subscriptions.")


def _verdicts(chosen: Iterable[Prepared], metered: Metered) -> Mapping[str, tuple[Verdict, ...]]:
    """By what changes, and by name."""
    found: dict[str, list[Verdict]] = defaultdict(list)
    for each in with_several(verdict(one, metered.get(one.reached.before.customer_id, {})) for one in chosen):
        found[each.reached.change].append(each)
    ordered = sorted(found.values(), key=_place)
    return {them[0].reached.change: tuple(sorted(them, key=lambda one: one.reached.name)) for them in ordered}


def _place(verdicts: Sequence[Verdict]) -> tuple[tuple[str, tuple[str, ...], int], str]:
    """Where the block of a change stands: by its address; everything together is last."""
    reached = verdicts[0].reached
    return LAST if reached.target == COMBINED else (parse_address(reached.target).order, reached.because)


def _ids(reached: Iterable[Reached | Candidate]) -> frozenset[str]:
    return frozenset(one.before.id for one in reached)


def _sampled(reached: list[Reached | Candidate], size: int | None) -> list[Reached | Candidate]:
    """All, or those of so many subscriptions that a digest of their ids chooses: the same ones each time."""
    ids = _ids(reached)
    if size is None or len(ids) <= size:
        return reached
    kept = frozenset(sorted(ids, key=lambda one: hashlib.sha256(one.encode()).digest())[:size])
    return [one for one in reached if one.before.id in kept]


def _needs(chosen: Iterable[Prepared], catalog: Catalog) -> Needs:
    """What has to be asked."""
    found: dict[Need, Wanted] = defaultdict(lambda: (set(), set()))
    for one in chosen:
        for feature, period in one.needs:
            features, customers = found[catalog.meter_slices[feature], period]
            features.add(feature)
            customers.add(one.reached.before.customer_id)
    return found


def _metered(connection: Connection, needs: Needs) -> Metered:
    """The usage of each customer, by feature and period: one request for each gauge and period, several at once."""
    found: dict[str, dict[tuple[str, Period], Decimal]] = defaultdict(dict)
    with reading_threads(QUERIES_AT_ONCE) as threads:
        answers = threads.map(lambda need: _usage(connection, *need), needs.items())
        for ((_, period), (features, _)), usage_of in zip(needs.items(), answers, strict=True):
            for customer, value in usage_of.items():
                for feature in features:
                    found[customer][feature, period] = value
    return found


def _usage(connection: Connection, need: Need, wanted: Wanted) -> Mapping[str, Decimal]:
    meter_slice, period = need
    _, customers = wanted
    asked = sorted(customers) if len(customers) <= FEW_CUSTOMERS else ()
    return by_customer(
        query(connection, meter_slice, query_body(meter_slice, period, group_by=[CUSTOMER], customers=asked))
    )
