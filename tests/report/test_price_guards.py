"""Price policies of add-ons: the cards of the version on sale against those that are declared."""

from __future__ import annotations

import pytest

from billsync.api.routes import routes
from billsync.core.observed.index import index
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import Action, Change, PlanFile
from billsync.model.state import Row, Snapshot
from billsync.report.impact.price_guards import price_guards
from tests.support.world import declared

FILES = """
_info: {owner: us, policy: {prices: [{addons: [sea*], max_increase: 10%, usage: {from: 0, to: 100}}]}}
addons:
  - key: seats
    name: Seats
    currency: USD
    instance_type: single
    rate_cards: [{key: fee, name: Fee, billing_cadence: P1M, price: {type: flat, amount: "AMOUNT"}}]
"""
CARD = {"key": "fee", "name": "Fee", "billing_cadence": "P1M", "price": {"type": "flat", "amount": "10"}}
LIVE = {"id": "A1", "key": "seats", "name": "Seats", "version": 1, "status": "active", "currency": "USD"}
ROW = Row("addon", "A1", {**LIVE, "instance_type": "single", "rate_cards": [CARD]})
BROKEN = "addon/seats@2: the fees would cost 10 → 11.01 USD, 10.1 % more; the policy at -:2:38 allows 10 %"


@pytest.mark.parametrize(("amount", "reasons"), [("11", []), ("11.01", [BROKEN])])
def test_a_price_policy_limits_addons(amount: str, reasons: list[str]) -> None:
    desired = declared(FILES.replace("AMOUNT", amount))
    plan = PlanFile("here", "us", "sync", (Change(Address("addon", ("seats",), 2), Action.UPDATE, "publishing"),), ())
    found = index(Snapshot({"addon": (ROW,)}), KINDS, routes("openmeter"))

    guards = price_guards(desired, plan, found)

    assert [guard.reason for guard in guards] == reasons
    assert {guard.flag for guard in guards} <= {""}
