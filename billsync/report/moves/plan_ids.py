"""The plan versions that subscriptions are on, by the ids in their rows."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.model.value import Fields


def plan_id_of(row: Fields) -> str:
    """The id of the plan version that a subscription is on, which it shows in two places; empty for one without."""
    plan = row.get("plan")
    shown = (row.get("plan_id"), plan.get("id") if isinstance(plan, Mapping) else None)
    return next((one for one in shown if isinstance(one, str)), "")
