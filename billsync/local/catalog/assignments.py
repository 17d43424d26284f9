"""Attachments of add-on versions to plan versions (catalog-facts.md §9.1, §9.2): the rows and their look-ups.

The rules of both are in `overlay_rules` and `addon_rules`.
"""

from __future__ import annotations

from billsync.local.store.store import LIVE, Row, Store

PLAN_ADDON = "plan_addon"


def assignment(store: Store, plan_id: str, addon_id: str) -> Row | None:
    """The live assignment of this add-on version to this plan version: there is at most one (§9.2)."""
    return store.live_with_key(PLAN_ADDON, addon_id, parent=plan_id)


def assignments_of_plan(store: Store, plan_id: str) -> list[Row]:
    """Return the attachments of the plan version, oldest first."""
    return store.rows(PLAN_ADDON, f"parent = :plan AND {LIVE}", {"plan": plan_id})


def is_assigned(store: Store, addon_id: str) -> bool:
    """Whether the add-on version is attached anywhere, be it to a deleted plan (§8.2)."""
    return store.first(PLAN_ADDON, f"key = :addon AND {LIVE}", {"addon": addon_id}) is not None
