"""Plans: the cards and prices that are sold together, in phases. A published version never changes."""

from __future__ import annotations

from billsync.kinds import across, fields, fitting, own_currencies
from billsync.kinds.checks import plan as checks
from billsync.kinds.prices import USAGE_PRICES
from billsync.kinds.ratecard import LARGEST, RATE_CARD, fill_usage_period
from billsync.kinds.terms import ADDON_TERMS
from billsync.model.kind import Archetype, Kind, LabelPolicy, State
from billsync.model.shape import Boolean, Duration, Field, FieldEffect, Integer, ListOf, Record, Reference, Text
from billsync.model.value import Fields

CADENCES = ("P1W", "P2W", "P4W", "P1M", "P3M", "P6M", "P12M", "P1Y")
SETTLEMENT_MODES = ("credit_then_invoice", "credit_only")

_NEW = FieldEffect.NEW_VERSION

PHASE = Record(
    {
        "key": Field(fields.RESOURCE_KEY, "Names the phase in its plan.", _NEW, required=True, example="trial"),
        "name": fields.name(_NEW, example="Trial"),
        "description": fields.description(_NEW),
        "labels": fields.hidden_labels(_NEW),
        "duration": Field(
            Duration(),
            "The length of the phase. Every phase but the last has one.",
            _NEW,
            example="P14D",
        ),
        "rate_cards": Field(
            ListOf(RATE_CARD, key="key", as_set=True),
            "The rate cards of this phase. A card is written out, or taken from the library with `use`.",
            _NEW,
            required=True,
            example=[{"feature": "api_requests", "price": {"type": "unit", "amount": "0.002"}}],
        ),
    },
    doc="A part of a subscription's life, with its own prices.",
)


PLAN_ADDON = Record(
    {
        "addon": Field(
            Reference("addon", decides=ADDON_TERMS),
            "The add-on, by key. The plan offers its newest version.",
            _NEW,
            required=True,
            example="monitoring",
        ),
        "from_plan_phase": Field(
            fields.RESOURCE_KEY,
            "The phase from which on it can be bought. Without it, the first one.",
            _NEW,
            derived=True,
            example="default",
        ),
        "max_quantity": Field(
            Integer(minimum=1, maximum=LARGEST),
            "The largest quantity that a subscription may have. Without it, any number; not for `instance_type: "
            "single`.",
            _NEW,
            example=20,
        ),
    },
    doc="An add-on that subscribers of the plan can buy.",
)


def fill_first_phase(plan: Fields) -> Fields:
    """Add-ons can be bought from the first phase on, unless said otherwise."""
    phases, addons = plan.get("phases"), plan.get("addons")
    if not isinstance(phases, tuple) or not phases or "key" not in phases[0] or not isinstance(addons, tuple):
        return plan
    return {**plan, "addons": tuple({"from_plan_phase": phases[0]["key"], **addon} for addon in addons)}


def fill_cadences(plan: Fields) -> Fields:
    """Cards with a price by usage take the plan's cadence, and their entitlements take the card's."""
    cadence = plan.get("billing_cadence")
    if not isinstance(plan.get("phases"), tuple) or cadence is None:
        return plan
    return {**plan, "phases": tuple(_with_cadences(phase, cadence) for phase in plan["phases"])}


def _with_cadences(phase: Fields, cadence: str) -> Fields:
    if not isinstance(phase.get("rate_cards"), tuple):
        return phase
    return {
        **phase,
        "rate_cards": tuple(fill_usage_period(_with_cadence(card, cadence)) for card in phase["rate_cards"]),
    }


def _with_cadence(card: Fields, cadence: str) -> Fields:
    if "billing_cadence" in card or (card.get("price") or {}).get("type") not in USAGE_PRICES:
        return card
    return {**card, "billing_cadence": cadence}


_MODE_DOC = (
    "The default way of payment of this plan's subscriptions: from credits alone, or from credits and then by invoice. "
    "It travels with each subscription. A newer OpenMeter keeps it with the plan, too: there, another mode makes a new "
    "version."
)
_MODE = Text(choices=SETTLEMENT_MODES)
_SETTLEMENT_MODE = Field(
    _MODE,
    _MODE_DOC,
    FieldEffect.OURS,
    example="credit_only",
    taken=Field(_MODE, _MODE_DOC, _NEW, default="credit_then_invoice", undigested=True),
)


RECORD = Record(
    {
        "key": fields.key(
            "The key by which subscriptions refer to this plan; all its versions share it.", example="prepaid"
        ),
        "name": fields.name(_NEW, example="Prepaid"),
        "description": Field(fields.DESCRIPTION, "A longer text for people. Empty means none.", _NEW, sent_empty=""),
        "labels": fields.hidden_labels(_NEW),
        "currency": Field(
            fields.CURRENCY,
            "The currency of all prices: a three-letter code, or the code of a custom currency.",
            _NEW,
            required=True,
            example="USD",
        ),
        "billing_cadence": Field(
            Duration(choices=CADENCES),
            "The interval at which customers are billed.",
            _NEW,
            required=True,
            example="P1M",
        ),
        "pro_rating_enabled": Field(
            Boolean(), "Whether a period that is cut short costs its part only.", _NEW, default=True
        ),
        "settlement_mode": _SETTLEMENT_MODE,
        "phases": Field(
            ListOf(PHASE, key="key", minimum=1),
            "The phases, in their order. Most plans have one.",
            _NEW,
            required=True,
            example=[{"key": "default", "name": "Default", "rate_cards": [{"use": "api_standard"}]}],
        ),
        "addons": Field(
            ListOf(PLAN_ADDON, key="addon", as_set=True),
            "The add-ons that subscribers can buy in addition to the plan. A new version of an add-on makes a new "
            "version of each plan that offers it.",
            _NEW,
            example=[{"addon": "monitoring", "max_quantity": 20}],
        ),
    },
    rules=(fill_cadences, fill_first_phase),
    doc="A plan is what customers subscribe to.",
)

PLAN = Kind(
    name="plan",
    cadence="billing_cadence",
    collection="plans",
    archetype=Archetype.VERSIONED,
    record=RECORD,
    doc="A plan is what customers subscribe to. A change makes a new version; subscribers of older ones keep theirs.",
    example={
        "key": "prepaid",
        "name": "Prepaid",
        "currency": "USD",
        "billing_cadence": "P1M",
        "settlement_mode": "credit_only",
        "phases": [
            {
                "key": "default",
                "name": "Default",
                "rate_cards": [
                    {
                        "key": "tokens",
                        "name": "Tokens",
                        "feature": "tokens",
                        "price": {"type": "unit", "amount": "0.002"},
                    }
                ],
            }
        ],
    },
    labels=LabelPolicy.HIDDEN,
    status="status",
    statuses={
        "draft": State.DRAFT,
        "scheduled": State.COMING,
        "active": State.CURRENT,
        "archived": State.OVER,
    },
    unique=False,
    checks=checks.CHECKS,
    cross=(across.priced_features, *fitting.CROSS),
    cross_live=(across.priced_features, fitting.quantities, fitting.currencies),
    mentions=own_currencies.mentioned,
    lacking=own_currencies.lacking,
    deleted_verb="archiving",
    irreversible={"archiving": ""},
)
