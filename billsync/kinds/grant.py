"""Credit grants: money or units given to a customer. A grant never changes once it is there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from billsync.kinds import fields, forms
from billsync.kinds.checks import grant as checks
from billsync.kinds.grant_end import at_creation, read, respell
from billsync.kinds.grant_restored import restored
from billsync.kinds.terms import FEATURE_TERMS, TAX_TERMS
from billsync.model.duration import parse_duration
from billsync.model.kind import Archetype, Kind, LabelPolicy, Parent, Progress, State, TakingBack, Trait
from billsync.model.moment import parse_moment
from billsync.model.said import Said, Word, sentence
from billsync.model.shape import (
    Duration,
    Field,
    FieldEffect,
    Integer,
    ListOf,
    Number,
    Record,
    Reference,
    Text,
    Timestamp,
    Wire,
)
from billsync.model.value import Fields

_FIXED = FieldEffect.IMMUTABLE

SETTLEMENT = ("pending", "authorized", "settled")
"""The states of an external payment (customer-facts.md §7.5)."""
PAID = ". What was invoiced or paid for it stays so: nothing is paid back"
"""The end of a warning about paid grants (customer-facts.md §7.5, §7.7)."""

_PURCHASE = Record(
    {
        "currency": Field(
            fields.FIAT,
            "The currency of the payment; the same as the credits'. Default: the grant's.",
            _FIXED,
            required=True,
            derived=True,
            example="USD",
        ),
        "per_unit_cost_basis": Field(
            Number(above=Decimal(0)), "The price of one unit of credit.", _FIXED, default=Decimal(1), example="0.8"
        ),
        "availability_policy": Field(
            Text(choices=("on_creation",)),
            "The moment from which credits with `funding_method: external` can be used: at once, before they are paid.",
            _FIXED,
            derived=True,
        ),
    },
    doc="The payment for the credits.",
)

_TAX_CONFIG = Record(
    {
        "tax_code": Field(
            Reference("tax_code", decides=TAX_TERMS),
            "The tax code, by key. Without it, the server's default.",
            _FIXED,
            example="prepaid",
        ),
        "behavior": Field(
            Text(choices=("inclusive", "exclusive")), "Whether the price includes the tax.", _FIXED, example="exclusive"
        ),
    },
    doc="The tax treatment of the purchase.",
)

_FILTERS = Record(
    {
        "features": Field(
            ListOf(Reference("feature", Wire.TEXT, decides=FEATURE_TERMS), as_set=True, unique=True),
            "The features that the credits can pay for, by key. Without it, all of them.",
            _FIXED,
            example=["api_requests"],
        )
    },
    doc="Restrictions on the use of the credits.",
)


def fill_purchase(grant: Fields) -> Fields:
    """A purchase is in the grant's currency; external credits can be used before they are paid."""
    purchase = grant.get("purchase")
    if not isinstance(purchase, dict):
        return grant
    filled = {"currency": grant["currency"]} if "currency" in grant else {}
    if grant.get("funding_method") == "external":
        filled["availability_policy"] = "on_creation"
    return {**grant, "purchase": {**filled, **purchase}}


RECORD = Record(
    {
        "key": Field(
            fields.EXTERNAL_KEY,
            "Names the grant among its customer's. What has been granted under a key is never granted again.",
            FieldEffect.IDENTITY,
            required=True,
            example="welcome",
        ),
        "name": fields.name(_FIXED, example="Welcome credit"),
        "description": fields.description(_FIXED),
        "labels": fields.labels(_FIXED),
        "amount": Field(
            Number(above=Decimal(0)),
            "The amount granted, with no more decimals than the currency has.",
            _FIXED,
            required=True,
            example="500",
        ),
        "currency": Field(fields.FIAT, "The currency of the credits.", _FIXED, required=True, example="USD"),
        "funding_method": Field(
            Text(choices=("none", "invoice", "external")),
            "The way of payment: none (a gift), by invoice, or outside of the server.",
            _FIXED,
            required=True,
            example="none",
        ),
        "purchase": Field(
            _PURCHASE,
            "The payment for the credits. Needed unless `funding_method: none`.",
            _FIXED,
            example={"currency": "USD", "per_unit_cost_basis": "0.8"},
        ),
        "tax_config": Field(
            _TAX_CONFIG, "The tax treatment of the purchase.", _FIXED, example={"behavior": "exclusive"}
        ),
        "filters": Field(
            _FILTERS, "Restrictions on the use of the credits.", _FIXED, example={"features": ["api_requests"]}
        ),
        "priority": Field(
            Integer(minimum=1, maximum=1000), "Lower numbers are used up first.", _FIXED, default=10, example=10
        ),
        "effective_at": Field(
            Timestamp(seconds=True),
            "From when the credits can be used. Without it, at once.",
            _FIXED,
            example="2026-01-01T00:00:00Z",
        ),
        "expires_after": Field(
            Duration(positive=True),
            "The duration after which the remaining credits expire. Without it, they never expire.",
            _FIXED,
            example="P1Y",
        ),
        "expires_at": Field(
            Timestamp(seconds=True),
            "The time at which the remaining credits expire; instead of `expires_after`. A new grant is sent with "
            "the duration from its start until then.",
            _FIXED,
            example="2027-01-01T00:00:00Z",
        ),
        "settlement": Field(
            Text(choices=SETTLEMENT[1:]),
            "How far the payment of a grant with `funding_method: external` is: authorized, or settled. It only moves "
            "forward. Without it, payments are not managed.",
            FieldEffect.ONE_WAY,
            example="settled",
        ),
        "state": Field(
            Text(choices=("voided",)),
            "`voided` takes back what is left of the credits. It needs `--allow void`, and can't be undone: the key is "
            "used up.",
            FieldEffect.ONE_WAY,
            example="voided",
        ),
    },
    rules=(fill_purchase,),
    ruled=("purchase", "currency", "funding_method"),
    doc="A grant gives a customer credits.",
)


_JOINT = (
    "currency", "funding_method", "purchase", "tax_config", "effective_at", "expires_after", "expires_at", "created_at",
)  # fmt: skip


def traits(grant: Fields) -> frozenset[Trait]:
    """Its name, and its amount."""
    return frozenset({("name", grant.get("name")), ("amount", grant.get("amount"), grant.get("currency"))})


def lost(row: Fields) -> Iterator[tuple[str, str, Said]]:
    """Yield losses of a grant created again from a file: its end, if it depends on its creation, and its payment."""
    if "expires_after" in read(row, {}) and not row.get("effective_at"):
        text = "expires at {end}: created again, it has its whole duration again"
        yield "expiry", "expires_after", sentence(text, end=Word(row["expires_at"]))
    settlement = (row.get("purchase") or {}).get("settlement_status")
    if row.get("funding_method") == "invoice":
        text = "was invoiced ({status}): created again, it is invoiced again"
        yield "payment", "funding_method", sentence(text, status=Word(str(settlement)))


def facts(row: Fields) -> Fields:
    """The payment status of an external grant; None for other grants, whose payment the server follows itself."""
    is_external = row.get("funding_method") == "external"
    return {"settlement": (row.get("purchase") or {}).get("settlement_status") if is_external else None}


def loss(row: Fields) -> str:
    """The credit that a void takes: nothing shows how much of a grant is left (customer-facts.md §7.7, §9.2)."""
    return (
        f"all that is left of its {row.get('amount')} {row.get('currency')} is taken back for good. Usage of the "
        "running period is not booked yet, so a void takes its credit too, and the usage then leaves a negative balance"
        f"{'' if row.get('funding_method') == 'none' else PAID}"
    )


def hindrance(row: Fields, now: datetime) -> tuple[str, str] | None:
    """The reason why the server would refuse a void, as far as a row shows it (customer-facts.md §7.7)."""
    match row.get("status"):
        case "pending":
            return "it waits for its invoice, and has given no credit yet", "run again when the invoice is there"
        case "expired":
            return f"it expired at {row.get('expires_at')}, and nothing is left of it", "remove it from the files"
    start = parse_moment(str(row.get("effective_at")))
    if start is not None and start > now:
        return f"it begins at {row['effective_at']}, and no grant is voided before that", "run again after its start"
    return None


def not_before(grant: Fields, now: datetime) -> str | None:
    """The start of a declared grant that begins later, as no grant is voided before that; None for one that is over at
    once, of which nothing is left to void (customer-facts.md §7.7)."""
    begins = parse_moment(str(grant.get("effective_at"))) or now
    lasts = parse_duration(str(grant.get("expires_after")))
    ends = parse_moment(str(grant.get("expires_at"))) or (lasts.after(begins) if lasts else None)
    if ends is not None and ends <= now:
        return None
    return str(grant["effective_at"]) if begins > now else ""


GRANT = Kind(
    name="grant",
    collection="grants",
    archetype=Archetype.APPEND_ONLY,
    record=RECORD,
    doc="A grant gives a customer credits. It never changes, can be voided, and is left alone when it is taken out of "
    "the files.",
    example={
        "key": "welcome",
        "name": "Welcome credit",
        "amount": "500",
        "currency": "USD",
        "funding_method": "none",
    },
    traits=traits,
    labels=LabelPolicy.FIXED,
    parent=Parent("customer", many="grants", decides=("currency",), fills={"currency": ("currency",)}),
    read=read,
    joint=_JOINT,
    only_without={"created_at": "effective_at"},
    respell=respell,
    restored=restored,
    at_creation=at_creation,
    status="status",
    statuses={
        "pending": State.COMING,
        "active": State.CURRENT,
        "expired": State.OVER,
        "voided": State.TAKEN_BACK,
    },
    lost=lost,
    facts=facts,
    progress=Progress("settlement", SETTLEMENT, call="settle", sent="status", verb="settling"),
    taking_back=TakingBack("state", "voided", "void", "voiding", loss, hindrance, not_before),
    after=("customer",),
    checks=checks.CHECKS,
    plain_key=forms.PLAIN_KEY,
    created_verb="granting",
    immutable_hint="a grant never changes: declare another one, under another key",
    irreversible={"granting": "", "settling": "", "voiding": ""},
)
