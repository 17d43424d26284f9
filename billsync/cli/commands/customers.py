"""The commands about one customer as click sees them: its credits, usage, invoices and forecast."""

from __future__ import annotations

from typing import Any

import click

from billsync.app.ending import Exit
from billsync.cli.options.options import TABLE_FORMAT
from billsync.cli.options.server import ServerOptions, server_options
from billsync.cli.terminal.surroundings import Run


@click.command()
@click.argument("customer")
@server_options
@TABLE_FORMAT
@click.pass_obj
def ledger(run: Run, /, customer: str, form: str, **server: Any) -> Exit:
    """Show a customer's credits: each movement, and the balance."""
    from billsync.cli.running.reading import show_ledger

    return show_ledger(run, customer, ServerOptions(**server), form)


@click.command()
@click.argument("customer")
@server_options
@click.option("--from", "start", metavar="TIME", help="2026-09-01 or a full time; default: the running billing period.")
@click.option("--to", "end", metavar="TIME", help="End of the period, exclusive; default: now.")
@click.option("--window", type=click.Choice(["minute", "hour", "day", "month"]), help="One row per window.")
@click.option(
    "--by",
    default="feature",
    show_default=True,
    metavar="GROUP",
    help="Group by feature, subject, or a dimension.",
)
@TABLE_FORMAT
@click.pass_obj
def usage(
    run: Run,
    /,
    customer: str,
    start: str | None,
    end: str | None,
    window: str | None,
    by: str,
    form: str,
    **server: Any,
) -> Exit:
    """Show what a customer used."""
    from billsync.app.reading.usage import UsageScope
    from billsync.cli.running.money import show_usage

    scope = UsageScope(start, end, window, None if by == "feature" else by)
    return show_usage(run, customer, ServerOptions(**server), scope, form)


@click.command()
@click.argument("customer", required=False)
@server_options
@TABLE_FORMAT
@click.pass_obj
def invoices(run: Run, /, customer: str | None, form: str, **server: Any) -> Exit:
    """Show a customer's invoices, or all."""
    from billsync.cli.running.money import show_invoices

    return show_invoices(run, customer, ServerOptions(**server), form)


@click.command()
@click.argument("customer")
@server_options
@TABLE_FORMAT
@click.pass_obj
def forecast(run: Run, /, customer: str, form: str, **server: Any) -> Exit:
    """Estimate what the running period will cost, and when the credits run out."""
    from billsync.cli.running.money import show_forecast

    return show_forecast(run, customer, ServerOptions(**server), form)


CUSTOMER_COMMANDS = (ledger, usage, invoices, forecast)
