"""The fields on which others are decided: once one has changed, plan files that refer to its entity no longer fit."""

from __future__ import annotations

METER_TERMS = ("aggregation", "event_type", "events_from", "value_property", "dimensions")
"""The usage that a meter counts: features are decided on it."""

FEATURE_TERMS = ("meter",)
"""The things that are sold: rate cards and grants are decided on them."""

TAX_TERMS = ("app_mappings",)
"""The tax: rate cards and grants are decided on it."""

ADDON_TERMS = ("currency", "instance_type", "rate_cards")
"""The price of an add-on: plans and subscriptions are decided on it."""

PLAN_TERMS = ("currency", "billing_cadence", "pro_rating_enabled", "settlement_mode", "phases", "addons")
"""The price of a plan: subscriptions are decided on it."""

CUSTOMER_TERMS = ("currency", "usage_attribution")
"""The currency of a customer's bills, and the usage that they count: subscriptions are decided on both."""
