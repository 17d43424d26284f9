"""`usage`, `invoices` and `forecast`: what a customer used, was billed and will pay. They only read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from billsync.api.capabilities import capabilities
from billsync.api.documents import INVOICES
from billsync.app.connection import Connection
from billsync.app.ending import Exit, error, usage
from billsync.app.metering import live_subscription, query, read_catalog, read_usage
from billsync.app.server_time import servers_now
from billsync.app.unshown_charges import besides, booked_of, charges_of
from billsync.cli.opening import ServerOptions, connected
from billsync.cli.reading import customer_id_of, statement_of
from billsync.cli.surroundings import Run
from billsync.model.moment import cut_to_seconds, parse_moment
from billsync.model.value import decimal_text
from billsync.rating.arithmetic import negative
from billsync.rating.periods import Period
from billsync.render.forecast import LEFT_OUT, forecast_csv, forecast_json, forecast_text
from billsync.render.formats.words import visible
from billsync.render.invoices import invoices_csv, invoices_json, invoices_text
from billsync.render.usage import usage_csv, usage_json, usage_text
from billsync.report.billing.catalog import Catalog
from billsync.report.billing.invoices import invoices
from billsync.report.billing.subscribed import Subscribed
from billsync.report.billing.usage import CUSTOMER, Used, query_body, used
from billsync.report.credits.wallet import Wallet, wallet_of
from billsync.report.forecast.forecast import Basis, Forecast, forecast, known_only_until, usage_needed

WINDOWS = {"minute": "PT1M", "hour": "PT1H", "day": "P1D", "month": "P1M"}
INVOICE_FORMS = {"json": invoices_json, "csv": invoices_csv}
SUBJECT = "subject"
LATE = "{key}: the fee due {at:%Y-%m-%d %H:%M:%SZ} is not booked yet, as the server lags; it is counted as due"
DEFAULT_SPAN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class UsageOptions:
    """What part of the usage is asked for, as the person said it."""

    start: str | None = None
    end: str | None = None
    window: str | None = None
    by: str = "feature"
    form: str = "text"


def show_usage(run: Run, customer: str, options: ServerOptions, wanted: UsageOptions) -> Exit:
    """Print what a customer used of each feature: of the cards of its subscriptions, or of all without one."""
    group = None if wanted.by == "feature" else wanted.by
    with connected(run, options) as connection:
        customer_id = customer_id_of(connection, customer)
        catalog = read_catalog(connection)
        now = servers_now(connection, customer_id)
        running = _running(_subscriptions(connection, catalog, customer_id), now)
        period = _period(wanted, running, now)
        priced = sorted({key for one in running for key in one.features} or catalog.meter_slices)
        features = _with_dimension(run, catalog, priced, group)
        rows = [row for key in features for row in _used(connection, catalog, key, period, wanted, customer_id)]
    match wanted.form:
        case "csv":
            run.result(usage_csv(rows))
        case "json":
            run.result(usage_json(customer, period, rows, group=group))
        case _:
            run.result(usage_text(customer, period, rows, group=group, width=run.look.width))
    return Exit.DONE


def _with_dimension(run: Run, catalog: Catalog, features: Sequence[str], group: str | None) -> Sequence[str]:
    """The features whose meter has the dimension; the others are named. Raises Ended where none has it."""
    metered = [key for key in features if key in catalog.meter_slices]
    having = [key for key in metered if group in (None, SUBJECT) or group in catalog.dimensions_of(key)]
    if metered and not having:
        known = sorted({SUBJECT, *(name for key in metered for name in catalog.dimensions_of(key))})
        hint = f"Known here: feature, {', '.join(known)}."
        raise usage("no-dimension", repr(group), hint)
    for key in sorted(set(metered) - set(having)):
        run.talk(f"note: {visible(key)} is left out: its meter has no dimension {group!r}")
    return having


def show_invoices(run: Run, customer: str | None, options: ServerOptions, form: str) -> Exit:
    """Print invoices, oldest first, and which are past due; only where the dialect has them."""
    with connected(run, options) as connection:
        if not capabilities(connection.dialect).invoices:
            hint = "Open the billing portal: customers see and pay theirs there, and so does an operator."
            raise error("no-invoices", f"The {connection.dialect} API doesn't list them.", hint)
        filters = [("filter[customer_id][eq]", customer_id_of(connection, customer))] if customer is not None else []
        rows = connection.listed(INVOICES, filters)
        found = invoices(rows, connection.clock.now())
    made = INVOICE_FORMS.get(form)
    run.result(made(found) if made else invoices_text(found, width=run.look.width))
    return Exit.DONE


def show_forecast(run: Run, customer: str, options: ServerOptions, form: str) -> Exit:
    """Print what the running period of each of a customer's subscriptions will cost. An estimate."""
    with connected(run, options) as connection:
        customer_id = customer_id_of(connection, customer)
        catalog = read_catalog(connection)
        now = servers_now(connection, customer_id)
        subscriptions = _subscriptions(connection, catalog, customer_id)
        running = _running(subscriptions, now)
        if not running:
            raise error("no-subscription", f"{customer!r} has no active subscription.")
        wallet = wallet_of(statement_of(connection, customer_id), catalog.features)
        rows = charges_of(connection, customer_id)
        unseen = [besides(connection, one, rows or (), catalog, now) for one in running]
        bases = [
            Basis(one, now, {}, wallet, catalog.steady, each.dues, booked_of(rows, one))
            for one, each in zip(running, unseen, strict=True)
        ]
        found = [
            known_only_until(_forecast(connection, catalog, basis), each.known_until)
            for basis, each in zip(bases, unseen, strict=True)
        ]
    unknown = (note for each in unseen for note in each.notes)
    left_out = (f"not estimated, and in no sum: {one.text}" for each in found for one in each.not_estimated)
    late = (LATE.format(key=one.key, at=one.at) for each in found for one in each.late)
    notes = (*forecast_notes(running, catalog, wallet), *unknown, *left_out, *late, *_coming(subscriptions, now))
    for note in notes:
        run.talk(f"note: {visible(note)}")
    match form:
        case "csv":
            run.talk(f"note: {LEFT_OUT}")
            run.result(forecast_csv(found))
        case "json":
            run.result(forecast_json(customer, found, notes))
        case _:
            run.result(forecast_text(customer, found, width=run.look.width))
    return Exit.DONE


def forecast_notes(running: Sequence[Subscribed], catalog: Catalog, wallet: Wallet) -> Iterator[str]:
    """What makes the estimates less than they seem."""
    for feature in sorted({key for one in running for key in one.priced_by_usage} - catalog.meter_slices.keys()):
        yield f"usage of the feature {feature} can't be read, so it counts as none"
    if len(running) > 1:
        yield f"{len(running)} subscriptions are in force, and each estimate counts all credits as its own"
    for code, expense in sorted(wallet.unlisted.items()):
        differs = f"differs by {decimal_text(negative(expense.amount))} from what its movements come to"
        yield f"the server's balance in {code} {differs}; the estimate goes by the balance"


def _coming(subscriptions: Iterable[Subscribed], now: datetime) -> Iterator[str]:
    for one in subscriptions:
        start = one.timeline.active_from
        if start > now and one.timeline.active_to != start:
            yield f"the subscription to {one.plan_key} that begins {start:%Y-%m-%d %H:%M:%SZ} is left out"


def _forecast(connection: Connection, catalog: Catalog, basis: Basis) -> Forecast:
    """The forecast of a basis without usage, which is read. Raises RemoteError, RatingError."""
    needs = usage_needed(basis.subscription, basis.now, basis.besides)
    metered = read_usage(connection, catalog, needs, customer_id=basis.subscription.customer_id)
    return forecast(replace(basis, metered=metered))


def _subscriptions(connection: Connection, catalog: Catalog, customer_id: str) -> tuple[Subscribed, ...]:
    """The customer's subscriptions, whenever they are in force."""
    rows = connection.rows("subscription", customer_id=customer_id)
    return tuple(live_subscription(row, catalog.features) for row in rows if not row.get("deleted_at"))


def _running(subscriptions: Sequence[Subscribed], now: datetime) -> tuple[Subscribed, ...]:
    return tuple(one for one in subscriptions if one.period_at(now).holds(now))


def _period(wanted: UsageOptions, running: Sequence[Subscribed], now: datetime) -> Period:
    """What was asked for; else the running billing period so far, or the last thirty days. Raises Ended."""
    end = _moment("--to", wanted.end) or cut_to_seconds(now) + timedelta(seconds=1)
    begun = min((one.period_at(now).start for one in running), default=end - DEFAULT_SPAN)
    start = _moment("--from", wanted.start) or cut_to_seconds(begun)
    if start >= end:
        given = f"{start:%Y-%m-%d %H:%M:%SZ} to {end:%Y-%m-%d %H:%M:%SZ}"
        raise usage("no-time", f"--from must be before --to; the period would be {given}.")
    return Period(start, end)


def _moment(option: str, text: str | None) -> datetime | None:
    """A day or a time in UTC. Raises Ended for anything else."""
    if text is None:
        return None
    moment = parse_moment(text if "T" in text.upper() else f"{text}T00:00:00Z")
    if moment is None:
        raise usage(
            "no-time", f"{option} is not a date or time: {text!r}", "Write 2026-09-01, or 2026-09-01T12:00:00Z."
        )
    return moment


def _used(
    connection: Connection, catalog: Catalog, feature: str, period: Period, wanted: UsageOptions, customer_id: str
) -> tuple[Used, ...]:
    meter_slice = catalog.meter_slices.get(feature)
    if meter_slice is None:
        return ()
    group = None if wanted.by == "feature" else wanted.by
    body = query_body(
        meter_slice,
        period,
        group_by=[group] if group else [CUSTOMER],
        customers=[customer_id],
        granularity=WINDOWS[wanted.window] if wanted.window else None,
    )
    return used(feature, query(connection, meter_slice, body), group)
