"""Konnect's roles, with the resources that each may read and write. The self-hosted server has no roles.

Source: Konnect's list of predefined roles of Metering & Billing.
"""

from __future__ import annotations

WHOLE = "Metering & Billing"
_AREAS = {
    "meters": "Metering",
    "events": "Metering",
    "features": "Product Catalog",
    "plans": "Product Catalog",
    "addons": "Product Catalog",
    "customers": "Billing",
    "subscriptions": "Billing",
    "billing": "Billing",
}
PRODUCT = "/openmeter/"
READ_BY_POST = "query"


def roles_for(method: str, path: str) -> tuple[str, ...]:
    """The roles that allow a call, the one for everything first; empty for calls outside of billing."""
    if not path.startswith(PRODUCT):
        return ()
    names = path.strip("/").split("/")
    is_read = method == "GET" or names[-1] == READ_BY_POST
    level = "Viewer" if is_read else "Admin"
    area = next((_AREAS[name] for name in names if name in _AREAS), None)
    return (f"{WHOLE} {level}", *((f"{area} {level}",) if area else ()))
