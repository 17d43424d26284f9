"""An organization with a history on the embedded server: the one that is lost, and restored into an empty one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest

from billsync.app.planning.carrying_out import carry_out
from billsync.app.recovery.owing import owe
from billsync.app.recovery.restoring import Restore, planned
from billsync.app.recovery.setting_up import make_set_up
from billsync.local.charges import settling
from billsync.model.recovery import Accounted, Recovery
from billsync.model.result import Report
from billsync.report.recovery.restore.choices import Choices
from billsync.report.recovery.snapshot.items import Event
from tests.support.crash_harness import Wire
from tests.support.recoveries import recovery_of
from tests.support.world import NoJournal, World, Wrap, as_it_is, declared

DAY = timedelta(days=1).total_seconds()

Balances = dict[str, dict[str, Decimal]]


def lived_through(states: Sequence[tuple[float, str]], *, days: float) -> World:
    """A server on which these files were synced, each some days after the one before, and which lived on."""
    world = World(seed=1)
    for after, text in states:
        world.clock.advance(after * DAY)
        run = world.sync(declared(text), allow={"change": "", "cancel": "", "dearer": "", "trial-again": ""})
        assert not run.plan.guards, run.plan.guards
    world.clock.advance(days * DAY)
    return world


def empty_at_the_same_time(world: World, *, hours: float = 1) -> World:
    """Another server without anything, some hours later."""
    new = World(seed=2, edition=world.edition)
    new.clock.advance((world.clock.now() - new.clock.now()).total_seconds() + hours * 3600)
    return new


def restored(
    world: World,
    recovery: Recovery,
    choices: Choices | None = None,
    *,
    wrap: Wrap = as_it_is,
    events: Iterable[Event] = (),
    owes: bool = True,
) -> Restore:
    """One whole restore of a client that knows nothing, whose steps must all be done; debts too, unless not `owes`."""
    connection = world.connection(wrap)
    found = planned(connection, recovery, choices or Choices(), events=events)
    assert not found.plan.guards, found.plan.guards
    assert make_set_up(connection, found.set_up, NoJournal()).failed == {}
    report: Report = carry_out(connection, found.plan, journal=NoJournal(), known=found.known)
    troubles = [f"{result.step.id}: {result.reason}" for result in report.results if result.reason]
    assert troubles == []
    if owes:
        owe(connection, found.debts)
    return found


def coined(http: httpx.Client, precision: int = 9) -> None:
    """Make a custom currency, a unit of which costs a dollar's hundredth, and twice that next year."""
    coins = {"code": "COINS", "name": "Coins", "precision": precision, "decimal_mark": ".", "thousand_separator": ","}
    path = f"/currencies/custom/{http.post('/currencies/custom', json=coins).json()['id']}/cost-bases"
    for cost in ({"rate": "0.01"}, {"rate": "0.02", "effective_from": "2027-01-01T00:00:00Z"}):
        assert http.post(path, json={"fiat_code": "USD", **cost}).is_success


def costs_of_coins(http: httpx.Client) -> list[tuple[str, str | None]]:
    """What a unit of it costs, with the ends, in the order in which the costs begin."""
    rows = http.get("/currencies?filter[type]=custom&expand=cost_basis").json()["data"]
    return [(base["rate"], base.get("effective_to")) for row in rows for base in row["cost_basis"]]


COINED = """
- key: coined
  name: Coined
  currency: USD
  billing_cadence: P1M
  phases: [{key: main, name: Main, rate_cards: [
    {key: fee, name: Fee, billing_cadence: P1M, payment_term: in_advance, price: {type: flat, amount: "12"}},
    {key: coin, name: Coin, billing_cadence: P1M, currency: COINS, price: {type: flat, amount: "0.000000003"}}]}]
"""
"""A plan with a card in this currency, which can't be published before a unit costs something. The server bills none of
it, the fee in advance neither (customer-facts.md §19)."""


class Pausing(httpx.BaseTransport):
    """Lets nobody subscribe."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and request.url.path.endswith("/subscriptions"):
            raise httpx.ConnectError("gone")
        return self._inner.handle_request(request)


def paused(world: World, recovery: Recovery, *, hours: float) -> None:
    """A restore that breaks off before anybody is subscribed, and the hours until somebody goes on."""
    connection = world.connection(Pausing)
    found = planned(connection, recovery, Choices())
    carry_out(connection, found.plan, journal=NoJournal(), known=found.known)
    world.clock.advance(hours * 3600)


def left_of_fees(accounts: Iterable[Accounted]) -> dict[str, Decimal]:
    """What is left of credits for fees in advance, by customer."""
    return {str(one.customer): -one.money["USD"] for one in accounts if one.code == "fee-smaller"}


def writes_of_another(world: World, recovery: Recovery, choices: Choices | None = None) -> Sequence[str]:
    """The writes of another whole restore."""
    again = Wire()
    restored(world, recovery, choices, wrap=again.wrap)
    return again.transport.writes


def balances(world: World) -> Balances:
    """The settled credit, or debt, of each customer by currency, without zeros."""
    return balances_in(recovery_of(world))


def balances_in(recovery: Recovery) -> Balances:
    """The same of a recovery snapshot."""
    keys = {row.id: str(row.fields["key"]) for row in recovery.live.of("customer")}
    found: Balances = {}
    for customer, credit in recovery.credit.items():
        amounts = {row["currency"]: Decimal(row["settled"]) for row in credit.balances}
        found[keys[customer]] = {code: amount for code, amount in amounts.items() if amount}
    return found


def takes_no_credit(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, invoices take no credit, as with `credits.enableCreditThenInvoice` off."""
    monkeypatch.setattr(settling, "draw", lambda *_, amount, **more: amount)
