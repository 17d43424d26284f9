"""Schemas of requests of the older API v1; they refer to those of the vendor's table for v3.

Members that no schema names are accepted and ignored. A discount, an entitlement or a price that passes can be
expressed in v3's form, except for rules that such a schema can't state (catalog-facts.md §1.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
TEXT: Schema = {"type": "string"}
NULLABLE_TEXT: Schema = {**TEXT, "nullable": True}
NAME: Schema = {**TEXT, "minLength": 1, "maxLength": 256}
METADATA: Schema = {"type": "object", "additionalProperties": TEXT, "nullable": True}
TIMING: Schema = {"$ref": "BillingSubscriptionEditTiming"}
KEY: Schema = {"$ref": "ResourceKey"}
DESCRIBED: Schema = {"name": NAME, "description": TEXT, "metadata": METADATA}
NUMBER: Schema = {"$ref": "Numeric"}
AMOUNT: Schema = {"type": "object", "required": ["amount"], "properties": {"amount": NUMBER}, "nullable": True}
TIER: Schema = {
    "type": "object",
    "properties": {
        "upToAmount": {"allOf": [NUMBER], "nullable": True},
        "flatPrice": AMOUNT,
        "unitPrice": AMOUNT,
    },
}
PRICE: Schema = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {**TEXT, "enum": ["flat", "unit", "tiered", "dynamic", "package"]},
        "amount": NUMBER,
        "paymentTerm": {**TEXT, "enum": ["in_advance", "in_arrears"]},
        "minimumAmount": NUMBER,
        "maximumAmount": NUMBER,
        "mode": {**TEXT, "enum": ["volume", "graduated"]},
        "tiers": {"type": "array", "minItems": 1, "items": TIER},
    },
    "nullable": True,
}
ENTITLEMENT: Schema = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {**TEXT, "enum": ["metered", "static", "boolean"]},
        "isSoftLimit": {"type": "boolean"},
        "issueAfterReset": {"type": "number", "minimum": 0},
        "usagePeriod": TEXT,
    },
}
PERCENTAGE: Schema = {"type": "number", "minimum": 0, "maximum": 100}
DISCOUNTS: Schema = {
    "type": "object",
    "properties": {
        "percentage": {"type": "object", "required": ["percentage"], "properties": {"percentage": PERCENTAGE}},
        "usage": {"type": "object", "required": ["quantity"], "properties": {"quantity": NUMBER}},
    },
}
TAX: Schema = {
    "type": "object",
    "properties": {"behavior": {"$ref": "BillingTaxBehavior"}, "taxCodeId": {"$ref": "ULID"}},
}
CARD: Schema = {
    "type": "object",
    "required": ["type", "key", "name", "billingCadence", "price"],
    "properties": {
        "type": {**TEXT, "enum": ["flat_fee", "usage_based"]},
        "key": KEY,
        **DESCRIBED,
        "featureKey": KEY,
        "billingCadence": NULLABLE_TEXT,
        "price": PRICE,
        "entitlementTemplate": ENTITLEMENT,
        "discounts": DISCOUNTS,
        "taxConfig": TAX,
    },
}
PHASE: Schema = {
    "type": "object",
    "required": ["key", "name", "duration", "rateCards"],
    "properties": {
        "key": KEY,
        **DESCRIBED,
        "duration": NULLABLE_TEXT,
        "rateCards": {"type": "array", "items": CARD},
    },
}
CUSTOM_PLAN: Schema = {
    "type": "object",
    "required": ["name", "currency", "billingCadence", "phases"],
    "properties": {
        **DESCRIBED,
        "currency": {"$ref": "CurrencyCode"},
        "billingCadence": TEXT,
        "settlementMode": {"$ref": "BillingSettlementMode"},
        "proRatingConfig": {"type": "object", "properties": {"enabled": {"type": "boolean"}}},
        "phases": {"type": "array", "minItems": 1, "items": PHASE},
    },
}
PLAN: Schema = {
    **CUSTOM_PLAN,
    "required": ["key", *CUSTOM_PLAN["required"]],
    "properties": {"key": KEY, **CUSTOM_PLAN["properties"]},
}
EDIT_PHASE: Schema = {
    "type": "object",
    "required": ["key", "name", "startAfter"],
    "properties": {
        "key": KEY,
        "name": NAME,
        "description": TEXT,
        "startAfter": NULLABLE_TEXT,
        "duration": TEXT,
    },
}
EDIT_OPERATION: Schema = {
    "type": "object",
    "required": ["op"],
    "properties": {
        "op": {
            **TEXT,
            "enum": ["add_item", "remove_item", "add_phase", "remove_phase", "stretch_phase", "unschedule_edit"],
        },
        "phaseKey": TEXT,
        "itemKey": TEXT,
        "rateCard": CARD,
        "phase": EDIT_PHASE,
        "shift": {**TEXT, "enum": ["next", "prev"]},
        "extendBy": TEXT,
    },
}
EDIT: Schema = {
    "type": "object",
    "required": ["customizations"],
    "properties": {
        "customizations": {"type": "array", "minItems": 1, "maxItems": 100, "items": EDIT_OPERATION},
        "timing": TIMING,
    },
}
