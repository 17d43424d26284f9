"""Where the real server deviates from its own OpenAPI document, as recordings show it: facts by name."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deviation:
    """A place in the bodies of some paths that may be what the document forbids."""

    name: str
    paths: str
    place: str
    message: str


BODIES = (
    Deviation("a meter without dimensions has null", r"/openmeter/meters.*", r"(data\.\*\.)?dimensions", "None"),
    Deviation("an add-on without rate cards has null", r"/openmeter/addons.*", r"(data\.\*\.)?rate_cards", "None"),
    Deviation("no charges are null", r"/openmeter/customers/.*/charges", r"data", "None"),
    Deviation(
        "a charge's prorated amount has no currency",
        r"/openmeter/customers/.*/charges",
        r"(data\.\*\.)?amount_after_proration\.currency",
        "''",
    ),
    Deviation(
        "a flat fee on a waiting invoice has a status of its own",
        r"/openmeter/customers/.*/charges",
        r"data\.\*\.status",
        r"'active\.realization\.waiting_for_collection'",
    ),
    Deviation("a plan add-on may have no name", r"/openmeter/plans/.*/addons.*", r"(data\.\*\.)?name", "''"),
    Deviation("a customer made through v1 may have no key", r"/openmeter/customers.*", r"(data\.\*\.)?key", "''"),
    Deviation(
        "a removed subscription add-on has quantity 0",
        r"/openmeter/subscriptions/.*/addons.*",
        r"(data\.\*\.)?quantity",
        "0 is less",
    ),
    Deviation("a feature's unit cost is cleared with null", r"/openmeter/features/.*", "unit_cost", "None"),
)

STATUSES = {
    "DELETE": {
        "/openmeter/apps/{appId}": {409},
        "/openmeter/customers/{customerId}": {409},
        "/openmeter/meters/{meterId}": {409},
    },
    "GET": {
        "/openmeter/currencies/custom/{currencyId}": {404},
        "/openmeter/customers/{customerId}/billing": {412},
        "/openmeter/customers/{customerId}/credits/balance": {500},
        "/openmeter/customers/{customerId}/credits/transactions": {500},
        "/openmeter/customers/{customerId}/entitlement-access": {412},
    },
    "PATCH": {"/openmeter/features/{featureId}": {500}},
    "POST": {
        "/openmeter/addons": {500},
        "/openmeter/app-catalog/install": {200, 409},
        "/openmeter/currencies/custom": {409, 500},
        "/openmeter/currencies/custom/{currencyId}/cost-bases": {409},
        "/openmeter/customers": {409},
        "/openmeter/customers/{customerId}/billing/stripe/portal-sessions": {412},
        "/openmeter/customers/{customerId}/charges": {404, 409},
        "/openmeter/customers/{customerId}/credits/adjustments": {501},
        "/openmeter/customers/{customerId}/credits/grants/{creditGrantId}/settlement/external": {412},
        "/openmeter/features": {404, 409},
        "/openmeter/meters": {409},
        "/openmeter/plans": {500},
        "/openmeter/plans/{planId}/addons": {409},
        "/openmeter/profiles": {404},
        "/openmeter/subscriptions": {412, 500},
        "/openmeter/tax-codes": {409},
    },
    "PUT": {
        "/openmeter/apps/{appId}": {500},
        "/openmeter/customers/{customerId}": {409},
        "/openmeter/meters/{meterId}": {409},
        "/openmeter/tax-codes/{taxCodeId}": {409},
    },
}

# Errors come in two shapes, and neither is the document's.
KONG_ERROR = {"type", "status", "title", "instance", "detail", "invalid_parameters"}
PLAIN_ERROR = {"type", "status", "title", "instance", "detail", "extensions"}
BODILESS = {501}
# What is answered before any operation is found: the route, or its method, isn't there; the name or the size is wrong,
# or the database is taken.
BEFORE_ANY = {404, 405, 413, 421, 431, 503}


def deviates(template: str, place: str, message: str) -> bool:
    """Whether the real server itself breaks its document here."""
    return any(
        re.fullmatch(known.paths, template) and re.fullmatch(known.place, place) and re.match(known.message, message)
        for known in BODIES
    )


def undeclared_status(method: str, template: str, status: int) -> bool:
    """Whether the real server answers a status here that its document doesn't have."""
    return status in STATUSES.get(method.upper(), {}).get(template, ())


def error_faults(status: int, body: object) -> list[str]:
    """Why a body is neither of the server's two shapes of error."""
    if body is None:
        return [] if status in BODILESS else ["an error without a body"]
    if not isinstance(body, dict):
        return [f"an error that is no object: {str(body)[:100]}"]
    is_plain = body.get("type") == "about:blank"
    allowed = PLAIN_ERROR if is_plain else KONG_ERROR
    required = {"type", "status", "title", "instance"} | (set() if is_plain else {"detail"})
    faults = [f"an error has no {name}" for name in sorted(required - body.keys())]
    faults += [f"an error has an unknown member {name}" for name in sorted(body.keys() - allowed)]
    if body.get("status") != status:
        faults.append(f"an error of status {status} says {body.get('status')}")
    return faults
