"""Every resource of the server. A new one is its module and one line here."""

from __future__ import annotations

from billsync.local import features, meters

RESOURCES = (meters, features)
ROUTES = tuple(route for resource in RESOURCES for route in resource.ROUTES)
