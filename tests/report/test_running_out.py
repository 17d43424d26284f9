"""When credits run out is what asking everything anew for each moment finds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.model.moment import moment_text
from billsync.rating.periods import Period
from billsync.report.billing.charges import Due
from billsync.report.billing.subscribed import subscribed
from billsync.report.credits.credits import Expense
from billsync.report.credits.wallet import Wallet
from billsync.report.forecast.forecast import Basis, forecast, running, usage_needed
from tests.support.budgets import examples
from tests.support.running_out_oracle import short_at_plainly
from tests.support.subscription_rows import (
    FEATURES,
    consumed_row,
    fee_card,
    graduated,
    grant_row,
    subscription_row,
    unit,
    usage_card,
)

START = datetime(2026, 9, 1, tzinfo=UTC)
NOW = START + timedelta(days=45, seconds=7)
PRICES = {"unit": unit("0.7"), "tiers": graduated(("5", "2"), (None, "0.5"))}

amounts = st.integers(1, 200).map(lambda number: str(Decimal(number) / 2))


unlisted = st.sampled_from(
    [{}, {}, *({"USD": Expense(NOW, Decimal(amount), is_owed=True)} for amount in ("-20", "7.5"))]
)


def at(day: int) -> str:
    return moment_text(START + timedelta(days=day))


@st.composite
def grants(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Grants of before and after now, some of which start later, expire, are voided, or are for one feature."""
    rows = []
    for number in range(draw(st.integers(0, 6))):
        made = draw(st.integers(0, 44))
        row = {**grant_row(draw(amounts), at(made)), "id": f"g-{number}", "priority": draw(st.sampled_from([1, 10]))}
        if draw(st.booleans()):
            row["effective_at"] = at(made + draw(st.integers(0, 200)))
        if draw(st.booleans()):
            row["expires_at"] = at(made + draw(st.integers(1, 300)))
        if draw(st.sampled_from([False, False, True])):
            row |= {"status": "voided", "voided_at": at(draw(st.integers(made, 45)))}
        if draw(st.booleans()):
            row["filters"] = {"features": draw(st.sampled_from([["api"], ["gb"], ["api", "gb"]]))}
        rows.append(row)
    return rows


@st.composite
def consumed(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Movements, newest first."""
    days = sorted(draw(st.lists(st.integers(0, 45), max_size=6)), reverse=True)
    labels = st.sampled_from([{}, {"feature_id": "f-api"}, {"feature_id": "f-gb"}])
    return [{**consumed_row(draw(amounts), at(day)), "labels": draw(labels)} for day in days]


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """A subscription to some usage and some fees, each month or week, maybe with an end."""
    weekly = {"billing_cadence": draw(st.sampled_from(["P1M", "P1W"]))}
    least = {"commitments": {"minimum_amount": "12"}} if draw(st.booleans()) else {}
    usage = usage_card("api", PRICES[draw(st.sampled_from(sorted(PRICES)))], **weekly, **least)
    cards = [usage, usage_card("gb", unit("0.3")), fee_card("base", "3", "in_advance"), fee_card("support", "2")]
    more: dict[str, Any] = {"active_to": at(draw(st.integers(60, 200)))} if draw(st.booleans()) else {}
    mode = draw(st.sampled_from(["credit_only", "credit_then_invoice"]))
    return subscription_row(*cards[: draw(st.integers(1, 4))], settlement_mode=mode, **more)


@st.composite
def bases(draw: st.DrawFn) -> Basis:
    """What a forecast is made from, with the server's balance off by something now and then."""
    subscription = subscribed(draw(rows()), FEATURES)
    used = st.integers(0, 60).map(Decimal)
    besides = tuple(_cut(one) for one in running(subscription, NOW) if one.at > NOW) if draw(st.booleans()) else ()
    metered = {need: draw(used) for need in sorted(usage_needed(subscription, NOW, besides), key=str)}
    wallet = Wallet(draw(grants()), draw(consumed()), FEATURES, draw(unlisted))
    return Basis(subscription, NOW, metered, wallet, draw(st.sampled_from([frozenset(), frozenset({"gb"})])), besides)


def _cut(one: Due) -> Due:
    """What ended a day after it began, and is billed with the rest."""
    start = one.billed.service_period.start
    return replace(one, billed=replace(one.billed, service_period=Period(start, start + timedelta(days=1))))


@settings(max_examples=examples(60))
@given(bases())
def test_credits_run_out_when_asking_everything_anew_says_so(basis: Basis) -> None:
    for outlook in forecast(basis).outlooks:
        expected = short_at_plainly(basis, outlook.currency) if outlook.credits > 0 else None

        assert outlook.short_at == expected


def test_a_minimum_of_the_last_period_counts_at_its_end() -> None:
    """No second of a period comes after the end of the subscription, and it is looked at all the same."""
    card = usage_card("api", unit("1"), commitments={"minimum_amount": "12"})
    subscription = subscribed(subscription_row(card, active_to=at(60)), FEATURES)
    basis = Basis(subscription, NOW, {}, Wallet((grant_row("5"),)))

    (outlook,) = forecast(basis).outlooks

    assert outlook.short_at == START + timedelta(days=60)
