"""The workflow of a billing profile: read whole, with a default for everything left out (catalog-facts.md §12.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from billsync.local.store.documents import Document
from billsync.local.store.durations import NOTHING
from billsync.local.store.times import instant_of, rfc3339
from billsync.model.duration import parse_duration

INTERVAL, DRAFT_PERIOD, DUE_AFTER = "PT1H", "P0D", "P30D"
PRORATION = "subscription_end_proration_mode"
TAX_CODES = ("tax_code", "tax_code_id", "stripe")
Section = Mapping[str, Any]


def kept_workflow(given: Section, before: Section | None = None) -> Document:
    """The workflow as it is stored and shown: a full replacement, except for one setting when the whole `invoicing`
    block is absent.

    An invalid duration is silently replaced by the default.
    """
    invoicing: Document = {"auto_advance": True, "progressive_billing": True, PRORATION: "bill_actual_period"}
    if before and "invoicing" not in given:
        invoicing[PRORATION] = before["invoicing"][PRORATION]
    invoicing |= given.get("invoicing", {})
    collection = given.get("collection", {})
    return {
        "collection": {
            "interval": length(collection.get("interval"), INTERVAL),
            "alignment": kept_alignment(collection.get("alignment", {"type": "subscription"})),
        },
        "invoicing": invoicing | {"draft_period": length(invoicing.get("draft_period"), DRAFT_PERIOD)},
        "payment": kept_payment(given.get("payment", {"collection_method": "charge_automatically"})),
        "tax": {"enabled": True, "enforced": False, **given.get("tax", {})},
    }


def length(given: str | None, default: str) -> str:
    known = parse_duration(given or default)
    return known.text if known else default


def kept_alignment(given: Section) -> Document:
    """An anchor is kept as an instant."""
    if "recurring_period" not in given:
        return dict(given)
    period = given["recurring_period"]
    anchor = instant_of(period["anchor"])
    kept = {"anchor": rfc3339(anchor) if anchor else period["anchor"], "interval": length(period["interval"], "P1M")}
    return {**given, "recurring_period": kept}


def kept_payment(given: Section) -> Document:
    due = {"due_after": length(given["due_after"], DUE_AFTER)} if "due_after" in given else {}
    return {**given, **due}


def workflow_faults(given: Section) -> Iterator[str]:
    """Check values that no profile may have. A tax code can't be chosen here any more, only the tax's behaviour."""
    for section, name in (("collection", "interval"), ("invoicing", "draft_period")):
        if is_negative(given.get(section, {}).get(name, "")):
            yield f"invalid {section} config: {name} must not be negative"
    tax = given.get("tax", {})
    if tax.get("enforced", False) and not tax.get("enabled", True):
        yield "invalid tax config: tax is enforced but tax is not enabled"
    if any(name in tax.get("default_tax_config", {}) for name in TAX_CODES):
        yield "invalid tax config: a tax code can't be added or changed"


def is_negative(text: str) -> bool:
    known = parse_duration(text[1:]) if text.startswith("-") else None
    return known is not None and known != NOTHING
