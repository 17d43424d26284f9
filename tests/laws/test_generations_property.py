"""For any desired state on any generation of the API: no call is unknown to the server, nor is a field of it.

What a server lacks is refused before the first write; nothing is tried out.
"""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from billsync.config import load
from billsync.kinds.registry import KINDS
from billsync.local.server.editions import Edition
from billsync.model.diagnostic import Severity
from billsync.model.state import Desired
from tests.laws.test_generations import EVERY, Ear
from tests.support.budgets import examples
from tests.support.configurations import EVERY_FLAG
from tests.support.world import World

pytestmark = pytest.mark.thorough

DAY = 86400
MODES = st.sampled_from(["credit_only", "credit_then_invoice"])
FEE = {"key": "fee", "name": "Fee", "billing_cadence": "P1M", "payment_term": "in_advance"}
OPTIONS: dict[str, st.SearchStrategy[Any]] = {
    "version": st.just("latest"),
    "change": st.sampled_from(["immediate", "at_renewal"]),
    "ends": st.sampled_from(["at_renewal", "immediate"]),
    "start": st.just("2026-10-15T00:00:00Z"),
    "cost_basis_mode": st.sampled_from(["dynamic", "pinned"]),
    "billing_anchor": st.just("2026-08-15T00:00:00Z"),
    "settlement_mode": MODES,
    "labels": st.just({"team": "a"}),
}
GRANTS = st.sampled_from([{}, {"tax_config": {"tax_code": "vat"}}, {"state": "voided"}])


@st.composite
def desired(draw: st.DrawFn) -> Desired:
    """One customer with a grant and a subscription, and around them what only some generations take."""
    grant = {"key": "g", "name": "G", "amount": "5", "currency": "USD", "funding_method": "none", **draw(GRANTS)}
    customer: dict[str, Any] = {"key": "acme", "name": "Acme", "grants": [grant]}
    if draw(st.integers(0, 4)):
        customer["subscription"] = draw(_subscriptions())
    document = {
        "_info": {"owner": "payments", "transitions": [{"timing": draw(st.sampled_from(["immediate", "at_renewal"]))}]},
        "tax_codes": [{"key": "vat", "name": "VAT"}],
        "addons": [_addon(draw(st.sampled_from(["3", "4"])))],
        "plans": [_plan(key, draw(st.sampled_from(["10", "20"])), draw(MODES)) for key in ("basic", "pro")],
        "customers": [customer],
    }
    state, found = load(["-"], registry=KINDS, stdin=StringIO(yaml.safe_dump(document)))
    assume(not [each for each in found if each.severity is Severity.ERROR])
    return state


@st.composite
def _subscriptions(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(sorted(OPTIONS)), unique=True, max_size=4))
    bought = draw(st.sampled_from([{}, {}, {"addons": []}, *({"addons": [_bought(n)]} for n in (1, 2))]))
    return {"plan": draw(st.sampled_from(["basic", "pro"])), **{name: draw(OPTIONS[name]) for name in names}, **bought}


def _bought(quantity: int) -> dict[str, Any]:
    return {"addon": "extra", "quantity": quantity}


def _addon(amount: str) -> dict[str, Any]:
    card = {**FEE, "key": "extra_fee", "price": {"type": "flat", "amount": amount}}
    common = {"key": "extra", "name": "Extra", "currency": "USD", "instance_type": "multiple"}
    return {**common, "rate_cards": [card]}


def _plan(key: str, amount: str, mode: str) -> dict[str, Any]:
    phases = [{"key": "a", "name": "A", "rate_cards": [{**FEE, "price": {"type": "flat", "amount": amount}}]}]
    common = {"key": key, "name": key, "currency": "USD", "billing_cadence": "P1M", "settlement_mode": mode}
    return {**common, "phases": phases, "addons": [{"addon": "extra"}]}


@pytest.mark.parametrize("edition", EVERY)
@settings(
    max_examples=examples(30),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(states=st.lists(desired(), min_size=2, max_size=3), days=st.sampled_from([0, 3, 40]))
def test_no_call_and_no_field_is_unknown_to_the_server(edition: Edition, states: list[Desired], days: int) -> None:
    """From an empty server to one state, and some days later to another, with every guard overridden."""
    world, ear = World(edition=edition), Ear()

    for state in states:
        world.sync(state, wrap=ear, allow=EVERY_FLAG)
        world.clock.advance(days * DAY)

    world.close()
    assert ear.unknown == []
