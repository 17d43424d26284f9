"""Add-ons: products that a customer can buy in addition to a plan. A published version never changes."""

from __future__ import annotations

from billsync.kinds import across, fields, own_currencies
from billsync.kinds.checks import addon as checks
from billsync.kinds.ratecard import ADDON_CARD
from billsync.model.kind import Archetype, Kind, LabelPolicy, State
from billsync.model.shape import Field, FieldEffect, ListOf, Record, Text

INSTANCE_TYPES = ("single", "multiple")

_NEW = FieldEffect.NEW_VERSION
_DOC = "An add-on is an extra that a customer can buy in addition to a plan that offers it."

RECORD = Record(
    {
        "key": fields.key(
            "The key by which plans refer to this add-on; all its versions share it.", example="monitoring"
        ),
        "name": fields.name(_NEW, example="Monitoring block"),
        "description": Field(fields.DESCRIPTION, "A longer text for people. Empty means none.", _NEW, sent_empty=""),
        "labels": fields.labels(_NEW),
        "currency": Field(
            fields.CURRENCY,
            "The currency of all prices: a three-letter code, or the code of a custom currency.",
            _NEW,
            required=True,
            example="USD",
        ),
        "instance_type": Field(
            Text(choices=INSTANCE_TYPES),
            "Whether a subscription has it once, or in a quantity. What comes in a quantity has no price by usage.",
            _NEW,
            required=True,
            example="multiple",
        ),
        "rate_cards": Field(
            ListOf(ADDON_CARD, key="key", as_set=True),
            "The rate cards. A card is written out, or taken from the library with `use`.",
            _NEW,
            required=True,
            unshown=True,  # an empty list reads as null (catalog-facts.md §8.1)
            example=[
                {
                    "feature": "monitoring",
                    "price": {"type": "flat", "amount": "15"},
                    "billing_cadence": "P1M",
                    "payment_term": "in_advance",
                }
            ],
        ),
    },
    doc=_DOC,
)

ADDON = Kind(
    name="addon",
    collection="addons",
    archetype=Archetype.VERSIONED,
    record=RECORD,
    doc=f"{_DOC} A change makes a new version, and new versions of the plans that offer it.",
    example={
        "key": "monitoring",
        "name": "Monitoring block",
        "currency": "USD",
        "instance_type": "multiple",
        "rate_cards": [
            {
                "key": "monitoring_fee",
                "name": "20 monitors",
                "price": {"type": "flat", "amount": "15"},
                "billing_cadence": "P1M",
            }
        ],
    },
    labels=LabelPolicy.FIXED,
    status="status",
    statuses={"draft": State.DRAFT, "active": State.CURRENT, "archived": State.OVER},
    unique=False,
    checks=checks.CHECKS,
    cross=(across.priced_features,),
    cross_live=(across.priced_features,),
    mentions=own_currencies.mentioned,
    lacking=own_currencies.lacking,
    deleted_verb="archiving",
    irreversible={"archiving": ""},
)
