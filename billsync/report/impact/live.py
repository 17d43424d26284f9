"""The live side of an impact: plan versions, their offers, and subscribers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from billsync.model.frozen import dataclass
from billsync.model.malformed import Malformed
from billsync.model.value import Fields
from billsync.report.billing.catalog import Catalog
from billsync.report.impact.offers import UNKNOWN, Offer, offer
from billsync.report.impact.repricing import PlanCards, parse_plan_cards
from billsync.report.impact.subscribers import Subscriber


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """A plan version; its cards are Malformed where they can't be rated."""

    key: str
    cards: PlanCards | Malformed


@dataclass(frozen=True, slots=True)
class Live:
    """The live side of an impact, as it was read.

    `plans` and `offers` are by the ids of plan versions: one that can't be read is in neither, and has None for offers
    that can't be. `addon_keys` are the keys of the versions of add-ons by their ids.
    """

    now: datetime
    catalog: Catalog
    plans: Mapping[str, PlanVersion]
    offers: Mapping[str, Mapping[str, Offer] | None]
    addon_keys: Mapping[str, str]
    subscribers: tuple[Subscriber, ...]

    def offers_of(self, plan_id: str) -> Mapping[str, Offer]:
        """The offers of a plan version by the ids of add-ons; all known add-ons where they can't be read."""
        offers = self.offers.get(plan_id, {})
        return dict.fromkeys(self.addon_keys, UNKNOWN) if offers is None else offers

    def cards_of(self, plan_id: str) -> PlanCards | None:
        """The cards of a plan version; None if they can't be read, or not be rated."""
        plan = self.plans.get(plan_id)
        return None if plan is None or isinstance(plan.cards, Malformed) else plan.cards


def plan_version(row: Fields, features: Mapping[str, str]) -> PlanVersion:
    """The plan version in a row; `features` maps ids to keys."""
    return PlanVersion(str(row.get("key", "")), parse_plan_cards(row, features))


def offers_in(rows: Iterable[Fields], plan: Fields | None) -> Mapping[str, Offer]:
    """The offers in the rows of a plan version's list of add-ons, by the ids of add-ons."""
    phases = [str(phase["key"]) for phase in (plan or {}).get("phases") or ()]
    return {str(row["addon"]["id"]): offer(row, phases) for row in rows if not row.get("deleted_at")}
