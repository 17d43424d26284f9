"""`diff --impact`: from a comparison to what it means for every subscription that it reaches. It only reads."""

from __future__ import annotations

from collections.abc import Callable

from billsync.app.connection import Connection
from billsync.app.impact_facts import ImpactScope, read_impact_facts
from billsync.app.pipeline import Comparison
from billsync.model.state import Desired
from billsync.report.impact.assess import assess
from billsync.report.impact.impact import Impact


def impact(
    connection: Connection,
    desired: Desired,
    comparison: Comparison,
    scope: ImpactScope,
    tell: Callable[[str], None] = lambda text: None,
) -> Impact:
    """What the comparison's changes mean for live subscriptions; `tell` gets what is under way, without any names.

    Raises Ended, RemoteError, RatingError.
    """
    facts = read_impact_facts(connection, desired, comparison, scope, tell)
    return assess(facts)
