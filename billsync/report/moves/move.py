"""A change of a running subscription to another plan or version, with both sides' terms: a value."""

from __future__ import annotations

from datetime import datetime

from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.malformed import Malformed
from billsync.rating.timeline import phase_lives
from billsync.report.billing.subscribed import CREDIT_ONLY, Subscribed
from billsync.report.impact.moving import IMMEDIATE
from billsync.report.moves.addon_fees import AddonFees
from billsync.report.moves.terms import PlanTerms


@dataclass(frozen=True, slots=True)
class Move:
    """A change of a subscription from one plan version to another; `at` is when it takes effect.

    `running` is the link in force now, None without one; `earlier` are the links of its chain so far, with it. What
    can't be read is Malformed. `old` and `new` are None where the plan version can't be found; `anchor` is None where
    the running link's goes on. `begins_again`: the new plan version begins at its first phase; a migration in place
    goes on. `addons` are those that are attached to the next link in the same run. `is_instead_of_end`: a rule makes
    the change in place of a declared end.
    """

    address: Address
    timing: str
    at: datetime
    old_plan: Address
    new_plan: Address
    old: PlanTerms | Malformed | None
    new: PlanTerms | Malformed | None
    running: Subscribed | Malformed | None
    earlier: tuple[Subscribed | Malformed, ...] = ()
    anchor: datetime | None = None
    begins_again: bool = True
    addons: tuple[AddonFees, ...] = ()
    is_instead_of_end: bool = False

    @property
    def is_immediate(self) -> bool:
        """Whether it takes effect at once, within a billing period."""
        return self.timing == IMMEDIATE

    @property
    def is_by_credit_alone(self) -> bool:
        """Whether the running link makes no invoices; what is unused of a fee then comes back as credit."""
        return isinstance(self.running, Subscribed) and self.running.mode == CREDIT_ONLY

    @property
    def phase(self) -> str:
        """The phase of the running link that is in force when the change takes effect; empty if it isn't known."""
        if not isinstance(self.running, Subscribed):
            return ""
        begun = [one for one in phase_lives(self.running.timeline) if one.life.start <= self.at]
        return begun[-1].phase.key if begun else ""

    @property
    def route(self) -> str:
        """The old and the new plan version: `plan/team@1 to plan/business@1`."""
        return f"{self.old_plan.text} to {self.new_plan.text}"
