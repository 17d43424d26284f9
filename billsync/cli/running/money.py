"""`usage`, `invoices` and `forecast`: a customer's usage, its invoices and its coming charges. All only read."""

from __future__ import annotations

from billsync.app.ending import Exit
from billsync.app.reading.forecast import read_forecast_facts
from billsync.app.reading.invoices import read_invoices
from billsync.app.reading.usage import UsageScope, read_customer_usage
from billsync.cli.options.server import ServerOptions
from billsync.cli.servers.opening import connected
from billsync.cli.terminal.surroundings import Run
from billsync.model.note import Note
from billsync.render.forecast import LEFT_OUT, forecast_csv, forecast_json, forecast_text
from billsync.render.formats.words import noted
from billsync.render.invoices import invoices_csv, invoices_json, invoices_text
from billsync.render.usage import usage_csv, usage_json, usage_text
from billsync.report.forecast.customer import customer_forecast

INVOICE_FORMS = {"json": invoices_json, "csv": invoices_csv}

ALL_FEATURES = (
    "the server shows neither the cards nor the period of the customer's subscriptions: this is the usage of all "
    "features, and without --from, of the last thirty days"
)


def show_usage(run: Run, customer: str, options: ServerOptions, wanted: UsageScope, form: str) -> Exit:
    """Print a customer's usage of each feature: of its subscriptions' cards, or of all features if it has no
    subscription."""
    with connected(run, options) as connection:
        found = read_customer_usage(connection, customer, wanted)
    for key in found.left_out:
        run.talk(noted(Note("no-such-dimension", f"{key} is left out: its meter has no dimension {wanted.group!r}")))
    if found.of_all:
        run.talk(noted(Note("all-features", ALL_FEATURES)))
    period, rows, group = found.period, found.rows, wanted.group
    match form:
        case "csv":
            run.result(usage_csv(rows))
        case "json":
            run.result(usage_json(customer, period, rows, group=group))
        case _:
            run.result(usage_text(customer, period, rows, group=group, width=run.look.width))
    return Exit.DONE


def show_invoices(run: Run, customer: str | None, options: ServerOptions, form: str) -> Exit:
    """Print invoices, oldest first, and which are past due; only where the dialect has them."""
    with connected(run, options) as connection:
        found = read_invoices(connection, customer)
    made = INVOICE_FORMS.get(form)
    run.result(made(found) if made else invoices_text(found, width=run.look.width))
    return Exit.DONE


def show_forecast(run: Run, customer: str, options: ServerOptions, form: str) -> Exit:
    """Print an estimate of the costs of the running period of each of a customer's subscriptions."""
    with connected(run, options) as connection:
        facts = read_forecast_facts(connection, customer)
    shown = customer_forecast(facts)
    found, notes = shown.forecasts, shown.notes
    for note in notes:
        run.talk(noted(note))
    match form:
        case "csv":
            run.talk(noted(Note("estimate", LEFT_OUT)))
            run.result(forecast_csv(found))
        case "json":
            run.result(forecast_json(customer, found, notes))
        case _:
            run.result(forecast_text(customer, found, width=run.look.width))
    return Exit.DONE
