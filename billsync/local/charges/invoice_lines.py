"""Lines of an invoice: one for each charge, with the lines of its rating and the credits that paid for them
(customer-facts.md §13)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from billsync.local.charges.charge_costs import counted_until, invoiced_rating, quantity_of, shown_totals
from billsync.local.charges.charge_rows import FLAT
from billsync.local.server.resource import Call, present
from billsync.local.store.documents import Document
from billsync.local.store.store import Row
from billsync.local.store.times import rfc3339
from billsync.model.value import decimal_text
from billsync.rating.arithmetic import ZERO, minus, total
from billsync.rating.lines import Line
from billsync.rating.rate import Rated

UPDATED = "updated_at"
SCALE = {"precision": 0}
"""The member that an invoice shows of a unit conversion without one."""


def line_of(call: Call, charge: Row, known: Mapping[str, Any]) -> Document:
    """The line of a charge; `known` is the line that the invoice has of it already, whose ids last."""
    document = charge.document
    rating = invoiced_rating(call.store, document)
    lines = rating.lines
    made = known.get("created_at", rfc3339(call.now))
    common = {"service_period": document["service_period"], "created_at": made, "updated_at": rfc3339(call.now)}
    amounts = [Decimal(amount) for amount in document.get("applied", ())]
    found = {
        "id": known.get("id") or call.mint(),
        "type": "standard_line",
        "name": document["name"],
        "labels": {},
        "lifecycle_controller": "system",
        "charge": {"id": charge.id},
        "rate_card": shown_card(document),
        **present(document, "description", "subscription"),
        **usage_of(call, document, rating),
        **applied(amounts),
        "totals": shown_totals(rating.totals, drawn=total(amounts)),
        "detailed_lines": [*_details(call, lines, amounts, known.get("detailed_lines", ()), common)],
        **common,
    }
    return lasting(found, known)


def usage_of(call: Call, document: Document, rating: Rated) -> Document:
    """The usage that was free, and the usage before its conversion, where the card has one."""
    free, billed = rating.free, rating.billed
    found: Document = {}
    if free is not None and free.quantity:
        unit = {"id": call.mint(), "quantity": decimal_text(free.quantity), "reason": "ratecard_usage"}
        found["discounts"] = {"usage": [unit]}
    if "unit_config" in document["card"] and billed is not None:
        raw = quantity_of(call.store, document, counted_until(document))
        found["usage_quantity_detail"] = {
            **present(document["card"]["unit_config"], "display_unit"),
            "invoiced_quantity": decimal_text(billed.quantity),
            "raw_quantity": decimal_text(raw),
        }
    return found


def applied(amounts: Sequence[Decimal]) -> Document:
    """The credits that paid for a line, where any did: an amount for each time."""
    return {"credits_applied": [{"amount": decimal_text(amount)} for amount in amounts]} if amounts else {}


def lasting(found: Document, known: Mapping[str, Any]) -> Document:
    """A line with its times; those of the known one where nothing else differs but ids of discounts, which are new each
    time."""
    apart = (UPDATED, "discounts")
    same = all(known.get(name) == value for name, value in found.items() if name not in apart)
    return {**found, UPDATED: known[UPDATED]} if known and same else found


def shown_card(document: Document) -> Document:
    """The rate card of a charge: of a fee the amount that is billed."""
    card, price = document["card"], document["price"]
    if document["type"] == FLAT:
        price = {"type": "flat", "amount": document["amount_after_proration"]["amount"]}
    conversion = {"unit_config": SCALE | card["unit_config"]} if "unit_config" in card else {}
    tax = document["tax_config"]
    code = {"code": tax["tax_code"]} if "tax_code" in tax else {}
    feature = {"feature_key": document["feature_key"]} if "feature_key" in document else {}
    discounts = {name: value for name, value in (card.get("discounts") or {}).items() if value}
    return {
        **feature,
        **({"discounts": discounts} if discounts else {}),
        **conversion,
        "price": price,
        "tax_config": present(tax, "behavior") | code,
    }


def _details(
    call: Call,
    lines: Sequence[Line],
    amounts: Sequence[Decimal],
    known: Sequence[Mapping[str, Any]],
    common: Document,
) -> Iterator[Document]:
    """Yield the lines of the rating; the credits pay for the first ones first."""
    rest = [*amounts]
    for number, line in enumerate(lines):
        before = known[number] if number < len(known) else {}
        parts = _taken(rest, line.totals.total)
        found = {
            "id": before.get("id") or call.mint(),
            "category": line.category.value,
            "name": line.name,
            "quantity": decimal_text(line.quantity),
            "unit_price": decimal_text(line.unit_amount),
            **applied(parts),
            "totals": shown_totals(line.totals, drawn=total(parts)),
            **common,
        }
        yield lasting(found, before)


def _taken(rest: list[Decimal], wanted: Decimal) -> list[Decimal]:
    """Take up to an amount from the first of several; what was taken from each."""
    found: list[Decimal] = []
    while rest and wanted > ZERO:
        part = min(rest[0], wanted)
        wanted, left = minus(wanted, part), minus(rest.pop(0), part)
        found.append(part)
        if left > ZERO:
            rest.insert(0, left)
    return found


def totals_of(lines: Sequence[Mapping[str, Any]]) -> Document:
    """The sums of the totals of lines."""
    names = lines[0]["totals"].keys() if lines else ()
    return {name: decimal_text(total(Decimal(line["totals"][name]) for line in lines)) for name in names}
