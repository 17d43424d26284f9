"""Every resource of the server. A new one is its module and one line here."""

from __future__ import annotations

from billsync.local import (
    addons,
    charges,
    credits,
    currencies,
    customer_billing,
    customers,
    entitlement_access,
    events,
    features,
    grants,
    invoices,
    manual_charges,
    meter_queries,
    meters,
    plan_addons,
    plans,
    profiles,
    subscription_addons,
    subscription_changes,
    subscriptions,
    tax_codes,
    v1_subscription_addons,
)

RESOURCES = (
    meters,
    meter_queries,
    features,
    plans,
    addons,
    plan_addons,
    profiles,
    tax_codes,
    currencies,
    customers,
    customer_billing,
    entitlement_access,
    subscriptions,
    subscription_changes,
    subscription_addons,
    v1_subscription_addons,
    grants,
    credits,
    charges,
    manual_charges,
    invoices,
    events,
)
ROUTES = tuple(route for resource in RESOURCES for route in resource.ROUTES)
