"""The quantity of a subscription's add-on, changed through API v3. Documented only, not recorded."""

from __future__ import annotations

from billsync.local.server.resource import Answer, Call, Route, ok
from billsync.local.subscriptions.subscription_addons import find, view
from billsync.local.v1.subscription_addons import change_quantity


def change(call: Call) -> Answer:
    """As through API v1; the answer is v3's."""
    change_quantity(call)
    return ok(view(call, find(call)))


ROUTES = (Route("PATCH", "/openmeter/subscriptions/{subscriptionId}/addons/{subscriptionAddonId}", change),)
