"""Every resource of the server. A new one is its module and one line here."""

from __future__ import annotations

from functools import cache

from billsync.local.catalog import (
    addons,
    cost_bases,
    currencies,
    custom_currencies,
    features,
    llm_costs,
    meters,
    plan_addons,
    plans,
    tax_codes,
)
from billsync.local.charges import charges, manual_charges
from billsync.local.credits import credits, entitlement_access, grants
from billsync.local.customers import customer_billing, customers, invoices
from billsync.local.hosted import shapes as hosted_shapes
from billsync.local.later import grants as later_grants
from billsync.local.later import subscription_addons as later_subscription_addons
from billsync.local.later import subscriptions as later_subscriptions
from billsync.local.profiles import app_catalog, apps, profiles
from billsync.local.server.editions import KONNECT, KONNECT_LATER, LATER, Edition, requests_of
from billsync.local.server.openapi import PATH, openapi_document
from billsync.local.server.resource import V3, Answer, Call, Route, ok
from billsync.local.subscriptions import subscription_addons, subscription_changes, subscriptions
from billsync.local.usage import events, meter_queries
from billsync.local.v1 import addons as v1_addons
from billsync.local.v1 import customers as v1_customers
from billsync.local.v1 import plan_addons as v1_plan_addons
from billsync.local.v1 import plans as v1_plans
from billsync.local.v1 import subjects as v1_subjects
from billsync.local.v1 import subscription_addons as v1_subscription_addons
from billsync.local.v1 import subscription_edits as v1_subscription_edits
from billsync.local.v1 import subscriptions as v1_subscriptions
from billsync.local.v1 import usage_grants, v2_entitlement_lists, v2_entitlements, v2_usage

RESOURCES = (
    meters,
    meter_queries,
    features,
    plans,
    addons,
    plan_addons,
    apps,
    app_catalog,
    profiles,
    tax_codes,
    currencies,
    custom_currencies,
    cost_bases,
    customers,
    customer_billing,
    entitlement_access,
    subscriptions,
    subscription_changes,
    subscription_addons,
    v1_subscription_addons,
    v1_subscriptions,
    v1_subscription_edits,
    v1_plans,
    v1_addons,
    v1_plan_addons,
    v1_customers,
    v1_subjects,
    v2_entitlements,
    v2_entitlement_lists,
    v2_usage,
    usage_grants,
    grants,
    credits,
    charges,
    manual_charges,
    invoices,
    events,
    llm_costs,
)
ROUTES = tuple(route for resource in RESOURCES for route in resource.ROUTES)
_LATER = (later_grants, later_subscriptions, later_subscription_addons)
_CHANGED = {LATER: _LATER, KONNECT: (hosted_shapes,), KONNECT_LATER: (hosted_shapes,)}


@cache
def routes_of(edition: Edition) -> tuple[Route, ...]:
    """The routes of an edition: Konnect has those in its table alone, and publishes neither older APIs nor its own
    document."""
    changed = (route for resource in _CHANGED.get(edition, ()) for route in resource.ROUTES)
    routes = {(route.version, route.operation): route for route in (*ROUTES, *changed)}
    if not edition.is_konnect:
        return (*routes.values(), DOCUMENT)
    published = requests_of(edition)["operations"]
    return tuple(route for (version, operation), route in routes.items() if version == V3 and operation in published)


def _document(call: Call) -> Answer:
    return ok(openapi_document(call.edition))


DOCUMENT = Route("GET", PATH, _document)
