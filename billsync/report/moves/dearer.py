"""Changes to a plan version that costs more, or may (design.md §4).

Fees are compared for a month, prices by usage at every quantity at which they may differ most.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from billsync.model.address import Address
from billsync.model.change import Guard
from billsync.model.frozen import dataclass
from billsync.rating.errors import RatingError
from billsync.report.moves.fees import dearer_fees, fees_of
from billsync.report.moves.finding import grouped
from billsync.report.moves.move import Move
from billsync.report.moves.real import Paid, real_text
from billsync.report.moves.terms import PhaseTerms, PlanTerms
from billsync.report.moves.usage_prices import dearer_usage

DEARER_PLAN = "dearer-plan"


@dataclass(frozen=True, slots=True)
class Dearer:
    """A change to a plan version that costs more, or may; `reasons` say what of it, with both amounts.

    `paid` is what real usage costs on both, None where that isn't known.
    """

    address: Address
    route: str
    reasons: tuple[str, ...]
    paid: Paid | None = None


def dearer(move: Move, paid: Paid | None = None) -> Dearer | None:
    """The reasons why a change costs more, or may; None if nothing does."""
    reasons = tuple(dict.fromkeys(_reasons(move)))
    return Dearer(move.address, move.route, reasons, paid) if reasons else None


def dearer_guards(found: Iterable[Dearer]) -> tuple[Guard, ...]:
    """A guard for all changes between the same two plan versions."""
    return tuple(
        Guard(DEARER_PLAN, _text(them), f"--allow {DEARER_PLAN}", tuple(one.address for one in them))
        for them in grouped(found, lambda one: (one.route, one.reasons))
    )


def _text(them: Sequence[Dearer]) -> str:
    what = "a change" if len(them) == 1 else f"{len(them)} changes"
    real = real_text([one.paid for one in them if one.paid])
    reasons = (*them[0].reasons, *((real,) if real else ()))
    return f"{what} from {them[0].route} would cost more: {'; '.join(reasons)}"


def _reasons(move: Move) -> Iterator[str]:
    for terms, plan in ((move.old, move.old_plan), (move.new, move.new_plan)):
        if not isinstance(terms, PlanTerms):
            why = f" ({terms.text})" if terms else ""
            yield f"perhaps, as the prices of {plan.text} can't be read{why}"
            return
    assert isinstance(move.old, PlanTerms)
    assert isinstance(move.new, PlanTerms)
    yield from costs_more(move.old, move.new, phase=move.phase)


def costs_more(old: PlanTerms, new: PlanTerms, *, phase: str) -> Iterator[str]:
    """Everything that costs more on the new plan version; `phase` is the one in force on the old one.

    Each new phase is compared with the old last phase, and the first one also with the phase in force: whoever leaves
    a trial for a plan without one pays more.
    """
    if not old.phases or not new.phases:
        return
    last = old.phases[-1]
    in_force = next((one for one in old.phases if one.key == phase), last)
    for each in new.phases:
        where = f"in phase {each.key} " if len(new.phases) > 1 else ""
        pairs = [last] if each is not new.phases[0] or in_force is last else [in_force, last]
        for before in pairs:
            try:
                yield from (f"{where}{reason}" for reason in _compared(before, each))
            except RatingError as error:
                yield f"{where}perhaps, as the server would not rate it ({error.code})"


def _compared(old: PhaseTerms, new: PhaseTerms) -> Iterator[str]:
    yield from dearer_fees(fees_of(old.slots), fees_of(new.slots))
    yield from dearer_usage(old, new)
