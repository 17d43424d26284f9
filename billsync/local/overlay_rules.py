"""Whether an add-on version fits a plan version (catalog-facts.md §9.3, §9.4, §14.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billsync.local.rules import Finding, warning
from billsync.local.store import Row
from billsync.local.versions import ACTIVE, ARCHIVED, status


@dataclass(frozen=True, slots=True)
class Overlay:
    """An add-on on a plan as an assignment wants it, at a moment."""

    plan: Row
    addon: Row
    assignment: Mapping[str, Any]
    now: datetime


def attaching_findings(overlay: Overlay) -> Iterator[Finding]:
    """What is refused as soon as the add-on is attached: currencies (§9.3)."""
    return iter(())


def overlay_findings(overlay: Overlay) -> Iterator[Finding]:
    """Everything that keeps the plan from being published with this add-on (§9.4)."""
    yield from _state_findings(overlay)


def _state_findings(overlay: Overlay) -> Iterator[Finding]:
    text = "plan status is incompatible with the addon status"
    if status(overlay.plan, overlay.now) == ARCHIVED:
        yield warning("plan_addon_incompatible_status", text, ".plan.status")
    if status(overlay.addon, overlay.now) != ACTIVE or overlay.addon.ends_at is not None:
        yield warning("plan_addon_incompatible_status", text, ".addon.status")
