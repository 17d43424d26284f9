"""`diff --impact`: from a comparison to verdicts on every subscription that it reaches. It only reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from billsync.app.connection import Connection
from billsync.app.impact_facts import ImpactScope, read_impact_facts
from billsync.app.pipeline import Comparison
from billsync.model.state import Desired
from billsync.render.impact.shown import Shown
from billsync.report.impact.assess import assess
from billsync.report.impact.reached import COMBINED


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
    scope = ImpactScope(options.whom, options.periods, options.sample)
    facts = read_impact_facts(connection, desired, comparison, scope, tell)
    verdicts = assess(facts)
    if options.anonymous:
        # Of everything together nothing is told: less its parts it would leave what a few others pay.
        verdicts = {change: them for change, them in verdicts.items() if change != COMBINED}
    return Shown(
        verdicts,
        options.periods,
        facts.meter_queries,
        facts.reached,
        scope.everybody,
        options.anonymous,
        facts.addon_lists,
    )
