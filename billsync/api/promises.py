"""Fields that the API promises in the rows and documents that billsync reads, with their types, as data.

Only fields that are read are listed. A name that ends in `?` may be absent or null. Sources: the vendor's OpenAPI
documents, catalog-facts.md §3, customer-facts.md §3, §5.2, §6.1, §7 to §9, §11 and §13.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

TEXT, MOMENT, AMOUNT, WHOLE, BOOLEAN = "a text", "a time", "a number as text", "a whole number", "true or false"
ANYTHING = "anything"

Promise: TypeAlias = "str | Mapping[str, Promise] | tuple[Promise, ...]"
"""One of the words above; a map of fields; a list of one promise; or a map of names to one, under the name `*`."""

_LABELS: Promise = {"*": TEXT}
_REFERENCE: Promise = {"id": TEXT}
_LIFE: dict[str, Promise] = {"id": TEXT, "created_at?": MOMENT, "deleted_at?": MOMENT, "labels?": _LABELS}
_VERSION: dict[str, Promise] = {**_LIFE, "key": TEXT, "name": TEXT, "version": WHOLE, "status": TEXT}
_CARD: dict[str, Promise] = {
    "key": TEXT,
    "name": TEXT,
    "price": {"type": TEXT},
    "feature?": _REFERENCE,
    "billing_cadence?": TEXT,
    "payment_term?": TEXT,
    "currency?": TEXT,
    "discounts?": {"*": ANYTHING},
    "commitments?": {"*": ANYTHING},
    "unit_config?": {"*": ANYTHING},
}
_PERIOD: Promise = {"from": MOMENT, "to": MOMENT}

PROMISES: Mapping[str, Promise] = MappingProxyType(
    {
        "/openmeter/meters": {**_LIFE, "key": TEXT, "name": TEXT, "aggregation": TEXT, "dimensions?": {"*": TEXT}},
        "/openmeter/features": {
            **_LIFE,
            "key": TEXT,
            "name": TEXT,
            "meter?": {"id": TEXT, "filters?": {"*": {"*": ANYTHING}}},
            "unit_cost?": {"type": TEXT},
        },
        "/openmeter/tax-codes": {
            **_LIFE,
            "key": TEXT,
            "name": TEXT,
            "app_mappings": ({"app_type": TEXT, "tax_code": TEXT},),
        },
        "/openmeter/plans": {
            **_VERSION,
            "currency": TEXT,
            "billing_cadence": TEXT,
            "phases": ({"key": TEXT, "name": TEXT, "rate_cards": (_CARD,)},),
        },
        "/openmeter/plans/*/addons": {"id": TEXT, "addon": _REFERENCE, "from_plan_phase": TEXT, "max_quantity?": WHOLE},
        "/openmeter/addons": {**_VERSION, "currency": TEXT, "instance_type": TEXT, "rate_cards?": (_CARD,)},
        "/openmeter/customers": {
            **_LIFE,
            "key?": TEXT,
            "name": TEXT,
            "currency?": TEXT,
            "usage_attribution?": {"subject_keys": (TEXT,)},
        },
        "/openmeter/subscriptions": {
            **_LIFE,
            "customer_id": TEXT,
            "status": TEXT,
            "active_from": MOMENT,
            "active_to?": MOMENT,
            "current_period?": _PERIOD,
            "billing_anchor": MOMENT,
            "billing_cadence": TEXT,
            "invoice_currency?": TEXT,
            "settlement_mode?": TEXT,
            "plan?": {"id": TEXT, "key": TEXT, "version": WHOLE},
            "pro_rating_config?": {"enabled": BOOLEAN},
            "phases": (
                {
                    "key": TEXT,
                    "active_from": MOMENT,
                    "active_to?": MOMENT,
                    "items": ({"id": TEXT, "rate_card": _CARD, "active_from?": MOMENT, "active_to?": MOMENT},),
                },
            ),
        },
        "/openmeter/subscriptions/*/addons": {
            "id": TEXT,
            "addon": _REFERENCE,
            "labels?": _LABELS,
            "quantity": WHOLE,
            "quantity_at": MOMENT,
            "rate_cards": ({"rate_card": _CARD},),
            "timeline": ({"active_from": MOMENT, "active_to?": MOMENT, "quantity": WHOLE},),
        },
        "/openmeter/customers/*/credits/balance": {
            "retrieved_at": MOMENT,
            "balances": ({"currency": TEXT, "live": AMOUNT, "settled": AMOUNT, "pending": AMOUNT},),
        },
        "/openmeter/customers/*/entitlement-access": {"data": ({"type": TEXT, "feature_key": TEXT},)},
        "/openmeter/customers/*/credits/grants": {
            **_LIFE,
            "key?": TEXT,
            "name": TEXT,
            "status": TEXT,
            "currency": TEXT,
            "amount": AMOUNT,
            "created_at": MOMENT,
            "effective_at?": MOMENT,
            "expires_at?": MOMENT,
            "voided_at?": MOMENT,
            "priority?": WHOLE,
            "filters?": {"features?": (TEXT,)},
        },
        "/openmeter/customers/*/credits/transactions": {
            "id": TEXT,
            "type": TEXT,
            "name": TEXT,
            "currency": TEXT,
            "amount": AMOUNT,
            "booked_at": MOMENT,
            "created_at": MOMENT,
            "labels?": _LABELS,
        },
        "/openmeter/customers/*/charges": {
            "id": TEXT,
            "type": TEXT,
            "status": TEXT,
            "name": TEXT,
            "currency": TEXT,
            "invoice_at": MOMENT,
            "service_period": _PERIOD,
            "full_service_period": _PERIOD,
            "billing_period": _PERIOD,
            "unique_reference_id?": TEXT,
            "subscription?": {"id": TEXT, "phase": {"id": TEXT, "item": _REFERENCE}},
            "price?": {"type": TEXT},
            "feature_key?": TEXT,
            "feature_id?": TEXT,
        },
        "/openmeter/billing/invoices": {
            "id": TEXT,
            "number": TEXT,
            "status": TEXT,
            "currency": TEXT,
            "issued_at?": MOMENT,
            "due_at?": MOMENT,
            "customer": {"id": TEXT, "name": TEXT, "key?": TEXT},
            "totals": {"amount": AMOUNT, "credits_total": AMOUNT, "total": AMOUNT},
        },
    }
)


SHORT: Mapping[str, Mapping[str, Promise]] = MappingProxyType(
    {
        "/openmeter/subscriptions": {
            **_LIFE,
            "customer_id": TEXT,
            "plan_id?": TEXT,
            "status": TEXT,
            "billing_anchor": MOMENT,
            "settlement_mode?": TEXT,
            "cost_basis_mode?": TEXT,
        },
    }
)
"""Rows as Konnect documents them, of which OpenMeter shows more. A row with any field that only the longer form has is
held to the longer one."""


def promise_to(path: str, row: Mapping[str, object]) -> Promise | None:
    """Return the promised fields of one row: the shorter form's, where it has no field of the longer alone."""
    whole, short = promise_of(path), SHORT.get(path)
    if short is None or not isinstance(whole, Mapping):
        return whole
    return whole if _more(whole, short) & row.keys() else short


def _more(whole: Mapping[str, Promise], short: Mapping[str, Promise]) -> frozenset[str]:
    """The fields that only the longer form has."""
    names, others = ({name.removesuffix("?") for name in form} for form in (whole, short))
    return frozenset(names - others)


def forms_of(path: str) -> tuple[tuple[Mapping[str, Promise], frozenset[str]], ...]:
    """Return the forms of a list's rows, each with the fields that no row of it has; one without promises if there are
    none."""
    whole, short = promise_of(path), SHORT.get(path)
    longer = whole if isinstance(whole, Mapping) else {}
    return ((longer, frozenset()), *(((short, _more(longer, short)),) if short is not None else ()))


def promise_of(path: str) -> Promise | None:
    """Return the promised fields of each row of a list, or of a document; None without promises."""
    names = path.split("/")
    if len(names) > 3 and names[2] != "billing":
        names[3] = "*"
        path = "/".join(names)
    return PROMISES.get(path)
