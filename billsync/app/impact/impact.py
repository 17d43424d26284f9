"""`diff --impact`: reads the facts, then estimates what changes mean for every subscription that they reach."""

from __future__ import annotations

from collections.abc import Callable

from billsync.app.impact.facts import read_impact_facts
from billsync.app.impact.scope import ImpactScope
from billsync.app.planning.pipeline import Comparison
from billsync.app.server.connection import Connection
from billsync.model.state import Desired
from billsync.report.impact.assess import assess
from billsync.report.impact.impact import Impact


def impact(
    connection: Connection,
    desired: Desired,
    comparison: Comparison,
    scope: ImpactScope,
    progress: Callable[[str], None] = lambda text: None,
) -> Impact:
    """Estimate the impact on live subscriptions. `progress` gets a line for each stage, without names.

    Raises Ended, RemoteError, RatingError.
    """
    facts = read_impact_facts(connection, desired, comparison, scope, progress)
    return assess(facts)
