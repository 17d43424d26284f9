"""The calls of each kind, as data: paths, list queries, and the fields that request bodies have. What a generation has
in another form, or not at all, is in `generations.py`.

Sources: the vendor's OpenAPI documents, catalog-facts.md §1.4 and §3, customer-facts.md §2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType

from billsync.api.documents import SUBSCRIPTION_ADDONS
from billsync.api.generations import CAPABILITIES, GENERATIONS, Generation, dated
from billsync.model.frozen import replace
from billsync.model.routes import Attachments, CallForm, HiddenLabels, ListQuery, Part, Renaming, Routes

DIALECTS = tuple(GENERATIONS)

_PAGE = 100
_EVERYTHING = 10_000  # lists without any order are read as one large page (catalog-facts.md §1.4)

_PLAN_LABELS = HiddenLabels(  # catalog-facts.md §1.5 and §14.2; Konnect publishes no v1
    collection="/v1/plans",
    query=(("status", "draft"), ("status", "active"), ("status", "archived")),
    size=_PAGE,
    labels="metadata",
    lists={"phases": "phases", "rate_cards": "rateCards"},
    unshown=("unit_config", "currency"),
    fiat="currency",
)

_VERSION_CALLS = {  # of plans and add-ons
    name: {call: CallForm("POST", f"/openmeter/{name}/{{id}}/{call}") for call in ("publish", "archive")}
    for name in ("plans", "addons")
}

_GRANT = "/openmeter/customers/{parent}/credits/grants/{id}"

_CHAIN_CALLS = {  # customer-facts.md §5.1, §5.8 and §15
    "cancel": CallForm("POST", "/openmeter/subscriptions/{id}/cancel"),
    "change": CallForm("POST", "/openmeter/subscriptions/{id}/change"),
    "resume": CallForm("POST", "/openmeter/subscriptions/{id}/unschedule-cancelation"),
}

_ATTACH = {"attach": CallForm("POST", "/openmeter/subscriptions/{id}/addons")}  # internal; Konnect has none
_SET_QUANTITY_V1 = {"set_quantity": CallForm("PATCH", "/v1/subscriptions/{id}/addons/{member}")}

_ATTACHMENTS = Attachments(  # customer-facts.md §6
    part=Part(
        field="addons",
        collection=SUBSCRIPTION_ADDONS,
        listing=ListQuery(sort="id", size=_PAGE, at_once=1),
        create=("addon", "quantity", "timing", "labels"),
        titled_by="addon",
    ),
    quantity="quantity",
    offers="addons",
    since="from_plan_phase",
    most="max_quantity",
    phases="phases",
    single=("instance_type", "single"),
    unshown=("unit_config",),
)

_BEGIN_V1 = CallForm(
    "POST",
    "/v1/subscriptions",
    names={
        "customer": "customerId",
        "plan": "plan",
        "labels": "metadata",
        "settlement_mode": "settlementMode",
        "billing_anchor": "billingAnchor",
        "timing": "timing",
        "starting_phase": "startingPhase",
    },
    bare=("customer",),
    keyed=("plan",),
    implied={"cost_basis_mode": "dynamic"},
)
_CHAIN_CALLS_V1 = {
    "withdraw": CallForm("DELETE", "/v1/subscriptions/{id}"),
    "restore": CallForm("POST", "/v1/subscriptions/{earlier}/restore"),
    "begin_later": _BEGIN_V1,
    "begin_in_phase": _BEGIN_V1,
}

_LIFE = ("id", "created_at", "updated_at", "deleted_at")
_VERSION_LIFE = (*_LIFE, "version", "status", "effective_from", "effective_to", "validation_errors")
_SHOWN: Mapping[str, tuple[str, ...]] = {  # by kind, fields of rows that only the server sets, or that it forgets
    "feature": (*_LIFE, "unit_cost.pricing"),
    "addon": _VERSION_LIFE,
    "plan": (*_VERSION_LIFE, *(f"addons.{name}" for name in (*_LIFE, "name", "description", "labels"))),
    "grant": (*_LIFE, "status", "invoice", "voided_at", "purchase.amount", "purchase.settlement_status"),
    "subscription": (
        *_LIFE, "customer_id", "plan_id", "name", "description", "status", "active_from", "active_to",
        "billing_cadence", "current_period", "phases", "invoice_currency", "cost_basis_pins", "pro_rating_config",
    ),
}  # fmt: skip

_AUGUST: Mapping[str, Routes] = {  # OpenMeter of August 2026, which has every call in some form
    "meter": Routes(
        collection="/openmeter/meters",
        listing=ListQuery(sort="created_at", size=_PAGE),
        key_filter="key",
        create=(
            "key", "name", "description", "labels", "aggregation", "event_type", "events_from", "value_property",
            "dimensions",
        ),
        update=("name", "description", "labels", "dimensions"),
        update_verb="PUT",
        delete=True,
    ),
    "feature": Routes(
        collection="/openmeter/features",
        listing=ListQuery(sort="created_at", size=_PAGE),
        key_filter="key",
        create=("key", "name", "description", "labels", "meter", "unit_cost"),
        update=("unit_cost",),
        update_verb="PATCH",
        delete=True,
    ),
    "tax_code": Routes(
        collection="/openmeter/tax-codes",
        listing=ListQuery(sort=None, size=_EVERYTHING, at_once=1),
        key_filter=None,
        create=("key", "name", "description", "labels", "app_mappings"),
        update=("name", "description", "labels", "app_mappings"),
        update_verb="PUT",
    ),
    "addon": Routes(
        collection="/openmeter/addons",
        listing=ListQuery(sort="id", size=_PAGE),
        key_filter="key",
        create=("key", "name", "description", "labels", "currency", "instance_type", "rate_cards"),
        update=("name", "description", "labels", "instance_type", "rate_cards"),
        update_verb="PUT",
        delete=True,
        calls=_VERSION_CALLS["addons"],
    ),
    "plan": Routes(
        collection="/openmeter/plans",
        listing=ListQuery(sort="id", size=_PAGE),
        key_filter="key",
        create=("key", "name", "description", "labels", "currency", "billing_cadence", "pro_rating_enabled", "phases"),
        update=("name", "description", "pro_rating_enabled", "phases"),
        update_verb="PUT",
        delete=True,
        calls=_VERSION_CALLS["plans"],
        parts=(
            Part(
                field="addons",
                collection="/openmeter/plans/{parent}/addons",
                listing=ListQuery(sort=None, size=_EVERYTHING, at_once=1),
                create=("name", "addon", "from_plan_phase", "max_quantity"),
                titled_by="addon",
                update=("name", "labels", "from_plan_phase", "max_quantity"),  # catalog-facts.md §9.1
            ),
        ),
        hidden=_PLAN_LABELS,
    ),
    "customer": Routes(
        collection="/openmeter/customers",
        listing=ListQuery(sort="id", size=_PAGE),
        key_filter="key",
        create=(
            "key", "name", "description", "labels", "usage_attribution", "primary_email", "currency",
            "billing_address",
        ),
        update=(
            "name", "description", "labels", "usage_attribution", "primary_email", "currency", "billing_address",
        ),
        update_verb="PUT",
        delete=True,
        claim_filter="usage_attribution_subject_key",
        renaming=Renaming(  # customer-facts.md §3.1 and §15; Konnect publishes no v1
            collection="/v1/customers", names={"labels": "metadata"}
        ),
    ),
    "grant": Routes(
        collection="/openmeter/customers/{parent}/credits/grants",
        listing=ListQuery(sort=None, size=_EVERYTHING, at_once=1),
        key_filter="key",
        create=(
            "key", "name", "description", "labels", "funding_method", "currency", "amount", "purchase", "tax_config",
            "filters", "priority", "effective_at", "expires_after",
        ),
        calls={
            "void": CallForm("POST", f"{_GRANT}/void"),
            "settle": CallForm("POST", f"{_GRANT}/settlement/external"),
        },
    ),
    "subscription": Routes(
        collection="/openmeter/subscriptions",
        listing=ListQuery(sort="id", size=5, at_once=4),  # customer-facts.md §5.11
        key_filter=None,
        create=("customer", "plan", "labels", "settlement_mode", "billing_anchor", "cost_basis_mode"),
        calls={**_CHAIN_CALLS, **_CHAIN_CALLS_V1, **_ATTACH, **_SET_QUANTITY_V1},
        parent_filter="customer_id",
        attachments=_ATTACHMENTS,
    ),
}  # fmt: skip


def routes(dialect: str) -> Mapping[str, Routes]:
    """The routes of the generation that is assumed for a dialect. Raises KeyError for an unknown dialect."""
    return routes_of(dated(dialect))


@cache
def routes_of(generation: Generation) -> Mapping[str, Routes]:
    """The routes of all kinds by name, one row a kind, as a generation has them.

    A kind that is only referred to has a row without a `create`: its list is read to find ids by key, and it is never
    written.
    """
    return MappingProxyType({kind: _in(generation, kind, known) for kind, known in _AUGUST.items()})


def _in(generation: Generation, kind: str, known: Routes) -> Routes:
    return replace(
        known,
        calls=MappingProxyType(dict(_calls(generation, kind, known))),
        create=_taken(generation, kind, known.create),
        update=_taken(generation, kind, known.update),
        hidden=known.hidden if generation.can("hidden_labels") else None,
        renaming=known.renaming if generation.can("rename_customer") else None,
        spelled=_spelled(generation, kind),
        shown=_SHOWN.get(kind, _LIFE),
        replaces=_replaced(generation, known),
    )


def _calls(generation: Generation, kind: str, known: Routes) -> Iterator[tuple[str, CallForm]]:
    """The calls on a kind's entities that the generation has, each in its form."""
    for name, capability in CAPABILITIES.items():
        form = generation.forms.get(name)
        if form is not None and kind in capability.kinds and (call := form.call or known.calls.get(name)):
            yield name, call


def _taken(generation: Generation, kind: str, fields: tuple[str, ...]) -> tuple[str, ...]:
    """The fields of a request, with those that the generation takes and without those that it doesn't."""
    for name, capability in CAPABILITIES.items():
        path = capability.takes.get(kind, "")
        if not path or "." in path or not fields:
            continue
        rest = tuple(field for field in fields if field != path)
        fields = (*rest, path) if generation.can(name) else rest
    return fields


def _replaced(generation: Generation, known: Routes) -> frozenset[str] | None:
    """The fields that requests for a whole entity take; for its next version, where it has versions."""
    if generation.served is None:
        return None
    fields = generation.served.operations
    call = f"POST {known.collection}" if "publish" in known.calls else f"{known.update_verb} {known.collection}/{{}}"
    parts = {
        f"{part.field}.{name}"
        for part in known.parts
        for name in fields.get(f"POST {part.collection.replace('{parent}', '{}')}", ())
    }
    return fields.get(call, frozenset()) | parts


def _spelled(generation: Generation, kind: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, form in generation.forms.items():
        if kind in CAPABILITIES[name].takes:
            found |= form.spelled
    return MappingProxyType(found)
