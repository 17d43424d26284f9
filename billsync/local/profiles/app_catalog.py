"""The kinds of apps that can be installed, the same on every server (catalog-facts.md §13.1)."""

from __future__ import annotations

from billsync.local.server.listing import DEFAULT_SIZE, page_of
from billsync.local.server.resource import Answer, Call, Route, ok
from billsync.local.store.documents import Document

SANDBOX, STRIPE, EXTERNAL = "sandbox", "stripe", "external_invoicing"
# Names and descriptions are data of the real server, shown with every app; recordings compare them letter by letter.
CAPABILITIES = (
    ("collect_payment", "collect_payments", "Payment", "Process payments"),
    ("calculate_tax", "calculate_tax", "Calculate Tax", "Calculate tax for a payment"),
    ("invoice_customer", "invoice_customers", "Invoice Customer", "Invoice a customer"),
)


def definition(kind: str, prefix: str, name: str, description: str, method: str) -> Document:
    """An entry of the catalogue; all kinds have the same three capabilities."""
    return {
        "type": kind,
        "name": name,
        "description": description,
        "install_methods": [method],
        "capabilities": [
            {"key": f"{prefix}_{key}", "type": capability, "name": title, "description": about}
            for key, capability, title, about in CAPABILITIES
        ],
    }


DEFINITIONS = {
    EXTERNAL: definition(
        EXTERNAL,
        "custom_invoicing",
        "Custom Invoicing",
        "Custom Invoicing can be used to interface with third party invoicing and payment systems",
        "no_credentials_required",
    ),
    SANDBOX: definition(
        SANDBOX,
        "sandbox",
        "Sandbox",
        "Sandbox can be used to test OpenMeter without external connections.",
        "no_credentials_required",
    ),
    STRIPE: definition(
        STRIPE, "stripe", "Stripe", "Send invoices, calculate tax and collect payments.", "with_api_key"
    ),
}


def listed(call: Call) -> Answer:
    """A page of the catalogue; a page size of 0 gives an empty page (§1.4)."""
    page = page_of(call.query, DEFAULT_SIZE)
    first = page.size * (page.number - 1)
    return ok({"data": list(DEFINITIONS.values())[first : first + page.size], "meta": page.meta(len(DEFINITIONS))})


def get(call: Call) -> Answer:
    return ok(DEFINITIONS[call.path["appType"]])


ROUTES = (
    Route("GET", "/openmeter/app-catalog", listed),
    Route("GET", "/openmeter/app-catalog/{appType}", get, values={"appType": frozenset(DEFINITIONS)}),
)
