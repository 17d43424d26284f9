"""Every resource of the server. A new one is its module and one line here."""

from __future__ import annotations

from billsync.local import features, meters, plans, profiles, tax_codes

RESOURCES = (meters, features, plans, profiles, tax_codes)
ROUTES = tuple(route for resource in RESOURCES for route in resource.ROUTES)
