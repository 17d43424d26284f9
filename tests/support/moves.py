"""Plan versions, subscriptions and changes for tests of the guards about money, in few words."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from billsync.model.address import Address
from billsync.model.malformed import Malformed
from billsync.report.billing.subscribed import Subscribed, subscribed
from billsync.report.impact.moving import IMMEDIATE
from billsync.report.moves.move import Move
from billsync.report.moves.terms import PlanTerms, declared_terms
from tests.support.subscription_rows import FEATURES, fee_card, plan_fields, subscription_row

ACME = Address("subscription", ("acme", "default"))
OLD, NEW = Address("plan", ("team",), 1), Address("plan", ("business",), 1)
MID_MONTH = datetime(2026, 9, 16, tzinfo=UTC)
"""Half of September is over; it has thirty days."""


def ahead(amount: str, key: str = "base", cadence: str | None = "P1M") -> dict[str, Any]:
    """A fee in advance."""
    return fee_card(key, amount, "in_advance", cadence)


def terms(address: Address, *cards: dict[str, Any], **more: Any) -> PlanTerms:
    """A monthly plan of one phase."""
    return declared_terms(address, {**plan_fields(*cards), **more})


def with_trial(plan: PlanTerms, *cards: dict[str, Any], lasts: str = "P14D") -> PlanTerms:
    """The plan with another phase before its first."""
    (phase,) = plan_fields(*cards)["phases"]
    fields = {**plan_fields(), "phases": ({**phase, "key": "trial", "duration": lasts},)}
    (trial,) = declared_terms(plan.address, fields).phases
    return replace(plan, phases=(trial, *plan.phases))


def running(*cards: dict[str, Any], **more: Any) -> Subscribed:
    """A subscription since the first of September 2026."""
    return subscribed(subscription_row(*cards, **more), FEATURES)


def move(old: PlanTerms, new: PlanTerms, link: Subscribed | Malformed | None = None, /, **more: Any) -> Move:
    """A change of acme's at once, in the middle of September."""
    made = Move(ACME, IMMEDIATE, MID_MONTH, old.address, new.address, old, new, link, (link,) if link else ())
    return replace(made, **more)
