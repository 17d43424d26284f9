"""What `rating/` answers for a vector, in the shape of the vector's `expected`, with numbers and times as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from billsync.model.currencies import decimals as decimals_of
from billsync.model.duration import Duration, parse_duration
from billsync.model.moment import moment_text, parse_moment
from billsync.rating.card import Card, card_of
from billsync.rating.drawdown import Grant, Spending, Step
from billsync.rating.entitlement_grants import (
    EntitlementGrant,
    Metered,
    Recurrence,
    Segment,
    Span,
    burn_down,
)
from billsync.rating.errors import RatingError
from billsync.rating.lines import Credit, Line, Totals
from billsync.rating.periods import (
    MICROSECOND,
    Period,
    boundary,
    next_after,
    next_at_or_after,
    period_at,
)
from billsync.rating.proration import EndProration, Fee, charge_amount, invoice_line_amount, ratio
from billsync.rating.rate import Piece, Rated, Without, rate
from billsync.rating.runs import BookedRun, Run, RunLine, rate_runs
from billsync.rating.timeline import Billed, Item, Phase, PhaseLife, Subscription, phase_lives, timeline
from billsync.rating.usage import Position, Usage
from tests.support.ratings import draw, states

Vector = Mapping[str, Any]

OPTIONS = {
    "ignore_minimum_commitment": Without.MINIMUM,
    "disable_credits": Without.CREDITS,
    "unit_config_feature_disabled": Without.UNIT_CONFIG,
}
NUMBERS = frozenset(
    {
        "amount",
        "available",
        "charge_amount",
        "charges_total",
        "credits_total",
        "discounts_total",
        "expired",
        "invoice_line_amount",
        "overage",
        "per_unit_amount",
        "pre_line_period_quantity",
        "quantity",
        "ratio",
        "shortfall",
        "total",
        "usage",
        "used",
    }
)


def comparable(kind: str, vector: Vector) -> Any:
    """What the engine answered, with decimals as values."""
    if kind == "currencies":
        return vector["precision"]
    return {name: _numbers(name, value) for name, value in vector["expected"].items()}


def _numbers(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        inner = "amount" if name == "balances" else ""
        return {key: _numbers(inner or key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbers(name, item) for item in value]
    return Decimal(value) if name in NUMBERS and isinstance(value, str) else value


def _moment(text: str) -> datetime:
    """The time to the microsecond; what is finer makes the last digit odd, so that it isn't taken for a boundary."""
    moment = parse_moment(text)
    assert moment is not None
    finer = text.rstrip("Z").partition(".")[2][6:].strip("0")
    return moment.replace(microsecond=moment.microsecond | 1) if finer else moment


def _optional_moment(text: str | None) -> datetime | None:
    return None if text is None else _moment(text)


def _duration(text: str) -> Duration:
    duration = parse_duration(text)
    assert duration is not None
    return duration


def _optional_duration(text: str | None) -> Duration | None:
    return None if text is None else _duration(text)


def _period(fields: Vector) -> Period:
    return Period(_moment(fields["from"]), _moment(fields["to"]))


def _period_fields(period: Period) -> dict[str, str]:
    return {"from": moment_text(period.start), "to": moment_text(period.end)}


def _totals(totals: Totals) -> dict[str, Decimal]:
    return {
        "amount": totals.amount,
        "charges_total": totals.charges,
        "discounts_total": totals.discounts,
        "credits_total": totals.credits,
        "total": totals.total,
    }


# prices


def _card(vector: Vector) -> Card:
    return card_of({"name": "feature", "payment_term": "in_advance", **vector})


def price_answer(vector: Vector) -> Any:
    usage = vector.get("usage") or {}
    piece = Piece(
        full_period=_period(vector["full_period"]),
        usage=Usage(Decimal(usage.get("quantity", 0)), Decimal(usage.get("pre_line_period_quantity", 0))),
        position=Position(vector["position"]),
        previously_billed=Decimal(vector.get("previously_billed_amount", 0)),
        credits=tuple(Credit(one["id"], Decimal(one["amount"])) for one in vector.get("credits_applied", ())),
    )
    without = frozenset(OPTIONS[name] for name, chosen in (vector.get("options") or {}).items() if chosen)
    try:
        rated = rate(_card(vector), piece, decimals=vector["currency_precision"], without=without)
    except RatingError as error:
        return {"error": error.code.value}
    return _rated(rated)


def _rated(rated: Rated) -> dict[str, Any]:
    answer: dict[str, Any] = {"lines": [_line(line) for line in rated.lines], "totals": _totals(rated.totals)}
    if rated.billed is not None:
        answer["billed_usage"] = _usage(rated.billed)
    if rated.free is not None:
        answer["usage_discounts"] = [_usage(rated.free)]
    return answer


def _usage(usage: Usage) -> dict[str, Decimal]:
    return {"quantity": usage.quantity, "pre_line_period_quantity": usage.earlier}


DISCOUNT_REFERENCES = {
    "ratecard_percentage": "rateCardDiscount/correlationID=pct",
    "maximum_spend": "line_maximum_spend",
}
"""The first one carries an id that the server makes up for each discount, here that of the vectors."""


def _line(line: Line) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "child_unique_reference_id": line.reference,
        "name": line.name,
        "quantity": line.quantity,
        "per_unit_amount": line.unit_amount,
        "amount": line.amount,
        "category": line.category.value,
        "payment_term": line.payment_term.value,
        "totals": _totals(line.totals),
    }
    if line.period is not None:
        answer["period"] = _period_fields(line.period)
    if line.discounts:
        answer["discounts"] = [
            {
                "reason": one.reason.value,
                "amount": one.amount,
                "child_unique_reference_id": DISCOUNT_REFERENCES[one.reason],
            }
            for one in line.discounts
        ]
    if line.credits:
        answer["credits_applied"] = [{"id": one.id, "amount": one.amount} for one in line.credits]
    return answer


# usage runs


def runs_answer(vector: Vector) -> Any:
    runs = [Run(_period(run["service_period"]), Decimal(run["cumulative_quantity"])) for run in vector["runs"]]
    full_period = _period(vector["full_period"])
    try:
        booked = rate_runs(_card(vector), full_period, runs, decimals=vector["currency_precision"])
    except RatingError as error:
        return {"error": error.code.value}
    return {"runs": [_run(run) for run in booked]}


def _run(run: BookedRun) -> dict[str, Any]:
    return {"lines": [_run_line(line) for line in run.lines], "totals": _totals(run.totals)}


def _run_line(line: RunLine) -> dict[str, Any]:
    return {
        "child_unique_reference_id": line.reference,
        "pricer_reference_id": line.pricer_reference,
        "category": line.category.value,
        "per_unit_amount": line.unit_amount,
        "quantity": line.quantity,
        "totals": _totals(line.totals),
    }


# periods


def period_answer(vector: Vector) -> Any:
    anchor, cadence = _moment(vector["anchor"]), _duration(vector["cadence"])
    if vector["kind"] == "boundaries":
        count = vector["count"]
        return {
            "forward": [moment_text(boundary(anchor, cadence, at)) for at in range(count + 1)],
            "backward": [moment_text(boundary(anchor, cadence, -at)) for at in range(1, count + 1)],
        }
    at = _moment(vector["at"])
    return {
        "period": _period_fields(period_at(anchor, cadence, at)),
        "next_after_inclusive": moment_text(next_at_or_after(anchor, cadence, at)),
        "next_after_exclusive": moment_text(next_after(anchor, cadence, at)),
        "prev_before_inclusive": moment_text(period_at(anchor, cadence, at).start),
        "prev_before_exclusive": moment_text(period_at(anchor, cadence, at - MICROSECOND).start),
    }


# proration


def proration_answer(vector: Vector) -> Any:
    fee = Fee(
        amount=Decimal(vector["amount"]),
        service_period=_period(vector["service_period"]),
        full_period=_period(vector["full_service_period"]),
        pro_rated=vector["pro_rating"]["enabled"],
    )
    decimals = vector["currency_precision"]
    return {
        "charge_amount": charge_amount(fee, decimals=decimals),
        "invoice_line_amount": invoice_line_amount(
            fee,
            decimals=decimals,
            at_end=EndProration(vector["subscription_end_proration_mode"]),
            subscription_end=_optional_moment(vector.get("subscription_active_to")),
        ),
        "ratio": ratio(fee.service_period, fee.full_period),
    }


# timelines


def timeline_answer(vector: Vector) -> Any:
    subscription = Subscription(
        active_from=_moment(vector["active_from"]),
        active_to=_optional_moment(vector.get("active_to")),
        anchor=_moment(vector.get("billing_anchor") or vector["active_from"]),
        cadence=_duration(vector["billing_cadence"]),
        phases=tuple(_phase(phase) for phase in vector["phases"]),
    )
    decimals = decimals_of(vector["currency"])
    assert decimals is not None
    billed = timeline(subscription, until=_moment(vector["until"]))
    return {
        "phases": [_phase_fields(phase) for phase in phase_lives(subscription)],
        "lines": [_billed(one, decimals, pro_rated=vector["pro_rating_enabled"]) for one in billed],
    }


def _phase(fields: Vector) -> Phase:
    return Phase(fields["key"], _optional_duration(fields.get("duration")), tuple(map(_item, fields["items"])))


def _item(fields: Vector) -> Item:
    return Item(
        key=fields["key"],
        card=card_of({"payment_term": "in_advance", **fields}),
        cadence=_optional_duration(fields.get("billing_cadence")),
        from_offset=_optional_duration(fields.get("active_from_after_phase_start")),
        to_offset=_optional_duration(fields.get("active_to_after_phase_start")),
    )


def _phase_fields(phase: PhaseLife) -> dict[str, Any]:
    return {
        "key": phase.phase.key,
        "start_after": phase.start_after.text,
        "active_from": moment_text(phase.life.start),
        "active_to": None if phase.life.end is None else moment_text(phase.life.end),
    }


def _billed(billed: Billed, decimals: int, *, pro_rated: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "unique_id": billed.unique_id,
        "phase": billed.phase,
        "item": billed.item.key,
        "version": billed.version,
        "period_index": billed.index,
        "billable": billed.is_billable,
        "service_period": _period_fields(billed.service_period),
        "full_service_period": _period_fields(billed.full_service_period),
        "billing_period": _period_fields(billed.billing_period),
        "invoice_at": moment_text(billed.invoice_at),
    }
    fee = billed.fee(pro_rated=pro_rated)
    return answer if fee is None else answer | {"amount": charge_amount(fee, decimals=decimals)}


# credits


def credit_answer(vector: Vector) -> Any:
    grants = [_grant(fields) for fields in vector["grants"]]
    steps = draw(grants, [_spending(fields) for fields in vector["usage"]])
    ended = states(grants, steps, as_of=_moment(vector["as_of"]))
    return {
        "steps": [_step(step) for step in steps],
        "grants": [
            {"grant": one.grant, "available": one.available, "used": one.used, "expired": one.expired} for one in ended
        ],
    }


def _grant(fields: Vector) -> Grant:
    return Grant(
        key=fields["key"],
        amount=Decimal(fields["amount"]),
        created=fields["created"],
        effective_at=_moment(fields["effective_at"]),
        expires_at=_optional_moment(fields.get("expires_at")),
        priority=fields["priority"],
        features=frozenset(fields.get("features") or ()),
        cost_basis=Decimal(fields.get("per_unit_cost_basis", 0)),
    )


def _spending(fields: Vector) -> Spending:
    return Spending(_moment(fields["at"]), Decimal(fields["amount"]), fields.get("feature"))


def _step(step: Step) -> dict[str, Any]:
    return {
        "drawn": [{"grant": one.grant, "amount": one.amount} for one in step.drawn],
        "shortfall": step.shortfall,
    }


# entitlement grants


def entitlement_answer(vector: Vector) -> Any:
    span = Span(
        period=_period({"from": vector["from"], "to": vector["until"]}),
        resets=tuple(map(_moment, vector["resets"])),
        preserve_overage=vector["preserve_overage"],
    )
    usage = [Metered(_moment(one["at"]), Decimal(one["amount"])) for one in vector["usage"]]
    burned = burn_down([_entitlement_grant(fields) for fields in vector["grants"]], usage, span)
    return {
        "segments": [_segment(segment) for segment in burned.segments],
        "balances": burned.balances,
        "overage": burned.overage,
    }


def _entitlement_grant(fields: Vector) -> EntitlementGrant:
    again = fields.get("recurrence")
    return EntitlementGrant(
        key=fields["key"],
        amount=Decimal(fields["amount"]),
        created_at=_moment(fields["created_at"]),
        effective_at=_moment(fields["effective_at"]),
        expires_at=_optional_moment(fields.get("expires_at")),
        priority=fields["priority"],
        recurrence=again and Recurrence(_moment(again["anchor"]), _duration(again["interval"])),
        least_rollover=Decimal(fields["reset_min_rollover"]),
        most_rollover=Decimal(fields["reset_max_rollover"]),
    )


def _segment(segment: Segment) -> dict[str, Any]:
    return {
        **_period_fields(segment.period),
        "usage": segment.usage,
        "overage": segment.overage,
        "drawn": [{"grant": one.grant, "amount": one.amount} for one in segment.drawn],
    }


ANSWERS: dict[str, Callable[[Vector], Any]] = {
    "prices": price_answer,
    "usage_runs": runs_answer,
    "periods": period_answer,
    "proration": proration_answer,
    "timelines": timeline_answer,
    "credits": credit_answer,
    "entitlement_grants": entitlement_answer,
    "currencies": lambda vector: decimals_of(vector["code"]),
}
