"""Paths of what a customer has besides the managed kinds, as data; `{parent}` stands for the customer's id."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from billsync.model.routes import HiddenLabels

BALANCE = "/openmeter/customers/{parent}/credits/balance"
"""Credit balance by currency (customer-facts.md §8)."""

TRANSACTIONS = "/openmeter/customers/{parent}/credits/transactions"
"""Credit movements, newest first, by cursor (customer-facts.md §9)."""

CHARGES = "/openmeter/customers/{parent}/charges"
"""The list of charges, oldest first, by page (customer-facts.md §11). Both dialects have it."""

BILLING = "/openmeter/customers/{parent}/billing"
"""Billing profile and app data (customer-facts.md §4)."""

ENTITLEMENT_ACCESS = "/openmeter/customers/{parent}/entitlement-access"
"""Features to which a customer is entitled now (customer-facts.md §12). Both dialects have it."""

METER_QUERY = "/openmeter/meters/{parent}/query"
"""Usage of a meter (POST, reads only); `{parent}` stands for the meter's id. Both dialects have it."""

EVENTS = "/openmeter/events"
"""Usage events, sent by POST, and listed by cursor (customer-facts.md §14). Both dialects have it."""

SUBSCRIPTION_ADDONS = "/openmeter/subscriptions/{parent}/addons"
"""The add-ons of a subscription, by page (customer-facts.md §6.1); `{parent}` stands for its id. Both dialects."""

DELETED_CUSTOMERS = HiddenLabels(
    collection="/v1/customers",
    query=(("includeDeleted", "true"), ("orderBy", "id"), ("order", "ASC")),
    size=1000,
    labels="metadata",
    lists={},
    unshown=(),
    fiat="currency",
)
"""All customers, deleted ones with `deletedAt`, in API v1; API v3 lists no deleted ones (customer-facts.md §3.4)."""

EVENTS = "/openmeter/events"
"""Usage events, by cursor (customer-facts.md §14). Both dialects have it."""

INVOICES = "/openmeter/billing/invoices"
"""All invoices, by page (customer-facts.md §13); only where the dialect has them."""

CURRENCIES = "/openmeter/currencies"
"""All currencies, by page; only where there are custom ones (catalog-facts.md §10.1)."""

CUSTOM_CURRENCIES = "/openmeter/currencies/custom"  # POST only (catalog-facts.md §10.2)

CUSTOM = (("filter[type]", "custom"),)
"""The filter of custom ones among them."""

WITH_COSTS = (*CUSTOM, ("expand", "cost_basis"))
"""The query for these with the costs of a unit that are in force or scheduled (catalog-facts.md §10.1)."""

COST_BASES = "/openmeter/currencies/custom/{parent}/cost-bases"
"""The history of what a unit of a custom currency costs (catalog-facts.md §10.3); `{parent}` stands for its id."""

PROFILES = "/openmeter/profiles"
"""All billing profiles (catalog-facts.md §12). Both dialects have it."""

APPS = "/openmeter/apps"
"""All apps that are installed (catalog-facts.md §13). Both dialects have it."""

UNDECLARED_CURRENCIES = "custom currencies"
UNDECLARED_PROFILES = "billing profiles"
UNDECLARED_APPS = "apps"

UNDECLARED: Mapping[str, tuple[str, tuple[tuple[str, str], ...]]] = MappingProxyType(
    {
        UNDECLARED_CURRENCIES: (CURRENCIES, WITH_COSTS),
        UNDECLARED_PROFILES: (PROFILES, ()),
        UNDECLARED_APPS: (APPS, ()),
        "costs of language models": ("/openmeter/llm-cost/overrides", ()),
    }
)
"""Lists of what no file can declare yet, with their filters (catalog-facts.md §10 to §13)."""
