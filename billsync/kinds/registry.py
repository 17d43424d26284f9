"""All kinds that billsync manages, in the order in which they are created."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from billsync.kinds.addon import ADDON
from billsync.kinds.customer import CUSTOMER
from billsync.kinds.feature import FEATURE
from billsync.kinds.grant import GRANT
from billsync.kinds.meter import METER
from billsync.kinds.plan import PLAN
from billsync.kinds.subscription import SUBSCRIPTION
from billsync.kinds.tax_code import TAX_CODE
from billsync.model.kind import Registry

KINDS: Registry = MappingProxyType(
    {kind.name: kind for kind in (METER, FEATURE, TAX_CODE, ADDON, PLAN, CUSTOMER, GRANT, SUBSCRIPTION)}
)

LATER_COLLECTIONS: Mapping[str, str] = MappingProxyType(
    {"currencies": "currency", "billing_profiles": "billing_profile"}
)
"""Collections of what can be referred to, but not declared yet, with their kinds."""

LATER_FIELDS: Mapping[str, frozenset[str]] = MappingProxyType({"plan": frozenset({"extends", "variants"})})
"""Fields of kinds that a later version reads."""
