"""Assessment of an impact: from its facts to verdicts."""

from __future__ import annotations

import hashlib
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import TypeAlias

from billsync.model.address import parse_address
from billsync.model.frozen import dataclass
from billsync.rating.periods import Period
from billsync.report.billing.catalog import Catalog
from billsync.report.billing.usage import MeterSlice
from billsync.report.impact.impact import Impact, Looked, impact_of
from billsync.report.impact.metered import Usages
from billsync.report.impact.periods import Prepared
from billsync.report.impact.reached import COMBINED, Reached
from billsync.report.impact.reached_addons import Candidate
from billsync.report.impact.together import with_several
from billsync.report.impact.verdicts import Rating, Verdict, verdict

LAST = (chr(sys.maxunicode), (), 0), ""
"""After the order of every address."""

Need: TypeAlias = tuple[MeterSlice, Period]
Wanted: TypeAlias = tuple[Set[str], Set[str]]
Needs: TypeAlias = Mapping[Need, Wanted]
"""For each meter slice and period, which is one request: the features that it serves, and the customers."""


@dataclass(frozen=True, slots=True)
class ImpactFacts:
    """The facts of an impact: subscriptions reached, with both sides' cards and periods, and their usage.

    `looked` counts the requests that it took.
    """

    cases: tuple[Prepared, ...]
    usage: Usages
    looked: Looked

    @property
    def is_sample(self) -> bool:
        """Whether it leaves subscriptions out that the changes reach."""
        return len(subscription_ids(one.reached for one in self.cases)) < self.looked.reached


def assess(facts: ImpactFacts) -> Impact:
    """Work out the impact of changes, in the order of their addresses. Raises RatingError."""
    return impact_of(_verdicts(facts), facts.looked)


def _verdicts(facts: ImpactFacts) -> Mapping[str, tuple[Verdict, ...]]:
    """Verdicts by changed entity, in the order of addresses, then of names."""
    found: dict[str, list[Verdict]] = defaultdict(list)
    rating = Rating()
    verdicts = (verdict(one, facts.usage.of(one.reached.before.customer_id), rating) for one in facts.cases)
    for each in with_several(verdicts):
        found[each.reached.change].append(each)
    ordered = sorted(found.values(), key=_place)
    return {them[0].reached.change: tuple(sorted(them, key=lambda one: one.reached.name)) for them in ordered}


def _place(verdicts: Sequence[Verdict]) -> tuple[tuple[str, tuple[str, ...], int], str]:
    """The place of a change: by its address; everything together is last."""
    reached = verdicts[0].reached
    return LAST if reached.target == COMBINED else (parse_address(reached.target).order, reached.because)


def usage_needs(cases: Iterable[Prepared], catalog: Catalog) -> Needs:
    """The usage without which cases can't be rated. Needs of the same cases share the set of their customers."""
    alike: dict[int, tuple[Prepared, list[str]]] = {}
    for one in cases:
        alike.setdefault(id(one.dues), (one, []))[1].append(one.reached.before.customer_id)
    features: dict[Need, set[str]] = defaultdict(set)
    groups: dict[Need, dict[int, None]] = defaultdict(dict)
    for number, (one, _) in alike.items():
        for feature, period in one.needs:
            need = catalog.meter_slices[feature], period
            features[need].add(feature)
            groups[need][number] = None
    customers: dict[tuple[int, ...], Set[str]] = {}
    found: dict[Need, Wanted] = {}
    for need, numbers in groups.items():
        together = tuple(numbers)
        if together not in customers:
            customers[together] = set[str]().union(*(alike[number][1] for number in together))
        found[need] = features[need], customers[together]
    return found


def sampled(reached: list[Reached | Candidate], size: int | None) -> list[Reached | Candidate]:
    """All, or those of at most `size` subscriptions that a digest of their ids chooses: the same ones each time."""
    ids = subscription_ids(reached)
    if size is None or len(ids) <= size:
        return reached
    kept = frozenset(sorted(ids, key=lambda one: hashlib.sha256(one.encode()).digest())[:size])
    return [one for one in reached if one.before.id in kept]


def subscription_ids(reached: Iterable[Reached | Candidate]) -> frozenset[str]:
    """The ids of the subscriptions that are reached or may be."""
    return frozenset(one.before.id for one in reached)
