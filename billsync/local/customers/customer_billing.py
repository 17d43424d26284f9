"""Billing data of a customer: its pinned profile (customer-facts.md §4). Sandbox apps store no data about it."""

from __future__ import annotations

from billsync.local.customers.customers import find, find_for_write
from billsync.local.profiles.profile_choice import PIN, default_profile, effective_profile, pinned
from billsync.local.profiles.profiles import find as find_profile
from billsync.local.server.problems import coded, problem
from billsync.local.server.resource import V1, Answer, Call, Route, new_row, no_content, ok
from billsync.local.store.store import Row, changed


def get(call: Call) -> Answer:
    """The effective profile, pinned or not; a deleted customer has one too (§4.2)."""
    customer = find(call.store, call.path["customerId"])
    return ok({"app_data": {}, "billing_profile": {"id": effective_profile(call.store, customer.id)}})


def put(call: Call) -> Answer:
    """Pins the customer to a profile. Without one in the request nothing changes, but the answer names the default
    profile (§4.3)."""
    customer, store = find_for_write(call), call.store
    wanted = call.body.get("billing_profile", {}).get("id")
    if wanted is None:
        return ok({"billing_profile": {"id": default_profile(store)}})
    pin(call, customer, find_profile(store, wanted).id)
    return ok({"billing_profile": {"id": wanted}})


def put_app_data(call: Call) -> Answer:
    """Accepted without effect: no app here keeps data of a customer (§4.4)."""
    find_for_write(call)
    return ok({})


def checkout_session(call: Call) -> Answer:
    find_for_write(call)
    raise problem(404, "not found error: the payment app of the customer's profile is not a stripe app")


def portal_session(call: Call) -> Answer:
    find_for_write(call)
    raise problem(412, "precondition failed error: the customer's profile has no stripe app")


def pin(call: Call, customer: Row, profile_id: str) -> None:
    """From now on the customer is billed with this profile."""
    document = {"profile": profile_id}
    if row := pinned(call.store, customer.id):
        call.store.update(changed(row, call.now, document=document))
    else:
        call.store.insert(new_row(call, PIN, document, parent=customer.id))


def unpin(call: Call) -> Answer:
    """From now on the default profile bills the customer; only the older API can do this (§4.3). Raises Problem (404)
    without a pin."""
    customer_id = call.path["customerId"]
    row = pinned(call.store, customer_id)
    if row is None:
        raise coded(404, "customer_override_not_found", "customer override not found", customer_id)
    call.store.update(changed(row, call.now, deleted_at=call.now))
    return no_content()


BILLING = "/openmeter/customers/{customerId}/billing"
ROUTES = (
    Route("GET", BILLING, get),
    Route("PUT", BILLING, put),
    Route("PUT", f"{BILLING}/app-data", put_app_data),
    Route("POST", f"{BILLING}/stripe/checkout-sessions", checkout_session),
    Route("POST", f"{BILLING}/stripe/portal-sessions", portal_session),
    Route("DELETE", "/billing/customers/{customerId}", unpin, version=V1),
)
