"""What others are decided on: if one of these fields has changed since, plan files that refer to it no longer fit."""

from __future__ import annotations

METER_TERMS = ("aggregation", "event_type", "events_from", "value_property", "dimensions")
"""What a meter counts: features are decided on it."""

FEATURE_TERMS = ("meter",)
"""What is sold: rate cards and grants are decided on it."""

TAX_TERMS = ("app_mappings",)
"""How it is taxed: rate cards and grants are decided on it."""

ADDON_TERMS = ("currency", "instance_type", "rate_cards")
"""What an add-on costs: plans and subscriptions are decided on it."""

PLAN_TERMS = ("currency", "billing_cadence", "pro_rating_enabled", "settlement_mode", "phases", "addons")
"""What a plan costs: subscriptions are decided on it."""

CUSTOMER_TERMS = ("currency", "usage_attribution")
"""In what and for which usage a customer is billed: subscriptions are decided on it."""
