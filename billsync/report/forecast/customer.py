"""The forecasts of a customer's subscriptions, from facts, with notes on their omissions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from billsync.model.frozen import dataclass
from billsync.model.note import Note
from billsync.model.value import decimal_text
from billsync.rating.arithmetic import negative
from billsync.report.billing.catalog import Catalog
from billsync.report.billing.charges import Metered
from billsync.report.billing.subscribed import Subscribed
from billsync.report.billing.unshown import Booked
from billsync.report.credits.wallet import Wallet
from billsync.report.forecast.forecast import Basis, Forecast, forecast, known_only_until
from billsync.report.forecast.restored import restored_since
from billsync.report.forecast.running_period import Besides

LATE = "{key}: the fee due {at:%Y-%m-%d %H:%M:%SZ} is not booked yet, as the server lags; it is counted as due"

SPREAD = (
    "{plan} began again in a restore, which dates earlier usage at that moment: the pace is that of all usage since "
    "{since:%Y-%m-%d %H:%M:%SZ}"
)


@dataclass(frozen=True, slots=True)
class RunningFacts:
    """A subscription in force: the parts of its period that its row doesn't show, its booked charges, and its metered
    usage.

    `booked` is None where the server doesn't list charges.
    """

    subscription: Subscribed
    besides: Besides
    booked: Booked | None
    metered: Metered


@dataclass(frozen=True, slots=True)
class ForecastFacts:
    """The facts for the forecast of one customer, at the server's time."""

    now: datetime
    catalog: Catalog
    wallet: Wallet
    subscriptions: tuple[Subscribed, ...]
    running: tuple[RunningFacts, ...]


@dataclass(frozen=True, slots=True)
class CustomerForecast:
    """The forecasts of a customer's subscriptions in force; `notes` are the forecasts' limits."""

    forecasts: tuple[Forecast, ...]
    notes: tuple[Note, ...]


def customer_forecast(facts: ForecastFacts) -> CustomerForecast:
    """The running period of each subscription in force. An estimate. Raises RatingError."""
    found = tuple(known_only_until(forecast(_basis(one, facts)), one.besides.known_until) for one in facts.running)
    return CustomerForecast(found, tuple(_notes(facts, found)))


def _basis(one: RunningFacts, facts: ForecastFacts) -> Basis:
    return Basis(
        one.subscription,
        facts.now,
        one.metered,
        facts.wallet,
        facts.catalog.steady,
        one.besides.dues,
        one.booked,
    )


def _notes(facts: ForecastFacts, found: tuple[Forecast, ...]) -> Iterator[Note]:
    yield from _unknown(facts)
    yield from (note for one in facts.running for note in one.besides.notes)
    for each in found:
        yield from (Note("not-estimated", f"not estimated, and in no total: {one.text}") for one in each.not_estimated)
    for running in facts.running:
        since = restored_since(running.subscription, facts.wallet.grants, facts.now)
        if since is not None and running.subscription.priced_by_usage:
            yield Note("usage-restored", SPREAD.format(plan=running.subscription.plan_key, since=since))
    for each in found:
        yield from (Note("not-booked-yet", LATE.format(key=one.key, at=one.at)) for one in each.late)
    for one in facts.subscriptions:
        start = one.timeline.active_from
        if start > facts.now and one.timeline.active_to != start:
            text = f"the subscription to {one.plan_key} that begins {start:%Y-%m-%d %H:%M:%SZ} is left out"
            yield Note("not-begun", text)


def _unknown(facts: ForecastFacts) -> Iterator[Note]:
    """Notes on usage and credits that are not known."""
    priced = {key for one in facts.running for key in one.subscription.priced_by_usage}
    for feature in sorted(priced - facts.catalog.meter_slices.keys()):
        yield Note("usage-not-read", f"usage of the feature {feature} can't be read, so it counts as none")
    if len(facts.running) > 1:
        text = f"{len(facts.running)} subscriptions are in force, and each estimate counts all credits as its own"
        yield Note("credits-shared", text)
    for code, expense in sorted(facts.wallet.unlisted.items()):
        differs = f"differs by {decimal_text(negative(expense.amount))} from the sum of its movements"
        yield Note("balance-differs", f"the server's balance in {code} {differs}; the estimate goes by the balance")
