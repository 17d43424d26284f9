"""Plan files that change a price, impacts with usage, and the curves of both."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from billsync.model.address import Address
from billsync.model.change import Action, Call, Change, Expectation, PlanFile, Step
from billsync.rating.periods import Period
from billsync.report.billing.subscribed import subscribed
from billsync.report.curves.curve import PriceCurve
from billsync.report.curves.curves import curves
from billsync.report.impact.impact import Impact, Looked, impact_of
from billsync.report.impact.periods import prepared
from billsync.report.impact.reached import MigrationStatus, Reached
from billsync.report.impact.repricing import plan_cards, repriced
from billsync.report.impact.verdicts import Verdict, verdict
from tests.support.subscription_rows import FEATURES, own_plan, plan_fields, subscription_row, usage_card

PLAN = Address("plan", ("pro",), 2)
NOW = datetime(2026, 11, 16, tzinfo=UTC)
OCTOBER = Period(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))


def prices(price: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A plan in canonical form, with one card that prices usage of `api`."""
    return plan_fields(usage_card("api", price, **more))


def repricing(old: dict[str, Any], new: dict[str, Any]) -> PlanFile:
    """A plan file with a new version of the plan."""
    step = Step("publish", PLAN, "publishing", Call("POST", "/"), Expectation(new), Expectation(new))
    change = Change(PLAN, Action.UPDATE, "publishing a new version of", steps=(step.id,), old=old)
    return PlanFile("local:", "payments", "diff", (change,), (step,))


def judged(
    name: str, old: dict[str, Any], new: dict[str, Any], used: str, standing: MigrationStatus = MigrationStatus.MOVING
) -> Verdict:
    """What one subscription that used so much in October pays under both plans."""
    cards = [{**card, "feature": {"id": f"f-{card['key']}"}} for card in old["phases"][0]["rate_cards"]]
    row = subscription_row(*cards)
    before = subscribed(row, FEATURES)
    after = repriced(before, plan_cards(new), plan_cards(own_plan(row, "api"))).subscribed
    reached = Reached(f"{name}/default", name, PLAN.text, standing, before, after)
    return verdict(prepared(reached, NOW, 1), {("api", OCTOBER): Decimal(used)})


def impact_with(old: dict[str, Any], new: dict[str, Any], *used: str) -> Impact:
    """The impact on subscriptions that used so much."""
    verdicts = tuple(judged(f"c{number:02}", old, new, one) for number, one in enumerate(used))
    return impact_of({PLAN.text: verdicts}, Looked(True, 1, len(verdicts)))


def curves_of(old: dict[str, Any], new: dict[str, Any], used: tuple[str, ...] = ()) -> tuple[PriceCurve, ...]:
    """The curves of a new version, over this usage."""
    return curves(repricing(old, new), impact_with(old, new, *used) if used else None)
