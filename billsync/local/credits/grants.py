"""Credit grants: a customer's prepaid money (customer-facts.md §7). `ledger` works out the remaining amounts."""

from __future__ import annotations

from datetime import datetime

from billsync.local.charges.books import GRANT, awaits_invoice
from billsync.local.charges.settling import open_grant, settle
from billsync.local.credits.grant_terms import KEPT, PENDING, check_terms, expiry, kept_terms, start_of
from billsync.local.credits.ledger import remaining
from billsync.local.customers.customers import find as find_customer
from billsync.local.server.filters import Condition
from billsync.local.server.labels import visible
from billsync.local.server.listing import Listing, answer_list
from billsync.local.server.problems import Issue, broken_rules, conflict, not_found, problem
from billsync.local.server.resource import Answer, Call, Route, created, new_row, ok, present, stamped
from billsync.local.store.documents import Document
from billsync.local.store.store import Row, changed
from billsync.local.store.times import rfc3339
from billsync.model.frozen import replace
from billsync.model.value import decimal_text

AUTHORIZED, SETTLED = "authorized", "settled"
STEPS = {(PENDING, AUTHORIZED), (PENDING, SETTLED), (AUTHORIZED, SETTLED)}
# Between `status` and the columns: the order of the tests is §7.6.
STATUS = (
    "CASE WHEN document ->> 'voided_at' IS NOT NULL THEN 'voided' WHEN ends_at <= :now THEN 'expired'"
    " WHEN document ->> 'funding_method' = 'invoice' AND begins_at > :now THEN 'pending' ELSE 'active' END"
)


def view(call: Call, row: Row) -> Document:
    """A grant as it is read now (§7.2)."""
    document = row.document
    body = present(document, *KEPT) | {"labels": visible(document["labels"]), "status": status(row, call.now)}
    if "purchase" in document:
        body["purchase"] = {**document["purchase"], "settlement_status": settlement(row, call.now)}
    if row.begins_at is not None and document["starts_when_told"]:
        body["effective_at"] = rfc3339(row.begins_at)
    if row.ends_at is not None:
        body["expires_at"] = rfc3339(row.ends_at)
    return stamped(row, body | present(document, "voided_at"))


def status(row: Row, now: datetime) -> str:
    """Return the status of the grant (§7.6)."""
    if "voided_at" in row.document:
        return "voided"
    if row.ends_at is not None and row.ends_at <= now:
        return "expired"
    return "pending" if awaits_invoice(row, now) else "active"


def settlement(row: Row, now: datetime) -> str:
    """Return the status of the payment: the sandbox app pays an invoice at once (§7.5)."""
    if row.document["funding_method"] == "invoice":
        return PENDING if awaits_invoice(row, now) else SETTLED
    return str(row.document["settlement_status"])


LISTING = Listing(
    resource=GRANT,
    view=view,
    fields={"status": STATUS, "currency": "document ->> 'currency'", "key": "key"},
    scope=lambda call: Condition("parent = ?", (call.path["customerId"],)),
)


def create(call: Call) -> Answer:
    body, store = call.body, call.store
    check_terms(body)
    customer = find_customer(store, call.path["customerId"])
    document = kept_terms(store, body)
    start = start_of(body, call.now)
    ends_at = expiry(body, start)
    if "key" in body and store.live_with_key(GRANT, body["key"], customer.id):
        raise conflict("the customer has a grant with this key already")
    books = settle(call, customer.id)
    place = {"key": body.get("key"), "parent": customer.id, "begins_at": start, "ends_at": ends_at}
    row = new_row(call, GRANT, document, **place)
    # The bookings to come have ids already, later ones than the grant's: bookings of one instant sort by id.
    bookings = {"expiry_id": call.mint(), "void_id": call.mint(), "opened": False}
    grant = store.insert(replace(row, document=document | bookings))
    books.add(grant)
    if not awaits_invoice(grant, call.now):
        open_grant(call, books, grant, call.now)
    return created(view(call, grant))


def get(call: Call) -> Answer:
    return ok(view(call, find(call)))


def listed(call: Call) -> Answer:
    return answer_list(LISTING, call)


def find(call: Call) -> Row:
    """The grant of the path. Raises Problem (404), also for another customer's."""
    row = call.store.get(GRANT, call.path["creditGrantId"])
    if row is None:
        raise not_found(f"there is no grant with the id {call.path['creditGrantId']}")
    if row.parent != call.path["customerId"]:
        raise not_found(f"credit grant {row.id} not found for customer {call.path['customerId']}")
    return row


def void(call: Call) -> Answer:
    """Voids the grant's remaining amount; voiding again changes nothing (§7.7)."""
    row = find(call)
    state = status(row, call.now)
    if state == "voided":
        return ok(view(call, row))
    if state != "active":
        raise conflict(f"credit grant {row.id} is {state} and cannot be voided")
    left = remaining(settle(call, call.path["customerId"]), row, call.now)
    if left <= 0:
        raise conflict(f"credit purchase {row.id} has no remaining value to void")
    document = {**find(call).document, "voided_at": rfc3339(call.now), "voided_amount": decimal_text(left)}
    return ok(view(call, call.store.update(changed(row, call.now, document=document))))


def settle_payment(call: Call) -> Answer:
    """Move an external payment forward (§7.5). A status that no request can set is refused before the grant is looked
    up."""
    wanted = call.body["status"]
    if wanted == PENDING:
        raise broken_rules([unsupported_status(wanted)])
    row = find(call)
    if row.document["funding_method"] != "external":
        raise broken_rules([not_external(row)])
    if (row.document["settlement_status"], wanted) not in STEPS:
        raise problem(412, "precondition failed error: unsupported operation")
    document = {**row.document, "settlement_status": wanted}
    return ok(view(call, call.store.update(changed(row, call.now, document=document))))


def unsupported_status(wanted: str) -> Issue:
    return Issue(
        code="credit_grant_external_settlement_status_invalid",
        message="this settlement status can't be set",
        field="$.status",
        extra=(("status", wanted),),
    )


def not_external(row: Row) -> Issue:
    return Issue(
        code="credit_grant_external_settlement_not_supported",
        message="credit grant is not externally funded",
        extra=(("charge_id", row.id),),
    )


GRANTS = "/openmeter/customers/{customerId}/credits/grants"
ROUTES = (
    Route("POST", GRANTS, create),
    Route("GET", GRANTS, listed),
    Route("GET", f"{GRANTS}/{{creditGrantId}}", get),
    Route("POST", f"{GRANTS}/{{creditGrantId}}/void", void),
    Route("POST", f"{GRANTS}/{{creditGrantId}}/settlement/external", settle_payment),
)
