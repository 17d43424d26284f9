"""Times and phases of subscriptions whose server shows none (Konnect): as their creation, their anchor and their plan
version suggest.

A suggestion is no fact: a change may have begun later than it was made, and a portal may begin one in a later phase. A
restore works with it, and the loss report says so of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from billsync.core.observed.index import in_order, is_over, state_of
from billsync.model.duration import parse_duration
from billsync.model.frozen import replace
from billsync.model.kind import Kind, State
from billsync.model.moment import moment_text, parse_moment
from billsync.model.recovery import Recovery
from billsync.model.state import Row
from billsync.model.value import Fields, Plain
from billsync.rating.periods import period_at, sum_of
from billsync.rating.timeline import NO_TIME

PLAN = "plan"


def with_times(recovery: Recovery, kind: Kind) -> tuple[Recovery, frozenset[str]]:
    """The snapshot with times and phases in all rows of subscriptions, and the ids of those that showed none.

    A row stays as it is where its plan version isn't in the snapshot, and a scheduled one that follows none.
    """
    rows = recovery.live.of(kind.name)
    if all("active_from" in row.fields for row in rows):
        return recovery, frozenset()
    plans = {row.id: row.fields for row in recovery.live.of(PLAN)}
    filled: dict[str, Row] = {}
    for row in in_order(kind, rows):
        plan, before = plans.get(str(row.fields.get("plan_id"))), filled.get(_earlier(kind, row))
        if "active_from" not in row.fields and plan is not None:
            fields = _filled(kind, row.fields, plan, before.fields if before else {}, recovery.header.taken_at)
            filled[row.id] = replace(row, fields=fields)
    live = replace(recovery.live, rows={**recovery.live.rows, kind.name: tuple(filled.get(r.id, r) for r in rows)})
    return replace(recovery, live=live), frozenset(name for name, row in filled.items() if "phases" in row.fields)


def _earlier(kind: Kind, row: Row) -> str:
    labels: Fields = row.fields.get("labels") or {}
    return str(labels.get(kind.predecessor or ""))


def _filled(kind: Kind, row: Fields, plan: Fields, before: Fields, taken_at: datetime) -> Fields:
    """The row with its times and phases at a moment; as it is where they can't even be guessed."""
    cadence = parse_duration(str(plan.get("billing_cadence")))
    is_coming = state_of(kind, row) is State.COMING
    start = _moment(before, "active_to") if is_coming else _moment(row, "created_at")
    if cadence is None or start is None or is_over(kind, row):
        return row
    at, anchor = max(start, taken_at), _moment(row, "billing_anchor") or start
    period = period_at(anchor, cadence, at)
    lives = tuple(_lives(plan, start))
    end = None
    if state_of(kind, row) is State.ENDING:
        end = min([period.end, *(until for _, since, until in lives if until is not None and since <= at < until)])
    shown = {} if is_coming else {"current_period": _span(max(period.start, start), min(period.end, end or period.end))}
    return {
        **row,
        **shown,
        "active_from": moment_text(start),
        **({"active_to": moment_text(end)} if end else {}),
        "billing_cadence": plan["billing_cadence"],
        "invoice_currency": plan.get("currency"),
        "pro_rating_config": {"enabled": bool(plan.get("pro_rating_enabled", True))},
        "phases": [_phase(phase, since, until, end) for phase, since, until in lives],
    }


def _lives(plan: Fields, start: datetime) -> Iterator[tuple[Fields, datetime, datetime | None]]:
    """The phases of a plan version with their start and end, from a subscription's start on."""
    phases: Sequence[Fields] = plan.get("phases") or ()
    since, after = start, NO_TIME
    for phase in phases:
        lasts = parse_duration(str(phase.get("duration")))
        after = sum_of(after, lasts or NO_TIME)
        end = after.after(start) if lasts else None
        yield phase, since, end
        if end is None:
            return
        since = end


def _phase(phase: Fields, start: datetime, end: datetime | None, last: datetime | None) -> Fields:
    """A phase as a subscription's row shows it; one that isn't reached has no length (customer-facts.md §5.4)."""
    start, end = (min(start, last) if last else start), (min(end, last) if end and last else end or last)
    items = [{"id": card.get("key"), "rate_card": card, **_life(start, end)} for card in phase.get("rate_cards") or ()]
    return {"key": phase.get("key"), **_life(start, end), "items": items}


def _life(start: datetime, end: datetime | None) -> Mapping[str, Plain]:
    return {"active_from": moment_text(start), **({"active_to": moment_text(end)} if end else {})}


def _span(start: datetime, end: datetime) -> Fields:
    return {"from": moment_text(start), "to": moment_text(end)}


def _moment(fields: Fields, name: str) -> datetime | None:
    value = fields.get(name)
    return parse_moment(value) if isinstance(value, str) else None
