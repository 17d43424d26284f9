"""Verdicts on one customer's subscriptions: what a run undid, what differs from the files, what is billed twice.

What somebody did in a portal stays, unless `--allow revert` is given:

* a change to another plan than the declared one, whatever else the files say; a subscription that billsync didn't make;
* a cancel, where the files declare no end;
* an end: no subscription begins again without an unused `restart`.

Nothing on the server shows who made the following, so that the files win, behind the guard `cancel` where it ends
something: a portal's end in place of a declared one; a declared end that a portal took back; a scheduled change that a
portal took back; a change to another version of the same plan; a subscription that is removed from the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.support.portal import RUNNING, Row
from tests.support.subscription_files import Files

Plans = Mapping[str, Row]
"""All versions of all plans, by id."""
Declared = Mapping[str, Any] | None
"""The declared fields of the subscription; None where the files have none."""


@dataclass(slots=True)
class ByHand:
    """The links that somebody made in a portal, and those that got an end there."""

    made: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Begun:
    """The number of subscriptions that runs began for one state of the files: never more than one.

    A run of other files that changes a subscription or a plan starts the count of those files. It also ends this count:
    if a saved plan file of older files changes the plan, the next run of the present files rightly changes it again.
    A run of other files that changes nothing leaves the count as it is, and so does an edit that is taken back.
    """

    files: Files
    number: int = 0

    def after(self, files: Files, begun: int, *, has_changed: bool) -> Begun:
        """The count after a run of these files."""
        if files == self.files:
            return Begun(files, self.number + begun)
        return Begun(files, begun) if has_changed else self


def new_links(before: Sequence[Row], after: Sequence[Row]) -> int:
    """The number of subscriptions that were begun in between."""
    return len(set(_ids(after)) - set(_ids(before)))


def undone(
    before: Sequence[Row],
    after: Sequence[Row],
    *,
    declared: Declared,
    allow: frozenset[str],
    by_hand: ByHand,
    plans: Plans,
) -> str:
    """What a run undid that it must leave as it is; empty for nothing."""
    head = before[-1] if before else None
    if head is None or "revert" in allow:
        return ""
    if head["status"] == "inactive":
        is_asked_for = int((declared or {}).get("restart") or 0) > max(map(restarts, before))
        return "" if is_asked_for or _ids(after) == _ids(before) else "it had ended, and was begun again"
    if _is_of_others(head, declared, allow, by_hand, plans) and _shown(after) != _shown(before):
        return f"what was done in the portal was undone: {_shown(before)} became {_shown(after)}"
    return ""


def _is_of_others(head: Row, declared: Declared, allow: frozenset[str], by_hand: ByHand, plans: Plans) -> bool:
    """Whether a run must leave the chain as it is."""
    if "billsync_key" not in head["labels"]:
        return True
    if declared is None:
        return "cancel" not in allow
    if head["id"] in by_hand.made and plans[head["plan_id"]]["key"] not in (declared["plan"], _applied(head, plans)):
        return True
    return head["id"] in by_hand.ended and ("ends" not in declared or "cancel" not in allow)


def _applied(head: Row, plans: Plans) -> str:
    """The plan that billsync last applied to the chain."""
    return str(plans[head["labels"]["billsync_plan"]]["key"])


def unlike_declared(declared: Declared, head: Row | None, plans: Plans, latest: str | None) -> list[str]:
    """How a chain of which a run says nothing differs from what is declared: silence is never a difference.

    `latest` is the id of the declared plan's version that can be subscribed to.
    """
    if declared is None:
        left = head is not None and head["status"] != "inactive" and "billsync_key" in head["labels"]
        return ["it is declared no longer, and still runs"] if left else []
    if head is None:
        return ["there is none"]
    expected = ("canceled", "inactive") if declared.get("ends") else ("active",)
    if head["status"] not in expected:
        return [f"it is {head['status']}, expected {' or '.join(expected)}"]
    return list(_other_terms(declared, head, plans[head["plan_id"]], latest)) if head["status"] != "inactive" else []


def _other_terms(declared: Mapping[str, Any], head: Row, plan: Row, latest: str | None) -> Iterable[str]:
    """The fields in which a subscription in force differs from what is declared."""
    if plan["key"] != declared["plan"]:
        yield f"it is on plan {plan['key']}"
    version = declared.get("version", plan["version"])
    if plan["id"] != latest if version == "latest" else plan["version"] != version:
        yield f"it is on version {plan['version']}, declared is {version}"
    if head["settlement_mode"] != declared.get("settlement_mode", head["settlement_mode"]):
        yield f"its settlement mode is {head['settlement_mode']}"
    if not (declared.get("labels") or {}).items() <= head["labels"].items():
        yield f"its labels are {head['labels']}"


def billed_twice(charges: Iterable[Row]) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """The service periods of fees in advance that overlap, in pairs; empty periods overlap nothing."""
    rows = [row["service_period"] for row in charges if row["type"] == "flat_fee" and not row.get("deleted_at")]
    periods = sorted((period["from"], period["to"]) for period in rows if period["from"] < period["to"])
    return [(one, other) for one, other in pairwise(periods) if one[1] > other[0]]


def booked_twice(bookings: Iterable[Row]) -> list[tuple[object, ...]]:
    """The bookings of a ledger that are there more than once."""
    found = [(row["labels"].get("charge_id"), row["booked_at"], row["amount"]) for row in bookings]
    return sorted({booking for booking in found if found.count(booking) > 1}, key=repr)


def in_force_at_once(links: Iterable[Row]) -> list[str]:
    """The statuses of subscriptions of which at most one may be in force, and one scheduled; empty where that holds."""
    statuses = [row["status"] for row in links]
    too_many = sum(status in RUNNING for status in statuses) > 1 or statuses.count("scheduled") > 1
    return statuses if too_many else []


def restarts(row: Row) -> int:
    """The number of the restart by which a link began; 0 for none."""
    return int(row["labels"].get("billsync_restart", 0))


def _ids(rows: Iterable[Row]) -> list[str]:
    return [row["id"] for row in rows]


def _shown(rows: Iterable[Row]) -> list[tuple[object, ...]]:
    names = ("id", "plan_id", "status", "active_from", "active_to", "settlement_mode")
    return [tuple(row.get(name) for name in names) for row in rows]
