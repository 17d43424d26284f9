"""Subscriptions: which plan a customer is on. A change ends one on the server and starts another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction

from billsync.kinds import across, fields, forms
from billsync.kinds.checks import subscription as checks
from billsync.kinds.plan import SETTLEMENT_MODES
from billsync.kinds.ratecard import LARGEST
from billsync.kinds.terms import ADDON_TERMS, CUSTOMER_TERMS, PLAN_TERMS
from billsync.model import patterns
from billsync.model.duration import Duration, parse_duration
from billsync.model.kind import Absent, Archetype, Kind, LabelPolicy, Names, Parent, State, Trait
from billsync.model.moment import moment_text, parse_moment
from billsync.model.said import Said, Word, sentence
from billsync.model.shape import Field, FieldEffect, Integer, ListOf, Pseudonym, Record, Reference, Text, Timestamp
from billsync.model.transition import TIMINGS
from billsync.model.value import Fields

_FIXED = "it is fixed when a subscription starts"


ATTACHED = Record(
    {
        "addon": Field(
            Reference("addon", decides=ADDON_TERMS),
            "The add-on, by key. The plan's version must offer it, and says which version of it that is.",
            FieldEffect.ATTACHED,
            required=True,
            example="monitoring",
        ),
        "quantity": Field(
            Integer(minimum=0, maximum=LARGEST),
            "The number of times that the subscription has it. Default: 1; 0 means that it doesn't have it.",
            FieldEffect.ATTACHED,
            default=1,
            example=2,
        ),
    },
    doc="An add-on of a subscription.",
)

RECORD = Record(
    {
        "key": Field(
            Text(minimum=1, maximum=63),
            "Names the subscription among its customer's; kept in the label `billsync_key`.",
            FieldEffect.OURS,
            default="default",
            example="default",
        ),
        "plan": Field(
            Reference("plan", decides=PLAN_TERMS),
            "The plan, by key.",
            FieldEffect.CHANGE,
            required=True,
            clear=_FIXED,
            unshown=True,  # of a custom subscription (customer-facts.md §5.2)
            example="prepaid",
        ),
        "version": Field(
            Integer(minimum=1, words=("latest",)),
            "Which version of the plan. Without it, the newest active one when the subscription starts, and that one "
            "from then on; `latest` moves it to each new version.",
            FieldEffect.OURS,
            example="latest",
        ),
        "restart": Field(
            Integer(minimum=1, words=(True, False)),
            "Lets a subscription that has ended begin again, once: `true`, and for the second time `2`, and so on. "
            "Each number begins one subscription only, so leaving it in the file sells nothing twice.",
            FieldEffect.OURS,
            example=True,
        ),
        "version_digest": Field(
            Text(minimum=71, maximum=71, pattern=patterns.DIGEST, pseudonym=Pseudonym.DIGEST),
            "The content that a `version` by its number must have, as `dump` writes it: on a server where that "
            "version has other prices, the subscription is refused.",
            FieldEffect.OURS,
            example=f"sha256:{'0' * 64}",
        ),
        "settlement_mode": Field(
            Text(choices=SETTLEMENT_MODES),
            "The way of payment: from credits alone, or from credits and then by invoice. Default: the plan's.",
            FieldEffect.CHANGE,
            clear=_FIXED,
            example="credit_only",
        ),
        "billing_anchor": Field(
            Timestamp(),
            "The time from which billing periods are counted. Without it, the start.",
            FieldEffect.CHANGE,
            clear=_FIXED,
            example="2026-01-01T00:00:00Z",
        ),
        "cost_basis_mode": Field(
            Text(choices=("dynamic", "pinned")),
            "Whether custom currencies are converted at the rates of the day, or at those of the start.",
            FieldEffect.CHANGE,
            clear=_FIXED,
            example="dynamic",
        ),
        "labels": fields.labels(FieldEffect.CHANGE),
        "start": Field(
            Timestamp(),
            "When it begins. Without it, at once. A start in the past can't be made; a running subscription keeps the "
            "start that it had.",
            FieldEffect.OURS,
            example="2027-01-01T00:00:00Z",
        ),
        "starting_phase": Field(
            Text(minimum=1, maximum=64, pattern=forms.RESOURCE_KEY),
            "The phase of the plan in which it begins: those before it are skipped, such as a trial that was had. "
            "Without it, the first one. A running subscription keeps the phase that it is in.",
            FieldEffect.OURS,
            example="main",
        ),
        "change": Field(
            Text(choices=TIMINGS),
            "When a change of plan, version, settlement mode, anchor, labels or add-ons takes effect: at once, or with "
            "the next billing period. Without it, the first rule of `_info.transitions` that covers the change says "
            "so.",
            FieldEffect.OURS,
            example="at_renewal",
        ),
        "ends": Field(
            Timestamp(words=TIMINGS),
            "When it ends: at the end of the running period, at once, or at a time that is the boundary of a billing "
            "period. Remove it to continue.",
            FieldEffect.OURS,
            example="at_renewal",
        ),
        "addons": Field(
            ListOf(ATTACHED, key="addon", as_set=True),
            "The add-ons that the subscription has. Without it, its add-ons are left alone; `[]` means none.",
            FieldEffect.ATTACHED,
            example=[{"addon": "monitoring", "quantity": 2}],
        ),
    },
    doc="A subscription puts a customer on a plan.",
)


def read(row: Fields, names: Names) -> Fields:
    """The row with a reference to its plan, of which Konnect shows the id alone."""
    shown = row.get("plan") or row.get("plan_id") is None
    return row if shown else {**row, "plan": {"id": row["plan_id"]}}


def facts(row: Fields) -> Fields:
    """The moments of a link of the chain: its start, its end, and the end of its running billing period.

    A moment that the row doesn't have is None. Source: customer-facts.md §5.2.
    """
    period = row.get("current_period") or {}
    moments = {"active_from": row.get("active_from"), "active_to": row.get("active_to"), "renews_at": period.get("to")}
    return {name: _moment(value) for name, value in moments.items()}


def may_end_at(row: Fields, end: datetime) -> bool:
    """Whether a time is the boundary of a billing period or of a phase, as the server demands (customer-facts.md §5.7).

    True where the row doesn't show enough to tell.
    """
    anchor, cadence = parse_moment(str(row.get("billing_anchor"))), parse_duration(str(row.get("billing_cadence")))
    if anchor is None or cadence is None:
        return True
    phases = {parse_moment(str(phase.get("active_to"))) for phase in row.get("phases") or ()}
    return end in phases or _leads_to(cadence, anchor, end)


def _leads_to(cadence: Duration, anchor: datetime, end: datetime) -> bool:
    """Whether a cadence, some times over, leads from an anchor exactly to a time."""
    gap = end - anchor
    seconds = Fraction(gap.days) * _DAY + gap.seconds
    bounds = sorted(int(seconds // cadence.in_seconds(month_days=days)) for days in (28, 31))
    return any(cadence.after(anchor, times=times) == end for times in range(bounds[0] - 1, bounds[1] + 2))


_DAY = 86_400


def _moment(value: object) -> str | None:
    moment = parse_moment(value) if isinstance(value, str) else None
    return moment_text(moment) if moment else None


def traits(subscription: Fields) -> frozenset[Trait]:
    """The customer alone: any two subscriptions of one customer are two invoices."""
    return frozenset({("customer",)})


def lost(row: Fields) -> Iterator[tuple[str, str, Said]]:
    """Yield the loss of a subscription created again from a file: its phase."""
    phases = [phase for phase in row.get("phases") or () if phase.get("active_from") != phase.get("active_to")]
    if len(phases) > 1:
        text = "began at {start}: created again, it begins with the phase {first!r} again"
        start, first = Word(str(row.get("active_from"))), str(phases[0].get("key"))
        yield "phase", "plan", sentence(text, start=start, first=first)


_ALONE = (
    "one-at-a-time: the server allows a customer one subscription at a time, and another one runs or is scheduled. End "
    "that one first, or declare one only. `_info: {target: {subscriptions_per_customer: many}}` is for servers that "
    "are set up for several; for this one, leave it out or say `one`"
)

SUBSCRIPTION = Kind(
    name="subscription",
    collection="subscriptions",
    archetype=Archetype.CHAINED,
    record=RECORD,
    doc="A subscription puts a customer on a plan.",
    example={"plan": "prepaid", "settlement_mode": "credit_only"},
    default_key="default",
    absent=Absent.NOT_MANAGED,
    labels=LabelPolicy.FIXED,
    parent=Parent(
        "customer",
        one="subscription",
        many="subscriptions",
        decides=CUSTOMER_TERMS,
        fills={"currency": ("plan", "currency")},  # customer-facts.md §3.5
    ),
    traits=traits,
    read=read,
    joint=("plan", "plan_id"),
    status="status",
    statuses={
        "scheduled": State.COMING,
        "active": State.CURRENT,
        "canceled": State.ENDING,
        "inactive": State.OVER,
    },
    lost=lost,
    lost_by_all="every subscription that is created again begins again, and its fees in advance are due again",
    unique=False,
    after=("customer", "grant"),
    checks=checks.CHECKS,
    cross=(across.currencies, across.starting_phases),
    cross_live=(across.currencies, across.starting_phases),
    pins="plan",
    successor="openmeter_subscription.superseding.id",
    predecessor="openmeter_subscription.previous.id",
    inherits=("settlement_mode",),
    facts=facts,
    may_end_at=may_end_at,
    answers={"only_single_subscription_allowed_per_customer_at_a_time": _ALONE},  # customer-facts.md §5.5
    created_verb="subscribing",
    deleted_verb="cancelling",
    irreversible={
        "changing": "withdraw",
        "cancelling": "resume",
        "migrating": "",
        "attaching": "set_quantity",  # at once, it bills in advance
        "updating": "set_quantity",
        "detaching": "set_quantity",
    },
)
