"""One subscription at a time: the periods of a customer's subscriptions must not overlap (customer-facts.md §5.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from billsync.local.accounts.subscription_rows import not_ended
from billsync.local.server.problems import Issue, broken_rules
from billsync.local.store.store import Row, Store
from billsync.model.frozen import dataclass

CODE = "only_single_subscription_allowed_per_customer_at_a_time"


@dataclass(frozen=True, slots=True)
class Claim:
    """A stretch of time that a subscription takes, or wants to."""

    customer_id: str
    plan: Mapping[str, Any] | None
    start: datetime
    end: datetime | None

    def overlaps(self, other: Claim) -> bool:
        return (self.end is None or other.start < self.end) and (other.end is None or self.start < other.end)

    def issue(self) -> Issue:
        """Return the server's name of a subscription that overlaps another one."""
        plan = self.plan
        until = "" if self.end is None else f" && @.activeTo=='{zoned(self.end)}'"
        place = f"@.key=='{plan['key']}' && @.version=='{plan['version']}' && @.id=='{plan['id']}'" if plan else ""
        of_plan = f".plans[?({place})]" if plan else ""
        own = f"@.customerId=='{self.customer_id}' && @.activeFrom=='{zoned(self.start)}'{until}"
        field = f"${of_plan}.subscriptions[?({own})]"
        return Issue(code=CODE, message="only single subscription is allowed per customer at a time", field=field)


def zoned(moment: datetime) -> str:
    """A moment with its zone, as written inside a `field`."""
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} +0000 UTC"


def claim_of(row: Row) -> Claim:
    assert row.begins_at is not None
    return Claim(row.document["customer_id"], row.document.get("plan"), row.begins_at, row.ends_at)


def check_alone(store: Store, wanted: Claim, own: tuple[str, ...] = ()) -> None:
    """Raises Problem (409) when another subscription of the customer overlaps; those named in `own` don't count."""
    held = not_ended(store, wanted.customer_id, wanted.start)
    in_the_way = [claim for row in held if row.id not in own and (claim := claim_of(row)).overlaps(wanted)]
    if in_the_way:
        raise broken_rules(pairs(in_the_way, wanted), status=409)


def pairs(in_the_way: list[Claim], wanted: Claim) -> Iterator[Issue]:
    """Two issues for each pair, the earlier subscription first."""
    for claim in in_the_way:
        for one in sorted((claim, wanted), key=lambda claim: claim.start):
            yield one.issue()
