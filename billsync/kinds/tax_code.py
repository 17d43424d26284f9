"""Tax codes: how a product is classified for tax, with the code that each tax app has for it."""

from __future__ import annotations

from billsync.kinds import fields
from billsync.kinds.checks import tax_code as checks
from billsync.model.kind import Archetype, Kind, LabelPolicy
from billsync.model.shape import Field, FieldEffect, ListOf, Pseudonym, Record, Text

APP_TYPES = ("sandbox", "stripe", "external_invoicing")

_DOC = "A tax code classifies your products for tax."

_MAPPING = Record(
    {
        "app_type": Field(
            Text(choices=APP_TYPES), "The app that computes the tax; each app is listed once.", required=True
        ),
        "tax_code": Field(
            Text(minimum=1, pseudonym=Pseudonym.STRIPE),
            "That app's own code for it. Stripe's are `txcd_` and eight digits.",
            required=True,
        ),
    },
    doc="One app's own code.",
)

RECORD = Record(
    {
        "key": fields.key("The key by which rate cards and grants refer to this tax code.", example="software"),
        "name": fields.name(FieldEffect.IN_PLACE, example="Software as a service"),
        "description": Field(fields.DESCRIPTION, "A longer text for people. Empty means none.", sent_empty=""),
        "labels": fields.labels(FieldEffect.IN_PLACE),
        "app_mappings": Field(
            ListOf(_MAPPING, key="app_type", as_set=True),
            "The code of each tax app for this tax code.",
            example=[{"app_type": "stripe", "tax_code": "txcd_10103001"}],
        ),
    },
    doc=_DOC,
)

TAX_CODE = Kind(
    name="tax_code",
    collection="tax_codes",
    archetype=Archetype.RECORD,
    record=RECORD,
    doc=f"{_DOC} The API can't delete one: if it is no longer declared, it stays live, and `sync` reports it.",
    example={
        "key": "software",
        "name": "Software as a service",
        "app_mappings": [{"app_type": "stripe", "tax_code": "txcd_10103001"}],
    },
    labels=LabelPolicy.MUTABLE,
    checks=checks.CHECKS,
    shared=True,
    irreversible={"creating": ""},
)
