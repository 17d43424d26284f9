"""The promise of a subscription in force: its plan version, phase, period and end, its add-ons, and what its period
will charge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from billsync.model.duration import parse_duration
from billsync.model.frozen import dataclass, replace
from billsync.model.malformed import Malformed, MalformedRow
from billsync.model.value import Fields, Plain
from billsync.rating.arithmetic import ZERO, plus
from billsync.rating.errors import RatingError
from billsync.rating.periods import Period, period_at
from billsync.rating.timeline import phase_lives
from billsync.report.billing.attached import Attached
from billsync.report.billing.charges import Due, Metered, UnknownCurrency, amount
from billsync.report.billing.subscribed import Subscribed, optional_moment
from billsync.report.billing.unshown import unshown
from billsync.report.forecast.forecast import running
from billsync.report.moves.amounts import less
from billsync.report.recovery.facts.sent_since import Sent

ACTIVE, CANCELED = "active", "canceled"


@dataclass(frozen=True, slots=True)
class Terms:
    """A subscription in force, as its row shows it. `subscribed` is Malformed where it can't be rated, or shows no
    phases."""

    id: str
    customer_id: str
    plan: str
    version: int | None
    period_from: datetime | None
    period_to: datetime | None
    ends_at: datetime | None
    plan_id: str
    subscribed: Subscribed | Malformed

    def phase_at(self, now: datetime) -> str | None:
        """The key of the phase in force; None where the server doesn't show it."""
        if isinstance(self.subscribed, Malformed):
            return None
        lives = phase_lives(self.subscribed.timeline)
        return next((one.phase.key for one in lives if one.life.start <= now and not one.life.is_over_at(now)), None)


def terms_of(row: Fields, subscribed: Subscribed | Malformed, now: datetime) -> Terms | None:
    """The terms in a row; None where the subscription isn't in force. Its period is that of its plan's cadence."""
    start, end = _moment(row, "active_from"), _moment(row, "active_to")
    if row.get("deleted_at") or start is None or start > now or (end is not None and end <= now):
        return None
    plan = _map(row.get("plan"))
    if isinstance(subscribed, Malformed):
        shown = _map(row.get("current_period"))
        period = _moment(shown, "from"), _moment(shown, "to")
    else:
        found = subscribed.period_at(now)
        period = found.start, found.end
    return Terms(
        id=str(row.get("id")),
        customer_id=str(row.get("customer_id")),
        plan=str(plan.get("key", "")),
        version=plan["version"] if isinstance(plan.get("version"), int) else None,
        period_from=period[0],
        period_to=period[1],
        ends_at=end,
        plan_id=str(row.get("plan_id") or plan.get("id") or ""),
        subscribed=subscribed,
    )


def unshown_terms(row: Fields, plan: Fields, subscribed: Subscribed | Malformed, now: datetime) -> Terms | None:
    """The terms of a subscription whose row shows no times, as Konnect's; None where it isn't in force.

    Its period is known where nothing but its anchor and its plan version's cadence decides: in a plan of one phase.
    """
    created, cadence = _moment(row, "created_at"), parse_duration(str(plan.get("billing_cadence")))
    if row.get("deleted_at") or row.get("status") not in (ACTIVE, CANCELED):
        return None
    anchor = _moment(row, "billing_anchor") or created
    is_known = anchor is not None and cadence is not None and len(plan.get("phases") or ()) == 1
    period = period_at(anchor, cadence, now) if is_known and anchor and cadence else None
    return Terms(
        id=str(row.get("id")),
        customer_id=str(row.get("customer_id")),
        plan=str(plan.get("key", "")),
        version=plan["version"] if isinstance(plan.get("version"), int) else None,
        period_from=max(period.start, created) if period and created else None,
        period_to=period.end if period else None,
        ends_at=None,
        plan_id=str(row.get("plan_id") or ""),
        subscribed=subscribed,
    )


def _map(value: Plain) -> Fields:
    return value if isinstance(value, Mapping) else {}


def _moment(row: Fields, name: str) -> datetime | None:
    try:
        return optional_moment(row, name)
    except MalformedRow:
        return None


def may_hide_charges(one: Subscribed, addons: Sequence[Attached] | None, own: frozenset[str], now: datetime) -> bool:
    """Whether something changed in the running period that the row doesn't show, so that the charges are needed.

    Without a trace is a card that was added and taken away within one period, which API v3 can't do.
    """
    start = one.period_at(now).start
    moved = any(slot.item.from_offset or slot.item.to_offset for slot in one.slots)
    segments = [segment for each in addons or () for segment in each.segments]
    edges = [edge for segment in segments for edge in (segment.start, segment.end) if edge and edge > start]
    return bool(own or moved or edges)


@dataclass(frozen=True, slots=True)
class Dues:
    """The charges that a subscription is still to get up to the end of its running period: usage, fees in arrears and
    the next period's fees in advance. Those that are `hidden` are for earlier states of it, which its row doesn't show.

    `resent` are the known ones with the usage that a restore sends again: that from before a card began, too, and not
    that of a period that is `ended`, or that another card was charged for.
    """

    known: tuple[Due, ...] = ()
    hidden: tuple[Due, ...] = ()
    resent: tuple[Due, ...] = ()
    ended: frozenset[tuple[str, Period]] = frozenset()

    @property
    def all(self) -> tuple[Due, ...]:
        """The known and the hidden ones."""
        return (*self.known, *self.hidden)


def dues_of(one: Subscribed, charges: Iterable[Fields], features: Mapping[str, str], now: datetime, sent: Sent) -> Dues:
    """The charges up to the end of the running period; `charges` are its customer's rows, which show earlier states.
    `sent` is since when a restore sends usage again."""
    shown = running(one, now)
    hidden = unshown(charges, one, known=shown, features=features, now=now)
    known = tuple(due for due in shown if due.at > now)
    resent = tuple(_resent(due, now, sent) for due in known)
    ended = frozenset(due.needs for due in known if due.needs and due.billed.service_period.end <= now)
    coming = tuple(due for due in hidden.dues if due.at > now)
    return Dues(known, coming, known if resent == known else resent, ended)


def dues_at_end(
    one: Subscribed, charges: Iterable[Fields], features: Mapping[str, str], now: datetime
) -> tuple[Due, ...]:
    """The charges up to the end of the running period, the hidden ones too."""
    return dues_of(one, charges, features, now, {}).all


def _resent(due: Due, now: datetime, sent: Sent) -> Due:
    """A charge, for the usage that is sent again."""
    service, since = due.billed.service_period, sent.get(due.slot.feature or "")
    if due.needs is None or since is None or not service.holds(now):
        return due
    return replace(due, billed=replace(due.billed, service_period=replace(service, start=since)))


def due_by_currency(one: Subscribed, dues: Iterable[Due], metered: Metered) -> Mapping[str, Decimal] | None:
    """The sum of dues by currency, before credits and taxes; None where the server wouldn't rate one of them."""
    found: dict[str, Decimal] = {}
    try:
        for due in dues:
            cost = amount(due, metered, one)
            if cost < ZERO:
                return None
            found[due.slot.currency] = plus(found.get(due.slot.currency, ZERO), cost)
    except (RatingError, UnknownCurrency):
        return None
    return found


@dataclass(frozen=True, slots=True)
class Owed:
    """The sum of dues by currency, the hidden part of it, and what more it would be with the usage that a restore sends
    again; below zero for less."""

    due: Mapping[str, Decimal] | None = None
    hidden: Mapping[str, Decimal] | None = None
    early: Mapping[str, Decimal] | None = None


def amounts_of(one: Subscribed | Malformed, dues: Dues | None, metered: Metered) -> Owed:
    """The amounts of what is due; None where the server wouldn't rate it, or a row doesn't show it."""
    if dues is None or isinstance(one, Malformed):
        return Owed()
    known = due_by_currency(one, dues.known, metered)
    whole = due_by_currency(one, dues.all, metered) if dues.hidden else known
    hidden = due_by_currency(one, dues.hidden, metered) if dues.hidden else {}
    if dues.resent is dues.known and not dues.ended:
        return Owed(whole, hidden, {})
    left = {needs: quantity for needs, quantity in metered.items() if needs not in dues.ended}
    resent = due_by_currency(one, dues.resent, left)
    return Owed(whole, hidden, None if resent is None or known is None else less(resent, known))


def addons_at(addons: Sequence[Attached] | None, keys: Mapping[str, str], now: datetime) -> Mapping[str, int] | None:
    """The quantities of the add-ons in force, by key; None where the server doesn't show them."""
    if addons is None:
        return None
    found: dict[str, int] = {}
    for one in addons:
        if (segment := one.at(now)) is not None:
            key = keys.get(one.addon_id, one.addon_id)
            found[key] = found.get(key, 0) + segment.quantity
    return dict(sorted(found.items()))


def granted_access(document: Fields) -> frozenset[str] | None:
    """The keys of the features that a customer may use; None for a document that isn't the API's."""
    rows = document.get("data")
    if not isinstance(rows, list | tuple) or not all(isinstance(row, Mapping) for row in rows):
        return None
    return frozenset(str(row.get("feature_key")) for row in rows if row.get("has_access") is True)
