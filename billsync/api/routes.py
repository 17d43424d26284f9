"""The calls of each kind in each dialect, as data: paths, list queries, and the fields that request bodies have.

Sources: the vendor's OpenAPI documents, catalog-facts.md §1.4 and §3, customer-facts.md §2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from billsync.model.kind import CallForm, HiddenLabels, ListQuery, Part, Renaming, Routes

DIALECTS = ("openmeter", "konnect")

_PAGE = 100
_EVERYTHING = 10_000  # lists without any order are read as one large page (catalog-facts.md §1.4)

_PLAN_LABELS = HiddenLabels(  # catalog-facts.md §1.5 and §14.2; Konnect publishes no v1
    collection="/v1/plans",
    query=(("status", "draft"), ("status", "active"), ("status", "archived")),
    size=_PAGE,
    labels="metadata",
    lists={"phases": "phases", "rate_cards": "rateCards"},
    unshown=("unit_config", "currency"),
    fiat="currency",
)

_VERSION_CALLS = {  # of plans and add-ons
    name: {call: CallForm("POST", f"/openmeter/{name}/{{id}}/{call}") for call in ("publish", "archive")}
    for name in ("plans", "addons")
}

_CHAIN_CALLS = {  # customer-facts.md §5.1, §5.8 and §15
    "cancel": CallForm("POST", "/openmeter/subscriptions/{id}/cancel"),
    "change": CallForm("POST", "/openmeter/subscriptions/{id}/change"),
    "resume": CallForm("POST", "/openmeter/subscriptions/{id}/unschedule-cancelation"),
}

_CHAIN_CALLS_V1 = {
    "withdraw": CallForm("DELETE", "/v1/subscriptions/{id}"),
    "begin_later": CallForm(
        "POST",
        "/v1/subscriptions",
        names={
            "customer": "customerId",
            "plan": "plan",
            "labels": "metadata",
            "settlement_mode": "settlementMode",
            "billing_anchor": "billingAnchor",
            "timing": "timing",
        },
        bare=("customer",),
        keyed=("plan",),
    ),
}

_OPENMETER: Mapping[str, Routes] = {
    "meter": Routes(
        collection="/openmeter/meters",
        listing=ListQuery(sort="created_at", size=_PAGE),
        key_filter="key",
        create=(
            "key", "name", "description", "labels", "aggregation", "event_type", "events_from", "value_property",
            "dimensions",
        ),
        update=("name", "description", "labels", "dimensions"),
        update_verb="PUT",
        delete=True,
    ),
    "feature": Routes(
        collection="/openmeter/features",
        listing=ListQuery(sort="created_at", size=_PAGE),
        key_filter="key",
        create=("key", "name", "description", "labels", "meter", "unit_cost"),
        update=("unit_cost",),
        update_verb="PATCH",
        delete=True,
    ),
    "tax_code": Routes(
        collection="/openmeter/tax-codes",
        listing=ListQuery(sort=None, size=_EVERYTHING, at_once=1),
        key_filter=None,
        create=("key", "name", "description", "labels", "app_mappings"),
        update=("name", "description", "labels", "app_mappings"),
        update_verb="PUT",
    ),
    "addon": Routes(
        collection="/openmeter/addons",
        listing=ListQuery(sort="id", size=_PAGE),
        key_filter="key",
        create=("key", "name", "description", "labels", "currency", "instance_type", "rate_cards"),
        update=("name", "description", "labels", "instance_type", "rate_cards"),
        update_verb="PUT",
        delete=True,
        calls=_VERSION_CALLS["addons"],
    ),
    "plan": Routes(
        collection="/openmeter/plans",
        listing=ListQuery(sort="id", size=_PAGE),
        key_filter="key",
        create=("key", "name", "description", "labels", "currency", "billing_cadence", "pro_rating_enabled", "phases"),
        update=("name", "description", "pro_rating_enabled", "phases"),
        update_verb="PUT",
        delete=True,
        calls=_VERSION_CALLS["plans"],
        parts=(
            Part(
                field="addons",
                collection="/openmeter/plans/{parent}/addons",
                listing=ListQuery(sort=None, size=_EVERYTHING, at_once=1),
                create=("name", "addon", "from_plan_phase", "max_quantity"),
                titled_by="addon",
                update=("name", "labels", "from_plan_phase", "max_quantity"),  # catalog-facts.md §9.1
            ),
        ),
        hidden=_PLAN_LABELS,
    ),
    "customer": Routes(
        collection="/openmeter/customers",
        listing=ListQuery(sort="id", size=_PAGE),
        key_filter="key",
        create=(
            "key", "name", "description", "labels", "usage_attribution", "primary_email", "currency",
            "billing_address",
        ),
        update=(
            "name", "description", "labels", "usage_attribution", "primary_email", "currency", "billing_address",
        ),
        update_verb="PUT",
        delete=True,
        claim_filter="usage_attribution_subject_key",
        renaming=Renaming(  # customer-facts.md §3.1 and §15; Konnect publishes no v1
            collection="/v1/customers", names={"labels": "metadata"}
        ),
    ),
    "grant": Routes(
        collection="/openmeter/customers/{parent}/credits/grants",
        listing=ListQuery(sort=None, size=_EVERYTHING, at_once=1),
        key_filter="key",
        create=(
            "key", "name", "description", "labels", "funding_method", "currency", "amount", "purchase", "tax_config",
            "filters", "priority", "effective_at", "expires_after",
        ),
        calls={"void": CallForm("POST", "/openmeter/customers/{parent}/credits/grants/{id}/void")},
    ),
    "subscription": Routes(
        collection="/openmeter/subscriptions",
        listing=ListQuery(sort="id", size=5, at_once=4),  # customer-facts.md §5.11
        key_filter=None,
        create=("customer", "plan", "labels", "settlement_mode", "billing_anchor", "cost_basis_mode"),
        calls={**_CHAIN_CALLS, **_CHAIN_CALLS_V1},
        parent_filter="customer_id",
    ),
}  # fmt: skip

_KONNECT: Mapping[str, Routes] = {
    **_OPENMETER,
    "plan": replace(_OPENMETER["plan"], hidden=None),
    "customer": replace(_OPENMETER["customer"], renaming=None),
    "grant": replace(_OPENMETER["grant"], calls={}),
    "subscription": replace(
        _OPENMETER["subscription"],
        create=("customer", "plan", "labels", "settlement_mode", "billing_anchor"),
        calls=_CHAIN_CALLS,
    ),
}

_ROUTES = {"openmeter": MappingProxyType(_OPENMETER), "konnect": MappingProxyType(_KONNECT)}


def routes(dialect: str) -> Mapping[str, Routes]:
    """The routes of all kinds by name, one row a kind. Raises KeyError for an unknown dialect.

    A kind that is only referred to has a row without a `create`: its list is read to find ids by key, and it is never
    written.
    """
    return _ROUTES[dialect]
