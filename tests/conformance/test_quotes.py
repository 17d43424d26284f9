"""Quotes against the real server: what `rating/` and `report/` work out from a recording's subscriptions, grants and
events is what the server charged, moved and invoiced, to the cent and line by line.

Discovered: every recording with credits or charges. `BILLSYNC_TRANSCRIPTS=DIR` runs another folder; else
`../shared/transcripts/money` where it is there, else the committed copy.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billsync.model.moment import cut_to_seconds
from billsync.rating.lines import Line, Totals
from billsync.report.billing.charges import Charge, Due, charge, due
from billsync.report.billing.subscribed import Subscribed, moment_of, subscribed
from billsync.report.credits.credits import Purse, Spent, fundings
from billsync.report.credits.settling import Settled, Settlement, settle
from billsync.report.credits.wallet import Wallet
from billsync.report.forecast.forecast import Basis, forecast, usage_needed
from tests.conformance.scenario import COPIES, RECORDED
from tests.support.charges_by_hand import due_at, made_by_hand, period_of, reference_of
from tests.support.recorded_money import (
    BOOKED_AFTER,
    COLLECTION,
    Recording,
    Shown,
    every_shown,
    is_whole,
    last_shown,
    read_recording,
)

ZERO = Decimal(0)
NOTHING_SPENT = Spent((), {}, {})


def _folder() -> Path:
    chosen = os.environ.get("BILLSYNC_TRANSCRIPTS")
    if chosen:
        return Path(chosen)
    return (RECORDED if RECORDED.is_dir() else COPIES) / "money"


def quote(recording: Recording, customer_id: str, moment: datetime) -> Settlement:
    """All that a customer is charged up to a moment, paid from the credits there were."""
    charges = [
        charge
        for row in recording.subscriptions_at(moment)
        if row["customer_id"] == customer_id
        for charge in runs(recording, row, moment)
    ] + list(made_by_hand(recording, customer_id, moment))
    rows = recording.grants_of(customer_id, moment)
    currencies = {"USD", *(row["currency"] for row in rows), *(charge.currency for charge in charges)}
    purses = {currency: Purse(fundings(rows, currency)) for currency in sorted(currencies)}
    return settle(sorted(charges, key=lambda charge: (charge.at, charge.place)), purses)


def runs(recording: Recording, row: Any, moment: datetime) -> Iterator[Charge]:
    """Every charge as booked first, then those that late usage changed, or the end of what a fee was taken for."""
    subscription = subscribed(row, recording.feature_keys)
    for one in due(subscription, until=moment):
        first = read(recording, subscription, one, one.at)
        whole = _taken_whole(recording, subscription, one)
        if whole and whole.totals != first.totals:
            yield whole
            first = replace(first, at=cut_to_seconds(recording.end_shown_at(subscription.id)), place="")
        again = read(recording, subscription, one, one.at + COLLECTION)
        yield first
        if again.quantity != first.quantity and one.at + BOOKED_AFTER <= moment:
            yield again


def _taken_whole(recording: Recording, subscription: Subscribed, one: Due) -> Charge | None:
    """A fee in advance, with `credit_only`, as it was taken before it was known that its period ends early."""
    if not (one.is_owed and one.billed.item.is_in_advance):
        return None
    known = subscribed(recording.subscription_at(subscription.id, one.at), recording.feature_keys)
    reference = one.billed.unique_id
    before = next((due_one for due_one in due(known, until=one.at) if due_one.billed.unique_id == reference), one)
    return charge(before, {}, known)


def read(recording: Recording, subscription: Subscribed, one: Due, stored_by: datetime) -> Charge:
    """The charge with what had been metered by then."""
    metered = {}
    if one.needs:
        feature, period = one.needs
        quantity = recording.reading(subscription.customer_id, feature, period, stored_by=stored_by)
        metered[one.needs] = quantity
    return charge(one, metered, subscription)


def by_reference(settlement: Settlement) -> dict[str, Settled]:
    """The charges by the server's own reference."""
    return {one.charge.reference: one for one in settlement.settled}


def _recordings() -> list[Recording]:
    found = [read_recording(path) for path in sorted(_folder().rglob("*.jsonl"))]
    return [recording for recording in found if _has_money(recording)]


def _has_money(recording: Recording) -> bool:
    """Whether a charge was booked, or credits were granted."""
    moment = recording.ends_at
    if moment is None:
        return False
    rows = recording.subscriptions_at(moment)
    is_charged = any(due(subscribed(row, recording.feature_keys), until=moment) for row in rows)
    return is_charged or bool(recording.grants or recording.by_hand)


def _money(totals: Any) -> Totals:
    """Totals as the API shows them."""
    names = ("amount", "charges_total", "discounts_total", "credits_total")
    return Totals(*(Decimal(totals[name]) for name in names))


def _owed(one: Settled) -> Decimal:
    """With `credit_only`, what credits don't cover counts as paid from them (customer-facts.md §19.1)."""
    return one.uncovered if one.charge.is_owed else ZERO


@pytest.fixture(scope="module", params=[pytest.param(found, id=found.name) for found in _recordings()])
def recording(request: pytest.FixtureRequest) -> Recording:
    """One recording."""
    return request.param  # type: ignore[no-any-return]


def test_recordings_in_which_a_period_ends_are_found() -> None:
    names = {found.name for found in _recordings()}

    assert names


def test_charges_are_the_servers(recording: Recording) -> None:
    ours, theirs = {}, {}
    for shown in last_shown(recording, "charges"):
        rows = {reference_of(row): row for row in _booked(shown)}
        for reference, one in by_reference(quote(recording, shown.customer_id, shown.at)).items():
            if is_whole(shown) or reference in rows:
                ours[reference] = _our_charge(one, rows.get(reference))
        theirs.update({reference: _their_charge(row) for reference, row in rows.items()})

    assert ours == theirs


def _booked(shown: Shown) -> Iterator[Any]:
    """The charges that have been booked by then."""
    for row in shown.body["data"] or ():
        if due_at(row) <= shown.at:
            yield row


def _our_charge(one: Settled, row: Any) -> Any:
    """A fee in advance whose subscription ended in its period is shown cut, though it was paid in full (§19.1)."""
    if row and one.charge.is_in_advance and moment_of(row["service_period"]["to"]) < one.charge.service_period.end:
        return _their_charge(row)
    totals = one.charge.totals
    periods = (one.charge.service_period, one.charge.full_service_period, one.charge.billing_period)
    if one.charge.is_flat:
        return (periods, one.charge.invoice_at, totals.amount)
    return (periods, one.charge.invoice_at, totals.plus(Totals(credits=_owed(one))))


def _their_charge(row: Any) -> Any:
    periods = tuple(period_of(row[name]) for name in ("service_period", "full_service_period", "billing_period"))
    flat = row["type"] == "flat_fee"
    money = Decimal(row["amount_after_proration"]["amount"]) if flat else _money(row["totals"]["booked"])
    return (periods, moment_of(row["invoice_at"]), money)


def test_consumed_credits_are_the_servers(recording: Recording) -> None:
    ours: dict[Any, Decimal] = defaultdict(Decimal)
    theirs: dict[Any, Decimal] = defaultdict(Decimal)
    for shown in _statements(recording):
        for one in quote(recording, shown.customer_id, shown.at).settled:
            if one.taken:
                ours[shown.customer_id, one.charge.booked_at, one.charge.name] -= one.taken
        for row in shown.body["data"]:
            if row["type"] == "consumed":
                theirs[shown.customer_id, moment_of(row["booked_at"]), row["name"]] += Decimal(row["amount"])

    assert ours == theirs


def _statements(recording: Recording) -> Iterator[Shown]:
    """The last list of movements of each customer that shows consumption."""
    last: dict[str, Shown] = {}
    for shown in recording.shown:
        if shown.topic == "transactions" and shown.query.get("filter[type]", "consumed") == "consumed":
            whole = not shown.body["meta"]["page"].get("next") and not shown.body["meta"]["page"].get("previous")
            if whole and set(shown.query) <= {"filter[type]", "page[size]"}:
                last[shown.customer_id] = shown
    yield from last.values()


def test_the_balance_is_the_servers(recording: Recording) -> None:
    ours, theirs = [], []
    for shown in every_shown(recording, "balance"):
        at = moment_of(shown.body["retrieved_at"])
        settlement = quote(recording, shown.customer_id, at)
        for row in shown.body["balances"]:
            ours.append((shown.at, row["currency"], _settled(recording, settlement, row["currency"], shown)))
            theirs.append((shown.at, row["currency"], Decimal(row["settled"])))

    assert ours == theirs


def _settled(recording: Recording, settlement: Settlement, currency: str, shown: Shown) -> Decimal:
    """What is left of the grants that count, less what is owed."""
    at = moment_of(shown.body["retrieved_at"])
    spent = settlement.spent.get(currency, NOTHING_SPENT)
    funded = fundings(recording.grants_of(shown.customer_id, at), currency)
    counted = [funding.grant.key for funding in funded if funding.grant.counts_at(at)]
    return sum((spent.left[key] for key in counted), ZERO) - spent.debt_at(at)


def test_invoices_are_the_servers_line_by_line(recording: Recording) -> None:
    ours, theirs = {}, {}
    references = _references(recording)
    for shown in last_shown(recording, "invoice"):
        found = by_reference(quote(recording, shown.customer_id, shown.at))
        for row in shown.body.get("lines") or ():
            reference = references.get(row["charge"]["id"])
            if reference in found:
                one = found[reference].charge
                ours[reference] = (one.totals, sorted(_our_line(line) for line in one.lines))
                theirs[reference] = (_money(row["totals"]), sorted(_their_line(line) for line in row["detailed_lines"]))

    assert ours == theirs


def _references(recording: Recording) -> dict[str, str]:
    """The charges that were ever listed, by id."""
    return {
        row["id"]: reference_of(row)
        for shown in recording.shown
        if shown.topic == "charges"
        for row in shown.body["data"] or ()
    }


def _our_line(line: Line) -> Any:
    amounts = line.totals
    parts = (amounts.amount, amounts.charges, amounts.discounts, amounts.credits, amounts.total)
    return (line.name, line.category.value, line.quantity, line.unit_amount, *parts)


def _their_line(row: Any) -> Any:
    amounts = _money(row["totals"])
    parts = (amounts.amount, amounts.charges, amounts.discounts, amounts.credits, Decimal(row["totals"]["total"]))
    return (row["name"], row["category"], Decimal(row["quantity"]), Decimal(row["unit_price"]), *parts)


def test_a_forecast_in_the_last_second_is_what_the_period_then_costs(recording: Recording) -> None:
    """The forecast only knows what the API shows: grants, consumed credits, usage so far."""
    forecasts, bills = {}, {}
    for subscription in _first_periods(recording):
        end = subscription.period_at(subscription.timeline.active_from).end
        now = end - timedelta(seconds=1)
        needs = usage_needed(subscription, now)
        metered = {
            (feature, period): recording.reading(subscription.customer_id, feature, period, stored_by=now)
            for feature, period in needs
        }
        consumed = _consumed(recording, subscription, now)
        wallet = Wallet(recording.grants_of(subscription.customer_id, now), consumed, recording.feature_keys)
        for one in forecast(Basis(subscription, now, metered, wallet)).due:
            forecasts[one.charge.reference] = one
        for reference, one in by_reference(quote(recording, subscription.customer_id, end + BOOKED)).items():
            if one.charge.at == cut_to_seconds(end):
                bills[reference] = one

    assert forecasts == bills


BOOKED = timedelta(minutes=30)
"""Long enough for the first booking of a period, and before late usage is booked."""


def _first_periods(recording: Recording) -> Iterator[Subscribed]:
    """The subscriptions whose first period ends within the recording, as they were a second before, uncancelled."""
    assert recording.ends_at is not None
    for server_id, ((_, row), *_) in recording.subscriptions.items():
        first = subscribed(row, recording.feature_keys)
        end = first.period_at(first.timeline.active_from).end
        last = recording.subscription_at(server_id, end - timedelta(seconds=1))
        if end + BOOKED < recording.ends_at and not last.get("active_to"):
            yield subscribed(last, recording.feature_keys)


def _consumed(recording: Recording, subscription: Subscribed, now: datetime) -> list[Any]:
    """The consumed credits that the API showed of the customer, up to a moment."""
    return [
        row
        for shown in _statements(recording)
        if shown.customer_id == subscription.customer_id
        for row in shown.body["data"]
        if row["type"] == "consumed" and moment_of(row["booked_at"]) <= now
    ]
