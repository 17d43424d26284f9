"""Fields and shapes that several kinds have in common."""

from __future__ import annotations

from decimal import Decimal

from billsync.kinds import forms
from billsync.model.shape import Field, FieldEffect, LabelMap, Number, Pseudonym, Text

RESOURCE_KEY = Text(minimum=1, maximum=64, pattern=forms.RESOURCE_KEY)
"""Catalog keys: lower case, digits and single underscores (catalog-facts.md §1.2)."""

EXTERNAL_KEY = Text(minimum=1, maximum=256)
"""Keys of customers and grants: any characters (customer-facts.md §1.2)."""

NAME = Text(minimum=1, maximum=256)
DESCRIPTION = Text(maximum=1024, clearable=True)
FIAT = Text(minimum=3, maximum=3, pattern=forms.CURRENCY, pseudonym=Pseudonym.CURRENCY)
CURRENCY = Text(minimum=3, maximum=24, pseudonym=Pseudonym.CURRENCY)
"""A fiat currency, or a custom one."""
JSON_PATH = Text(minimum=1, pseudonym=Pseudonym.JSON_PATH)
MONEY = Number(minimum=Decimal(0))


def key(doc: str, *, example: str) -> Field:
    """The field that names an entity in the catalog."""
    return Field(RESOURCE_KEY, doc, FieldEffect.IDENTITY, required=True, example=example)


def name(effect: FieldEffect, *, example: str) -> Field:
    """The name that people see."""
    return Field(NAME, "The name that people see.", effect, required=True, example=example)


def description(effect: FieldEffect) -> Field:
    """A free text that can also be removed again."""
    return Field(DESCRIPTION, "A longer text for people. Empty means none.", effect)


def labels(effect: FieldEffect) -> Field:
    """Labels that the server shows again."""
    doc = (
        "Short texts by key, for your own use. They are merged over the labels that are live, and never removed. "
        "Keys that begin with `billsync_` are billsync's own."
    )
    clear = "labels are merged over the live ones, and never removed"
    return Field(LabelMap(), doc, effect, clear=clear, example={"team": "payments"})


def hidden_labels(effect: FieldEffect) -> Field:
    """Labels that the server keeps, and shows through its older API, if it has that."""
    doc = (
        "Short texts by key, for your own use. They are merged over the labels that are live, and never removed; "
        "others make a new version. Only OpenMeter shows them again, and not with `unit_config` or a custom currency."
    )
    clear = "labels are merged over the live ones, and never removed"
    return Field(LabelMap(hidden=True), doc, effect, clear=clear, example={"team": "payments"})
