"""Two parts of a customer's credit that are wrong by the same amount leave its balance as it was, and are found."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.app.recovery.verifying import verify
from billsync.model.recovery import Accounted, Fate, Recovery
from billsync.report.recovery.proof.departures import Aspect
from billsync.report.recovery.proof.uneven import FOR_FEES
from tests.support.budgets import examples
from tests.support.old_organization import (
    balances,
    balances_in,
    empty_at_the_same_time,
    lived_through,
    restored,
    takes_no_credit,
)
from tests.support.recoveries import recovery_of
from tests.support.world import World

pytestmark = pytest.mark.thorough

SHOP = """
_info: {{owner: shop}}
plans:
- key: pro
  name: Pro
  currency: USD
  billing_cadence: P1M
  phases: [{{key: main, name: Main, rate_cards: [
    {{key: fee, name: Fee, billing_cadence: P1M, payment_term: in_advance, price: {{type: flat, amount: "30"}}}}]}}]
customers:
- {{key: acme, name: Acme, subscription: {{plan: pro, settlement_mode: {mode}}}, grants: [
    {{key: lost, name: Lost, amount: "20", currency: USD, funding_method: none, priority: 20}},
    {{key: kept, name: Kept, amount: "500", currency: USD, funding_method: none}}]}}
"""
FEE = Decimal(20)
"""The part of the fee that a restore on the eleventh day bills again; the grant `lost` has as much."""


def restored_shop(mode: str) -> tuple[Recovery, World, tuple[Accounted, ...]]:
    """A shop's snapshot, a server into which it was restored, and the loss report."""
    old = lived_through([(0, SHOP.format(mode=mode))], days=10)
    recovery, new = recovery_of(old), empty_at_the_same_time(old, hours=0)
    return recovery, new, restored(new, recovery).accounts


Act = Callable[[httpx.Client, str], httpx.Response]


def voided(http: httpx.Client, customer: str) -> httpx.Response:
    """Somebody takes back the grant `lost`."""
    rows = http.get(f"customers/{customer}/credits/grants").json()["data"]
    (row,) = (row for row in rows if row.get("key") == "lost")
    return http.post(f"customers/{customer}/credits/grants/{row['id']}/void")


def given_by_hand(http: httpx.Client, customer: str) -> httpx.Response:
    """Somebody gives as much."""
    credit = {"name": "Gift", "currency": "USD", "amount": str(FEE), "funding_method": "none"}
    return http.post(f"customers/{customer}/credits/grants", json=credit)


def charged_by_hand(http: httpx.Client, customer: str) -> httpx.Response:
    """Somebody posts a fee of as much."""
    period = {"from": "2026-09-11T00:00:00Z", "to": "2026-10-01T00:00:00Z"}
    fee = {"type": "flat_fee", "name": "Fee", "currency": "USD", "invoice_at": period["from"], "service_period": period,
           "settlement_mode": "credit_only", "payment_term": "in_advance",
           "proration_configuration": {"mode": "no_proration"},
           "amount_before_proration": {"amount": str(FEE), "currency": "USD"}}  # fmt: skip
    return http.post(f"customers/{customer}/charges", json=fee)


def acted(world: World, *acts: Act) -> None:
    """These acts on a server, each of which it takes."""
    with world.http() as http:
        (acme,) = http.get("customers").json()["data"]
        for act in acts:
            answer = act(http, acme["id"])
            assert answer.is_success, answer.text


def said_lost(recovery: Recovery) -> Accounted:
    """A line of a loss report that accounts for the grant `lost`."""
    (row,) = (row for row in recovery.live.of("grant") if row.fields["key"] == "lost")
    return Accounted("grant", row.id, "lost", Fate.LOST, "some-code", "some reason", "acme", {"USD": FEE})


def test_a_credit_that_no_invoice_took_and_a_lost_grant_are_both_found() -> None:
    """Though the balance is what it was."""
    with pytest.MonkeyPatch.context() as patched:
        takes_no_credit(patched)
        recovery, new, accounts = restored_shop("credit_then_invoice")
        acted(new, voided)

        found = verify(new.connection(), recovery, accounts).unexplained

        assert balances(new) == balances_in(recovery)
        assert [(one.aspect, one.have, *(line.code for line in one.why)) for one in found] == [
            (Aspect.GRANT, "lost: 0"),
            (Aspect.GRANT, f"{FOR_FEES}: 20", "invoiced-twice"),
        ]


@given(
    mode=st.sampled_from(["credit_only", "credit_then_invoice", "untaken"]),
    acts=st.lists(st.sampled_from([voided, given_by_hand, charged_by_hand]), unique=True),
    is_said=st.booleans(),
)
@settings(max_examples=examples(12), deadline=None)
def test_a_server_is_verified_if_nothing_happened_there(mode: str, acts: list[Act], is_said: bool) -> None:
    """Whatever it comes to in sum; a loss that the report names is none."""
    with pytest.MonkeyPatch.context() as patched:
        if mode == "untaken":
            takes_no_credit(patched)
        recovery, new, accounts = restored_shop("credit_only" if mode == "credit_only" else "credit_then_invoice")
        acted(new, *acts)
        said = (said_lost(recovery),) if is_said else ()

        found = verify(new.connection(), recovery, (*accounts, *said))

        is_as_said = mode != "untaken" and acts in ([], [voided] if is_said else [])
        assert (found.unexplained == ()) is is_as_said, (balances(new), found.departures)
