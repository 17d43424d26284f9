"""The end of a restore's validity: the moment at which something of a subscription in its snapshot begins or ends.

Later, its credits would be for a period that is over, and what should have ended would begin.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import datetime, timedelta

from billsync.model.change import PlanFile
from billsync.model.frozen import dataclass
from billsync.model.moment import moment_text
from billsync.model.ports import Clock
from billsync.model.recovery import Recovery
from billsync.report.recovery.facts.restored_keys import short_digest
from billsync.report.recovery.restore.usage_start import turns

SUBSCRIPTION = "subscription"


@dataclass(frozen=True, slots=True)
class Turns:
    """The digest of the moments that have come, which is another once one more has; by a customer's key the next one,
    by the server's clock; and how far that is ahead of this machine's."""

    come: str = ""
    next: Mapping[str, datetime] = field(default_factory=dict)
    ahead: timedelta = timedelta()


def turns_of(recovery: Recovery, now: datetime, ahead: timedelta = timedelta()) -> Turns:
    """The moments of a snapshot, seen from this one."""
    plans = {row.id: row.fields for row in recovery.live.of("plan")}
    keys = {row.id: str(row.fields.get("key")) for row in recovery.live.of("customer")}
    come: list[str] = []
    coming: dict[str, list[datetime]] = defaultdict(list)
    for row in sorted(recovery.live.of(SUBSCRIPTION), key=lambda row: row.id):
        plan = str(row.fields.get("plan_id") or (row.fields.get("plan") or {}).get("id"))
        moments = sorted({*turns(row.fields, plans.get(plan), now)})
        come.append(" ".join(moment_text(one) for one in moments if one <= now))
        coming[keys.get(str(row.fields["customer_id"]), "")] += [one for one in moments if one > now]
    return Turns(short_digest(*come), {key: min(moments) for key, moments in coming.items() if moments}, ahead)


class Overdue(Mapping[str, str]):
    """By its id, why a step on a subscription may no longer be done: looked up as time passes."""

    def __init__(self, plan: PlanFile, found: Turns, clock: Clock) -> None:
        mine = (step for step in plan.steps if step.address.kind == SUBSCRIPTION)
        self._until = {step.id: found.next[key] for step in mine if (key := step.address.names[0]) in found.next}
        self._clock, self._ahead = clock, found.ahead

    @property
    def _now(self) -> datetime:
        return self._clock.now() + self._ahead

    def __getitem__(self, step: str) -> str:
        if self._until[step] > self._now:
            raise KeyError(step)
        return f"something of this customer's subscription ended at {moment_text(self._until[step])}: run it again"

    def __iter__(self) -> Iterator[str]:
        return (step for step, until in self._until.items() if until <= self._now)

    def __len__(self) -> int:
        return sum(1 for _ in self)
