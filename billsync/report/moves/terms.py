"""A plan version's terms: phases with their lengths and cards, and the cadence by which it is billed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from billsync.model.address import Address
from billsync.model.duration import Duration
from billsync.model.frozen import dataclass
from billsync.model.malformed import Malformed, each, parsed, text
from billsync.model.value import Fields, Plain
from billsync.rating.prices import FreePrice
from billsync.rating.timeline import Phase, Subscription
from billsync.report.billing.subscribed import Slot, Subscribed, duration, duration_of, optional_duration
from billsync.report.impact.repricing import PlanCards, live_plan_cards, plan_cards


@dataclass(frozen=True, slots=True)
class PhaseTerms:
    """A phase of a plan version; `lasts` is None for the last one."""

    key: str
    lasts: Duration | None
    slots: tuple[Slot, ...]

    @property
    def priced(self) -> tuple[Slot, ...]:
        """The cards that may cost something."""
        return tuple(slot for slot in self.slots if not isinstance(slot.item.card.price, FreePrice))


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """A plan version, as far as it decides what its subscribers pay."""

    address: Address
    cadence: Duration
    pro_rated: bool
    phases: tuple[PhaseTerms, ...]

    @property
    def is_billable(self) -> bool:
        """Whether anything in it has a price: then the server wants a customer's billing to be set up.

        Source: customer-facts.md §5.9.
        """
        return any(phase.priced for phase in self.phases)


@dataclass(frozen=True, slots=True)
class Start:
    """The start of a subscription: when, from when its periods are counted, and how it is paid for."""

    at: datetime
    anchor: datetime
    mode: str
    customer_id: str = ""


def declared_terms(address: Address, want: Fields) -> PlanTerms:
    """The terms of a declared plan in canonical form."""
    lasting = {str(phase["key"]): _lasts(phase.get("duration")) for phase in want["phases"]}
    return PlanTerms(
        address,
        duration_of(str(want["billing_cadence"])),
        bool(want.get("pro_rating_enabled", True)),
        _phases(plan_cards(want), lasting),
    )


def live_terms(address: Address, row: Fields, features: Mapping[str, str]) -> PlanTerms | Malformed:
    """The terms in a plan version's row, or the field because of which they can't be read.

    `features` maps ids to keys.
    """

    def read(row: Fields) -> PlanTerms:
        lasting = dict(each(row, "phases", lambda phase: (text(phase, "key"), optional_duration(phase, "duration"))))
        is_pro_rated = bool(row.get("pro_rating_enabled", True))
        phases = _phases(live_plan_cards(row, features), lasting)
        return PlanTerms(address, duration(row, "billing_cadence"), is_pro_rated, phases)

    return parsed(read, row)


def begun(terms: PlanTerms, start: Start) -> Subscribed:
    """The subscription that a plan version gives from a moment on, at its first phase (customer-facts.md §5.8)."""
    slots = tuple(slot for phase in terms.phases for slot in phase.slots)
    phases = tuple(Phase(phase.key, phase.lasts, tuple(slot.item for slot in phase.slots)) for phase in terms.phases)
    return Subscribed(
        id="",
        customer_id=start.customer_id,
        plan_key=terms.address.key,
        mode=start.mode,
        pro_rated=terms.pro_rated,
        timeline=Subscription(start.at, None, start.anchor, terms.cadence, phases),
        slots=slots,
    )


def _lasts(value: Plain) -> Duration | None:
    return duration_of(str(value)) if value else None


def _phases(cards: PlanCards, lasting: Mapping[str, Duration | None]) -> tuple[PhaseTerms, ...]:
    return tuple(PhaseTerms(key, lasting.get(key), slots) for key, slots in cards.phases.items())
