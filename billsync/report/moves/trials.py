"""Trials that a change would begin again: a change begins a plan at its first phase (customer-facts.md §5.8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from billsync.model.address import Address
from billsync.model.change import Guard
from billsync.model.frozen import dataclass
from billsync.model.malformed import Malformed
from billsync.rating.errors import RatingError
from billsync.rating.prices import FreePrice
from billsync.rating.timeline import phase_lives
from billsync.report.billing.subscribed import Subscribed
from billsync.report.moves.fees import Fees, fees_of
from billsync.report.moves.finding import grouped
from billsync.report.moves.move import Move
from billsync.report.moves.terms import PhaseTerms, PlanTerms

TRIAL_AGAIN = "trial-again"


@dataclass(frozen=True, slots=True)
class TrialAgain:
    """A change to a plan version that begins with a trial, of a subscriber who has had one."""

    address: Address
    plan: Address
    trial: PhaseTerms


def trial_of(terms: PlanTerms) -> PhaseTerms | None:
    """The first phase, if it ends and is free, or its fees are lower than those of the phase after it."""
    if len(terms.phases) < 2 or terms.phases[0].lasts is None:
        return None
    first, following = terms.phases[:2]
    return first if _is_cheaper(first, following) else None


def trial_again(move: Move) -> TrialAgain | None:
    """The trial that a change would begin again, if the subscriber has had one."""
    trial = trial_of(move.new) if isinstance(move.new, PlanTerms) and move.begins_again else None
    if trial is None or not any(_had_trial(link, trial, move.at) for link in move.earlier):
        return None
    return TrialAgain(move.address, move.new_plan, trial)


def trial_guards(found: Iterable[TrialAgain]) -> tuple[Guard, ...]:
    """A guard for all changes to the same plan version."""
    return tuple(
        Guard(TRIAL_AGAIN, _text(them), f"--allow {TRIAL_AGAIN}", tuple(one.address for one in them))
        for them in grouped(found, lambda one: (one.plan, one.trial.key))
    )


def _text(them: Sequence[TrialAgain]) -> str:
    first = them[0]
    what = "a change" if len(them) == 1 else f"{len(them)} changes"
    lasts = first.trial.lasts.text if first.trial.lasts else ""
    return (
        f"{what} to {first.plan.text} would begin with its phase {first.trial.key} ({lasts}), which costs less than "
        "what follows, and a trial was had before"
    )


def _is_cheaper(first: PhaseTerms, following: PhaseTerms) -> bool:
    if not first.priced:
        return bool(following.priced)
    try:
        return _is_lower(fees_of(first.slots), fees_of(following.slots))
    except RatingError:
        return False


def _is_lower(first: Fees, following: Fees) -> bool:
    codes = first.currencies | following.currencies
    return any(first.a_month(code) < following.a_month(code) for code in codes)


def _had_trial(link: Subscribed | Malformed, trial: PhaseTerms, at: datetime) -> bool:
    """Whether a link began with a phase of this name, or with a free one before one that costs something.

    A link that can't be read may have.
    """
    if isinstance(link, Malformed):
        return True
    begun = [one for one in phase_lives(link.timeline) if not one.life.is_empty and one.life.start < at]
    if not begun or len(link.timeline.phases) < 2:
        return False
    first = begun[0].phase.key
    return first == trial.key or not _is_priced(link, first)


def _is_priced(link: Subscribed, phase: str) -> bool:
    slots = (slot for slot in link.slots if slot.phase == phase)
    return any(not isinstance(slot.item.card.price, FreePrice) for slot in slots)
