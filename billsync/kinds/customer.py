"""Customers: the billed party, its address, and the subjects of its usage."""

from __future__ import annotations

from billsync.kinds import across, fields, forms
from billsync.kinds.checks import customer as checks
from billsync.model.kind import Absent, Archetype, Kind, LabelPolicy, Trait
from billsync.model.shape import Anything, Field, FieldEffect, ListOf, Pseudonym, Record, Text
from billsync.model.value import Fields

STRIPE_CUSTOMER = "cus_"
"""Beginning of the ids of Stripe's customers, which are often kept in a label."""

_ATTRIBUTION = Record(
    {
        "subject_keys": Field(
            ListOf(Text(minimum=1), as_set=True, unique=True),
            "The subjects of events that count for this customer; each belongs to one customer alone.",
            required=True,
            example=["acme-prod", "acme-test"],
        )
    },
    doc="Which usage counts for this customer.",
)

_COUNTRY = Text(minimum=2, maximum=2, pattern=forms.COUNTRY, pseudonym=Pseudonym.COUNTRY)

_ADDRESS = Record(
    {
        "country": Field(_COUNTRY, "Two-letter country code.", example="DE"),
        "postal_code": Field(Text(), "Postal code.", example="28195"),
        "state": Field(Text(), "State, province or region.", example="Bremen"),
        "city": Field(Text(), "City.", example="Bremen"),
        "line1": Field(Text(), "First line of the address.", example="Am Markt 1"),
        "line2": Field(Text(), "Second line of the address.", example="2nd floor"),
        "phone_number": Field(Text(), "Phone number.", example="+49 421 555 0100"),
    },
    merged=True,
    doc="The address on invoices. Parts that aren't given stay as they are live; null removes one.",
)

RECORD = Record(
    {
        "key": Field(
            fields.EXTERNAL_KEY,
            "Names the customer; it can't change.",
            FieldEffect.IDENTITY,
            required=True,
            example="acme",
        ),
        "name": fields.name(FieldEffect.IN_PLACE, example="Acme Inc."),
        "description": Field(fields.DESCRIPTION, "A longer text for people. Null or empty removes it."),
        "labels": fields.labels(FieldEffect.IN_PLACE),
        "usage_attribution": Field(
            _ATTRIBUTION,
            "Which usage counts for this customer. It can't change while a subscription is live.",
            sent_empty={"subject_keys": ()},
            example={"subject_keys": ["acme-prod"]},
        ),
        "primary_email": Field(
            Text(pseudonym=Pseudonym.EMAIL),
            "Where mail about billing goes.",
            clear="the server keeps the address when a request leaves it out",
            example="billing@acme.example",
        ),
        "currency": Field(
            fields.FIAT,
            "The currency of this customer's invoices. The first paid subscription sets it if nothing else does.",
            clear="the server keeps the currency when a request leaves it out",
            example="USD",
        ),
        "billing_address": Field(
            _ADDRESS, "The address on invoices. Null removes it.", example={"country": "DE", "city": "Bremen"}
        ),
        "billing": Field(
            Anything(),
            "Not supported yet.",
            refused="a customer's billing profile and app data come with a later version of billsync",
        ),
    },
    doc="A customer is billed for what it uses and subscribes to.",
)


def stages(have: Fields, want: Fields) -> tuple[Fields, ...]:
    """The views on the way to a wanted one: to remove a part of an address, all of it is removed first.

    Source: customer-facts.md §3.1 (an address in a request is merged over the live one).
    """
    old, new = have.get("billing_address") or {}, want.get("billing_address") or {}
    if not new or old.keys() <= new.keys():
        return (want,)
    return ({name: value for name, value in want.items() if name != "billing_address"}, want)


def claims(customer: Fields) -> tuple[str, ...]:
    """The subject keys, which no two live customers share."""
    return tuple((customer.get("usage_attribution") or {}).get("subject_keys") or ())


def traits(customer: Fields) -> frozenset[Trait]:
    """Traits of a customer: its subjects (its key is one, too), its name, its e-mail address, and its Stripe ids."""
    found: set[Trait] = {("subject", subject) for subject in (customer.get("key"), *claims(customer)) if subject}
    found |= {(field, _folded(customer[field])) for field in ("name", "primary_email") if customer.get(field)}
    labels = (customer.get("labels") or {}).values()
    return frozenset(found | {("stripe", str(value)) for value in labels if str(value).startswith(STRIPE_CUSTOMER)})


def _folded(text: object) -> str:
    return " ".join(str(text).split()).casefold()


CUSTOMER = Kind(
    name="customer",
    collection="customers",
    archetype=Archetype.RECORD,
    record=RECORD,
    doc="A customer is billed for what it uses and subscribes to. Fields that a file leaves out keep their value.",
    example={
        "key": "acme",
        "name": "Acme Inc.",
        "usage_attribution": {"subject_keys": ["acme-prod"]},
        "primary_email": "billing@acme.example",
    },
    absent=Absent.NOT_MANAGED,
    labels=LabelPolicy.MUTABLE,
    claims=claims,
    claimed=("usage_attribution",),
    traits=traits,
    checks=checks.CHECKS,
    plain_key=forms.PLAIN_KEY,
    cross=(across.subject_keys,),
    cross_claimed=(across.subject_keys,),
    stages=stages,
    frozen={"usage_attribution": "subscription", "currency": "subscription"},
    personal=frozenset({"name", "description", "labels", "metadata", "primary_email", "billing_address"}),
    irreversible={"deleting": ""},
)
