"""Grants come back with what is left of them; files that say what was granted at first differ in nothing."""

from __future__ import annotations

import pytest

from billsync.app.recovery.verifying import verify
from billsync.model.recovery import Fate
from billsync.report.recovery.losses.accounting import complete
from tests.support.old_organization import DAY, balances, empty_at_the_same_time, restored, writes_of_another
from tests.support.recoveries import recovery_of
from tests.support.world import World, declared

FILES = """
_info: {{owner: {owner}}}
customers:
- key: {owner}_customer
  name: Acme
  grants:
  - {{key: plain, name: A, amount: "100", currency: USD, funding_method: none, expires_after: P1Y}}
  - {{key: dated, name: B, amount: "100.50", currency: USD, funding_method: none, priority: 3,
      effective_at: "2026-09-01T00:00:00Z", expires_at: "2027-02-01T00:00:00Z"}}
  - {{key: ext, name: C, description: Paid, amount: "50", currency: USD, funding_method: external, {settled}
      purchase: {{per_unit_cost_basis: "0.8"}}}}
  - {{key: inv, name: D, amount: "20", currency: USD, funding_method: invoice, purchase: {{per_unit_cost_basis: "1"}},
      tax_config: {{behavior: exclusive}}}}
  - {{key: short, name: E, amount: "7", currency: USD, funding_method: none, expires_after: P1D}}
  - {{key: gone, name: V, amount: "9", currency: USD, funding_method: none{voided}}}
  - {{key: later, name: L, amount: "11", currency: USD, funding_method: none, effective_at: "2026-12-01T00:00:00Z",
      expires_after: P1M}}
  - {{key: later_invoice, name: I, amount: "13", currency: USD, funding_method: invoice,
      purchase: {{per_unit_cost_basis: "1"}}, effective_at: "2026-12-01T00:00:00Z"}}
"""
NONE, ALL = {"settled": "", "voided": ""}, {"settled": "settlement: settled,", "voided": ", state: voided"}


@pytest.fixture
def old() -> World:
    """Grants of two owners in all states, one without a key, and those of a customer that nobody owns."""
    world = World(seed=1)
    for owner, states in (("one", (NONE, ALL)), ("two", (NONE,))):
        for state in states:
            run = world.sync(declared(FILES.format(owner=owner, **state)), allow={"void": ""})
            assert not run.plan.guards
    with world.http() as http:
        grants = f"customers/{http.get('customers').json()['data'][0]['id']}/credits/grants"
        gift = {"name": "By hand", "currency": "USD", "funding_method": "none"}
        assert http.post(grants, json={**gift, "amount": "3"}).is_success
        nobody = http.post("customers", json={"key": "nobodys", "name": "Nobody's"}).json()["id"]
        yen = {**gift, "key": "k", "amount": "4", "currency": "JPY"}
        assert http.post(f"customers/{nobody}/credits/grants", json=yen).is_success
    world.clock.advance(3 * DAY)
    return world


def test_grants_in_all_states_come_back_once(old: World) -> None:
    """Balances are equal, no file differs, owners stay who they were, and a second restore writes nothing."""
    recovery, new = recovery_of(old), empty_at_the_same_time(old)

    found = restored(new, recovery)

    lines = {(one.what, one.code) for one in found.accounts if one.fate is not Fate.RESTORED}
    assert complete(recovery, found.accounts) == ()
    assert balances(new) == balances(old)
    assert verify(new.connection(), recovery, found.accounts).unexplained == ()
    assert lines == {
        ("grant/one_customer/ext", "paid-before"),
        ("grant/one_customer/inv", "paid-before"),
        ("grant/two_customer/ext", "payment-open"),
        ("grant/two_customer/inv", "paid-before"),
    }
    for owner, state in (("one", ALL), ("one", NONE), ("two", NONE)):
        assert new.plan(declared(FILES.format(owner=owner, **state))).changes == ()
    assert writes_of_another(new, recovery) == ()


def test_an_edit_of_a_restored_grant_is_refused_as_ever(old: World) -> None:
    """The label hides nothing but what the restore changed: another amount is a difference."""
    new = empty_at_the_same_time(old)
    restored(new, recovery_of(old))
    edited = FILES.format(owner="two", **NONE).replace('name: A, amount: "100"', 'name: A, amount: "600"')

    (change,) = new.plan(declared(edited)).changes

    assert (change.address.key, change.code) == ("plain", "immutable-field")
    assert [(one.name, str(one.old), str(one.new)) for one in change.fields] == [("amount", "100", "600")]
