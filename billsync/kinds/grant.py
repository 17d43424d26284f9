"""Credit grants: money or units given to a customer. A grant never changes once it is there."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from billsync.kinds import fields
from billsync.kinds.checks import grant as checks
from billsync.model.duration import Duration as Length
from billsync.model.duration import parse_duration
from billsync.model.kind import Archetype, Kind, LabelPolicy, Names, Parent
from billsync.model.moment import cut_to_seconds, parse_moment
from billsync.model.shape import (
    Anything,
    Duration,
    Effect,
    Field,
    Many,
    Moment,
    Number,
    Record,
    Reference,
    Text,
    Whole,
    Wire,
)
from billsync.model.value import Fields

_FIXED = Effect.IMMUTABLE

_PURCHASE = Record(
    {
        "currency": Field(
            fields.FIAT,
            "What is paid in; the same as the credits. Without it, the grant's.",
            _FIXED,
            required=True,
            derived=True,
            example="USD",
        ),
        "per_unit_cost_basis": Field(
            Number(above=Decimal(0)), "What one unit of credit costs.", _FIXED, default=Decimal(1), example="0.8"
        ),
        "availability_policy": Field(
            Text(choices=("on_creation",)),
            "When credits with `funding_method: external` can be used: at once, before they are paid.",
            _FIXED,
            derived=True,
        ),
    },
    doc="What is paid for the credits.",
)

_TAX_CONFIG = Record(
    {
        "tax_code": Field(
            Reference("tax_code"), "The tax code, by key. Without it, the server's default.", _FIXED, example="prepaid"
        ),
        "behavior": Field(
            Text(choices=("inclusive", "exclusive")), "Whether the price includes the tax.", _FIXED, example="exclusive"
        ),
    },
    doc="How the purchase is taxed.",
)

_FILTERS = Record(
    {
        "features": Field(
            Many(Reference("feature", Wire.TEXT), as_set=True, unique=True),
            "The features that the credits can pay for, by key. Without it, all of them.",
            _FIXED,
            example=["api_requests"],
        )
    },
    doc="What the credits can pay for.",
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
            Effect.IDENTITY,
            required=True,
            example="welcome",
        ),
        "name": fields.name(_FIXED, example="Welcome credit"),
        "description": fields.description(_FIXED),
        "labels": fields.labels(_FIXED),
        "amount": Field(
            Number(above=Decimal(0)),
            "How much is granted, with no more decimals than the currency has.",
            _FIXED,
            required=True,
            example="500",
        ),
        "currency": Field(fields.FIAT, "The currency of the credits.", _FIXED, required=True, example="USD"),
        "funding_method": Field(
            Text(choices=("none", "invoice", "external")),
            "Who pays: nobody, the customer by invoice, or the customer in some other way.",
            _FIXED,
            required=True,
            example="none",
        ),
        "purchase": Field(
            _PURCHASE,
            "What is paid for the credits. Needed unless `funding_method: none`.",
            _FIXED,
            example={"currency": "USD", "per_unit_cost_basis": "0.8"},
        ),
        "tax_config": Field(_TAX_CONFIG, "How the purchase is taxed.", _FIXED, example={"behavior": "exclusive"}),
        "filters": Field(_FILTERS, "What the credits can pay for.", _FIXED, example={"features": ["api_requests"]}),
        "priority": Field(
            Whole(minimum=1, maximum=1000), "Lower numbers are used up first.", _FIXED, default=10, example=10
        ),
        "effective_at": Field(
            Moment(seconds=True),
            "From when the credits can be used. Without it, at once.",
            _FIXED,
            example="2026-01-01T00:00:00Z",
        ),
        "expires_after": Field(
            Duration(positive=True),
            "After which time what is left of the credits expires. Without it, never.",
            _FIXED,
            example="P1Y",
        ),
        "state": Field(
            Anything(),
            "Not supported yet.",
            Effect.OURS,
            refused="voiding a grant comes with a later version of billsync",
        ),
    },
    rules=(fill_purchase,),
    doc="A grant gives a customer credits.",
)


def read(row: Fields, names: Names) -> Fields:
    """The row with the duration until its end, which the server doesn't show.

    Source: customer-facts.md §18: `expires_at` less the effective time, or the time of creation cut to seconds.
    """
    start, end = _start(row), parse_moment(str(row.get("expires_at")))
    if start is None or end is None:
        return row
    return {**row, "expires_after": _between(start, end)}


def echo(want: Fields, view: Fields, row: Fields) -> Fields:
    """The view as the wanted one would write it: a duration with the same end, and no tax code if none is wanted."""
    spelled = dict(view)
    if _same_end(want.get("expires_after"), row):
        spelled["expires_after"] = want["expires_after"]
    if "tax_code" in (view.get("tax_config") or {}) and "tax_code" not in (want.get("tax_config") or {}):
        spelled["tax_config"] = {name: value for name, value in view["tax_config"].items() if name != "tax_code"}
    return {name: value for name, value in spelled.items() if value != {}}


def _start(row: Fields) -> datetime | None:
    moment = parse_moment(str(row.get("effective_at") or row.get("created_at")))
    return cut_to_seconds(moment) if moment else None


def _between(start: datetime, end: datetime) -> str:
    """The time between two moments, in days and seconds."""
    gap = end - start
    return Length(days=Decimal(gap.days), seconds=Decimal(gap.seconds)).text


def _same_end(wanted: object, row: Fields) -> bool:
    duration = parse_duration(wanted) if isinstance(wanted, str) else None
    start, end = _start(row), parse_moment(str(row.get("expires_at")))
    if duration is None or start is None or end is None:
        return False
    return cut_to_seconds(duration.after(start)) == end


GRANT = Kind(
    name="grant",
    collection="grants",
    archetype=Archetype.APPEND_ONLY,
    record=RECORD,
    doc="A grant gives a customer credits. It never changes, and is left alone when it is taken out of the files.",
    example={
        "key": "welcome",
        "name": "Welcome credit",
        "amount": "500",
        "currency": "USD",
        "funding_method": "none",
    },
    labels=LabelPolicy.FIXED,
    parent=Parent("customer", many="grants"),
    read=read,
    echo=echo,
    status="status",
    after=("customer",),
    checks=checks.CHECKS,
    created_verb="granting",
    deleted_verb="voiding",
    immutable_hint="a grant never changes: declare another one, under another key",
)
