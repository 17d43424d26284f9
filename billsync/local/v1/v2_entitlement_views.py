"""Manual entitlements, as API v2 and the older API v1 show them."""

from __future__ import annotations

from billsync.local.accounts.customer_rules import CUSTOMER
from billsync.local.accounts.item_entitlements import OWNER, begin_of
from billsync.local.accounts.usage_periods import counted_from, usage_period
from billsync.local.server.resource import Call, present
from billsync.local.store.documents import Document
from billsync.local.store.store import Row
from billsync.local.store.times import rfc3339
from billsync.local.usage.attribution import subjects_of
from billsync.local.v1.cards import filled
from billsync.local.v1.intervals import shown_periodic


def view(call: Call, row: Row) -> Document:
    """An entitlement as v2 shows it, with its customer's id and key."""
    customer = call.store.get(CUSTOMER, row.parent or "")
    key = {"customerKey": customer.key} if customer and customer.key else {}
    return {**shown(call, row), "customerId": row.parent, **key}


def v1_view(call: Call, row: Row) -> Document:
    """An entitlement as v1 shows it, with its customer's first subject."""
    subjects = subjects_of(call.store, str(row.parent))
    own = present(shown(call, row), *V1_MEMBERS)
    return {**own, "subjectKey": subjects[0] if subjects else ""}


def shown(call: Call, row: Row) -> Document:
    document = row.document
    owner = {"subscription.id": document[OWNER]} if OWNER in document else None
    ends = {"deletedAt": row.deleted_at, "activeTo": row.ends_at}
    return {
        "id": row.id,
        **present(document, "type", "config"),
        "featureId": document["feature_id"],
        "featureKey": row.key,
        **filled({"metadata": document.get("metadata"), "annotations": owner}),
        "createdAt": rfc3339(row.created_at),
        "updatedAt": rfc3339(row.updated_at),
        "activeFrom": rfc3339(begin_of(row)),
        **{name: rfc3339(moment) for name, moment in ends.items() if moment is not None},
        **shown_period(call, row),
        **(shown_meter(call, row) if document["type"] == "metered" else {}),
    }


def shown_period(call: Call, row: Row) -> Document:
    period = usage_period(row, call.now)
    if period is None:
        return {}
    current = {"from": rfc3339(period.start), "to": rfc3339(period.end)}
    return {"usagePeriod": shown_periodic(row.document), "currentUsagePeriod": current}


def shown_meter(call: Call, row: Row) -> Document:
    document, period = row.document, usage_period(row, call.now)
    issue = {}
    if "limit" in document:
        amount, priority = document["limit"], document["priority"]
        issue = {
            "issueAfterReset": amount,
            "issueAfterResetPriority": priority,
            "issue": {"amount": amount, "priority": priority},
        }
    return {
        "isSoftLimit": document["is_soft_limit"],
        "preserveOverageAtReset": document["preserve_overage"],
        **issue,
        "lastReset": rfc3339(period.start if period else counted_from(row)),
        "measureUsageFrom": rfc3339(counted_from(row)),
    }


V1_MEMBERS = (
    "id",
    "type",
    "config",
    "featureId",
    "featureKey",
    "metadata",
    "annotations",
    "createdAt",
    "updatedAt",
    "deletedAt",
    "activeFrom",
    "activeTo",
    "usagePeriod",
    "currentUsagePeriod",
    "isSoftLimit",
    "preserveOverageAtReset",
    "issueAfterReset",
    "issueAfterResetPriority",
    "lastReset",
    "measureUsageFrom",
)
