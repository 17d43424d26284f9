"""Costs of language models: an account's own prices for a provider's models. The global prices, which the real server
fetches with a job, are always empty here (catalog-facts.md §11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from billsync.local.server.listing import Listing, answer_list
from billsync.local.server.problems import Issue, broken_rules, not_found
from billsync.local.server.resource import Answer, Call, Route, created, new_row, no_content, ok, stamped
from billsync.local.store.documents import Document
from billsync.local.store.store import LIVE, Row, changed
from billsync.local.store.times import echoed, instant_of, rfc3339
from billsync.local.store.values import canonical

OVERRIDE = "llm_override"
GLOBAL_PRICE = "llm_price"
REQUIRED = ("input_per_token", "output_per_token")
OF_MODEL = f"{LIVE} AND document ->> 'provider' = :provider AND document ->> 'model_id' = :model_id"
# Providers whose names are no capitalized words.
NAMES = {
    "bedrock": "Amazon Bedrock",
    "gemini": "Google Gemini",
    "huggingface": "HuggingFace",
    "llama2": "Llama",
    "openai": "OpenAI",
    "vertex": "Google Vertex",
}


def view(_: Call, row: Row) -> Document:
    document = row.document
    times = {"effective_from": row.begins_at, "effective_to": row.ends_at}
    shown = {
        "provider": {"id": document["provider"], "name": provider_name(document["provider"])},
        "model": {"id": document["model_id"], "name": document["model_name"]},
        "pricing": document["pricing"],
        "currency": document["currency"],
        "source": "manual",
        **{name: rfc3339(moment) for name, moment in times.items() if moment},
    }
    return stamped(row, shown)


def provider_name(provider: str) -> str:
    """The provider's own spelling where it is known, else the words of its id, capitalized."""
    known = NAMES.get(provider.lower())
    return known or " ".join(word[:1].upper() + word[1:] for word in provider.replace("_", "-").split("-") if word)


FIELDS = {name: f"document ->> '{name}'" for name in ("provider", "model_id", "model_name", "currency")}
OVERRIDES = Listing(
    resource=OVERRIDE,
    view=view,
    fields=FIELDS,
    order="document ->> 'provider', document ->> 'model_id', seq",
)
PRICES = Listing(
    resource=GLOBAL_PRICE,
    view=view,
    fields=FIELDS,
    sorts={
        "id": "id",
        "provider.id": "document ->> 'provider'",
        "model.id": "document ->> 'model_id'",
        "effective_from": "begins_at",
        "effective_to": "ends_at",
    },
    order="document ->> 'model_id', id",
)


def create(call: Call) -> Answer:
    """Store a price under a new id; it replaces any price for the same provider and model, in any currency (§11.1)."""
    body = call.body
    if issues := list(broken(body)):
        raise broken_rules(issues)
    model = {"provider": body["provider"], "model_id": body["model_id"]}
    for row in call.store.rows(OVERRIDE, OF_MODEL, model):
        call.store.update(changed(row, call.now, deleted_at=call.now))
    document = {
        **model,
        "model_name": body.get("model_name", ""),
        "currency": body["currency"],
        "pricing": dict(kept_pricing(body["pricing"])),
    }
    start, end = (instant_of(body.get(name, "")) for name in ("effective_from", "effective_to"))
    row = call.store.insert(new_row(call, OVERRIDE, document, begins_at=start, ends_at=end))
    given = {name: echoed(body[name]) for name in ("effective_from", "effective_to") if name in body}
    return created(view(call, row) | given)


def broken(body: Mapping[str, Any]) -> Iterator[Issue]:
    """All rules that an override breaks; only the prices of input and output are looked at."""
    for name in ("provider", "model_id"):
        if not body[name]:
            yield Issue(f"llm_cost_{name}_empty", f"{name} must not be empty", f"$.{name}")
    for name in REQUIRED:
        if Decimal(body["pricing"][name]) < 0:
            yield Issue("llm_cost_price_non_negative", "price must be non-negative", "$.pricing")
    start, end = (instant_of(body.get(name, "")) for name in ("effective_from", "effective_to"))
    if start and end and start > end:
        text = "effective_from must not be after effective_to"
        yield Issue("llm_cost_effective_from_after_to", text, "$.effective_from")


def kept_pricing(pricing: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """A price of zero that need not be given is dropped (§11.1)."""
    for name, price in pricing.items():
        if name in REQUIRED or Decimal(price) != 0:
            yield name, canonical(price)


def listed(call: Call) -> Answer:
    return answer_list(OVERRIDES, call)


def prices(call: Call) -> Answer:
    """The global prices: an empty list. An override without a global price is not listed (§11.2)."""
    return answer_list(PRICES, call)


def price(call: Call) -> Answer:
    """Raises Problem (404), also for a deleted one."""
    row = find(call)
    if row.deleted_at is not None:
        raise unknown(row.id)
    return ok(view(call, row))


def delete(call: Call) -> Answer:
    row = find(call)
    if row.deleted_at is None:
        call.store.update(changed(row, call.now, deleted_at=call.now))
    return no_content()


def find(call: Call) -> Row:
    """The override with the path's id, deleted or not. Raises Problem (404)."""
    row = call.store.get(OVERRIDE, call.path["priceId"])
    if row is None:
        raise unknown(call.path["priceId"])
    return row


def unknown(price_id: str) -> Exception:
    return not_found(f"llm cost price override not found by id: {price_id}")


ROUTES = (
    Route("POST", "/openmeter/llm-cost/overrides", create),
    Route("GET", "/openmeter/llm-cost/overrides", listed),
    Route("DELETE", "/openmeter/llm-cost/overrides/{priceId}", delete),
    Route("GET", "/openmeter/llm-cost/prices", prices),
    Route("GET", "/openmeter/llm-cost/prices/{priceId}", price),
)
