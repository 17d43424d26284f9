"""A loss report, and the proof of a restore, in the types that `json` writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from billsync.model.recovery import Fate
from billsync.model.value import decimal_text
from billsync.report.recovery.losses.accounting import LossReport, Money
from billsync.report.recovery.losses.loss_lines import LINES, line_fields
from billsync.report.recovery.proof.departures import Aspect, Departure, Proof


def losses_object(report: LossReport) -> Any:
    """The loss report; `verify --losses` reads its lines."""
    return {
        "rows": {kind: {fate.value: counts.get(fate, 0) for fate in Fate} for kind, counts in report.counts.items()},
        "total": {fate.value: count for fate, count in report.totals.items()},
        "money": {currency: _money(lost) for currency, lost in report.money.items()},
        LINES: [line_fields(one) for one in report.lines],
    }


def _money(lost: Money) -> Any:
    return {"customers_lose": decimal_text(lost.customers), "seller_loses": decimal_text(lost.seller)}


def proof_object(proof: Proof) -> Any:
    """The proof: its verdict, each departure, and the numbers of comparisons."""
    return {
        "verified": not proof.unexplained,
        "unexplained": len(proof.unexplained),
        "departures": [_departure(one) for one in proof.departures],
        "compared": _counts(proof.compared),
        "not_compared": _counts(proof.unseen),
    }


def _departure(one: Departure) -> Any:
    return {
        "customer": one.customer,
        "subscription": one.subscription or None,
        "aspect": one.aspect.value,
        "snapshot": one.want,
        "server": one.have,
        "currency": one.currency or None,
        "difference": decimal_text(one.difference) if one.difference is not None else None,
        "explained_by": [line_fields(line) for line in one.why] if one.is_explained else [],
        "doubts": [] if one.is_explained else [line_fields(line) for line in one.why],
    }


def _counts(counts: Mapping[Aspect, int]) -> Any:
    return {aspect.value: counts[aspect] for aspect in Aspect if counts.get(aspect)}
