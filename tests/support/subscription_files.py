"""Files that declare one customer's subscription, edited one field at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import yaml
from hypothesis import strategies as st

from billsync.model.state import Desired
from tests.support.world import declared

PLANS = ("small", "large", "yearly")
CUSTOMER = "acme"
_CADENCES = {"yearly": "P1Y"}
Document = dict[str, Any]
EDITS = st.one_of(
    st.sampled_from(PLANS).map(lambda plan: ("plan", plan)),
    st.sampled_from(["at_renewal", "immediate", "at_renewal", "immediate", None]).map(lambda word: ("change", word)),
    st.sampled_from([None, None, "at_renewal", "at_renewal", "2026-11-01T00:00:00Z", "immediate"]).map(
        lambda end: ("ends", end)
    ),
    st.sampled_from([None, "latest", "latest", 1, 2]).map(lambda version: ("version", version)),
    st.sampled_from([None, "credit_only", "credit_then_invoice"]).map(lambda mode: ("settlement_mode", mode)),
    st.sampled_from([None, {"team": "red"}, {"team": "blue"}]).map(lambda labels: ("labels", labels)),
)
"""A field of the declared subscription, and its new value, None for none."""


@dataclass(frozen=True, slots=True)
class Files:
    """The declared fields of the subscription, None for a removed one, and the price of each plan.

    Each plan has a fee in advance under the same key, so that no server lets two subscriptions run at one time.
    """

    subscription: Document | None = None
    prices: tuple[int, ...] = (10, 30, 100)

    def with_field(self, name: str, value: object) -> Files:
        """The files with a field of the subscription set, or taken out where the value is None."""
        fields = {**(self.subscription or {"plan": PLANS[0]}), name: value}
        return replace(self, subscription={key: item for key, item in fields.items() if item is not None})

    def dearer(self, plan: str) -> Files:
        """The files with another price of a plan, for which a new version is published."""
        prices = (price + (key == plan) for key, price in zip(PLANS, self.prices, strict=True))
        return replace(self, prices=tuple(prices))

    @property
    def desired(self) -> Desired:
        """What the files declare. Raises AssertionError for mistakes in them."""
        return declared(yaml.safe_dump(self._document()))

    def _document(self) -> Document:
        chains = [self.subscription] if self.subscription else []
        grant = {"key": "welcome", "name": "Welcome", "amount": "500", "currency": "USD", "funding_method": "none"}
        return {
            "_info": {"owner": "us"},
            "plans": [_plan(key, price) for key, price in zip(PLANS, self.prices, strict=True)],
            "customers": [{"key": CUSTOMER, "name": "Acme", "grants": [grant], "subscriptions": chains}],
        }


def _plan(key: str, price: int) -> Document:
    cadence = _CADENCES.get(key, "P1M")
    fee = {
        "key": "fee",
        "name": "Fee",
        "price": {"type": "flat", "amount": str(price)},
        "payment_term": "in_advance",
        "billing_cadence": cadence,
    }
    phases = [{"key": "default", "name": "Default", "rate_cards": [fee]}]
    return {"key": key, "name": key.title(), "currency": "USD", "billing_cadence": cadence, "phases": phases}
