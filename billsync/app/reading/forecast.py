"""Reads the facts of a customer's forecast. Every request of a forecast is made here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from billsync.api.documents import CHARGES
from billsync.app.ending import error
from billsync.app.reading.customers import customer_id_of, statement_of, subscriptions_of
from billsync.app.reading.metering import read_catalog, read_usage
from billsync.app.server.connection import Connection
from billsync.app.server.server_time import servers_now
from billsync.live.lists.paging import Refused
from billsync.live.snapshot import PARENT
from billsync.model.malformed import Malformed
from billsync.model.value import Fields
from billsync.report.billing.attached import Attached, parse_attached
from billsync.report.billing.catalog import Catalog
from billsync.report.billing.subscribed import Subscribed, running_at
from billsync.report.billing.unshown import booked
from billsync.report.credits.wallet import wallet_of
from billsync.report.forecast.customer import ForecastFacts, RunningFacts
from billsync.report.forecast.forecast import usage_needed
from billsync.report.forecast.running_period import besides

INSTEAD = (
    "`billsync usage CUSTOMER --from DATE` shows what was used, and `billsync ledger CUSTOMER` the credits; the plan's "
    "prices are in its file."
)
"""The hint where a server doesn't show what a forecast needs."""


def read_forecast_facts(connection: Connection, customer: str) -> ForecastFacts:
    """Subscriptions, credits, charges, add-ons and usage of a customer.

    Raises Ended where none is in force or the server doesn't show what is in them, RemoteError.
    """
    customer_id = customer_id_of(connection, customer)
    catalog = read_catalog(connection)
    now = servers_now(connection, customer_id)
    subscriptions = subscriptions_of(connection, customer_id, catalog)
    if subscriptions is None:
        raise error("phases-unshown", f"{connection.target} shows neither phases nor starts.", INSTEAD)
    in_force = running_at(now, subscriptions)
    if not in_force:
        raise error("no-subscription", f"{customer!r} has no active subscription.")
    wallet = wallet_of(statement_of(connection, customer_id), catalog.features)
    charges = _charges(connection, customer_id)
    running = tuple(_running(connection, one, charges, catalog=catalog, now=now) for one in in_force)
    return ForecastFacts(now, catalog, wallet, subscriptions, running)


def _running(
    connection: Connection, one: Subscribed, charges: Sequence[Fields] | None, *, catalog: Catalog, now: datetime
) -> RunningFacts:
    unseen = besides(one, charges or (), _addons(connection, one), features=catalog.features, now=now)
    needs = usage_needed(one, now, unseen.dues)
    metered = read_usage(connection, catalog, needs, customer_id=one.customer_id)
    return RunningFacts(one, unseen, booked(charges, one) if charges is not None else None, metered)


def _charges(connection: Connection, customer_id: str) -> tuple[Fields, ...] | None:
    """The rows of a customer's charges; None where the server doesn't list them. Raises RemoteError."""
    if not connection.generation.can("charges"):
        return None
    try:
        return connection.listed(CHARGES.replace(PARENT, customer_id))
    except Refused:
        return None


def _addons(connection: Connection, one: Subscribed) -> tuple[Attached, ...]:
    """The add-ons of a subscription; none where the server doesn't show them, or not as API v3 does."""
    try:
        found = parse_attached(connection.addons_of(one.id), {})
    except Refused:
        return ()
    return () if isinstance(found, Malformed) else found
