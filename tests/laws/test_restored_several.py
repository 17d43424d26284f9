"""Customers with several subscriptions at once get all of them back, also where a restore breaks off between two."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from billsync.app.planning.carrying_out import carry_out
from billsync.app.recovery.restoring import planned
from billsync.app.recovery.verifying import verify
from billsync.local.subscriptions.subscription_overlap import Claim
from billsync.model.recovery import Fate
from billsync.report.recovery.restore.choices import Choices
from tests.support.old_organization import (
    balances,
    empty_at_the_same_time,
    lived_through,
    restored,
    writes_of_another,
)
from tests.support.recoveries import recovery_of
from tests.support.world import NoJournal

pytestmark = pytest.mark.thorough

SHOP = """
_info: {{owner: shop, target: {{subscriptions_per_customer: many}}, defaults: {{plan: {{
  currency: USD, billing_cadence: P1M, settlement_mode: credit_only}}}}}}
plans:
- {{key: pro, name: Pro, phases: [{{key: main, name: Main, rate_cards: [
    {{key: fee, name: Fee, billing_cadence: P1M, payment_term: in_advance,
      price: {{type: flat, amount: "{fee}"}}}}]}}]}}
customers:
- {{key: a, name: A, grants: [{{key: g, name: G, amount: "500", currency: USD, funding_method: none}}],
    subscriptions: [{{key: one, plan: pro}}, {{key: two, plan: pro}}]}}
- {{key: b, name: B, subscriptions: [{{key: one, plan: pro}}{more}]}}
"""
LATER = ", {key: two, plan: pro}, {key: three, plan: pro}"


class BreakingOff(httpx.BaseTransport):
    """Lets one subscription begin, and then nothing more."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner, self._is_over = inner, False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._is_over:
            raise httpx.ConnectError("gone")
        self._is_over = request.method == "POST" and request.url.path.endswith("/subscriptions")
        return self._inner.handle_request(request)


def test_several_subscriptions_of_a_customer_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a server that takes them, of which nothing shows so while it is empty."""
    monkeypatch.setattr(Claim, "overlaps", lambda one, other: False)
    old = lived_through([(0, SHOP.format(fee="30", more="")), (5, SHOP.format(fee="40", more=LATER))], days=3)
    recovery, new = recovery_of(old), empty_at_the_same_time(old)

    connection = new.connection(BreakingOff)
    broken = planned(connection, recovery, Choices())
    carry_out(connection, broken.plan, journal=NoJournal(), known=broken.known)
    new.clock.advance(timedelta(minutes=1).total_seconds())
    found = restored(new, recovery)

    assert [one for one in broken.accounts if one.fate is Fate.LOST] == []
    assert verify(new.connection(), recovery, found.accounts).unexplained == ()
    assert balances(new) == balances(old)
    assert writes_of_another(new, recovery) == ()
