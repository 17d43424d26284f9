"""Usage of the running period that the first phase prices, as the new server begins no subscription in a later one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from billsync.model.frozen import dataclass
from billsync.model.state import Row
from billsync.model.value import Fields
from billsync.rating.arithmetic import ZERO
from billsync.report.moves.advance import Unrated
from billsync.report.moves.amounts import Amounts, amounts_text
from billsync.report.recovery.restore.chains import Begun
from billsync.report.recovery.restore.fees import usage_due
from billsync.report.recovery.restore.link_fates import plan_row
from billsync.report.recovery.restore.old import Old

WITHOUT_CHARGE = frozenset({"flat", "free"})


@dataclass(frozen=True, slots=True)
class InFirstPhase:
    """A subscription whose usage of the running period counts in the first phase again. `due` is what its next charge
    had for it, None where that isn't known; `is_free`: the first phase charges no usage."""

    phase: str
    due: Amounts | None
    is_free: bool

    @property
    def cost(self) -> Amounts | None:
        """The charge that is lost; None where it isn't known."""
        return self.due if self.is_free else None

    @property
    def how(self) -> str:
        """The sentence about it in the loss report."""
        due = "" if self.due is None else f", in place of {amounts_text(self.due)}"
        if self.is_free:
            unknown = "; what it would have cost isn't known" if self.due is None else ""
            return f"its usage counts in phase {self.phase} again, which charges nothing for it{due}{unknown}"
        return f"its usage counts in phase {self.phase} again, by the prices of that{due}: the difference isn't known"


def usage_in_first_phase(
    old: Old, begun: Iterable[Begun], used: Iterable[str]
) -> Mapping[str, Mapping[str, InFirstPhase]]:
    """By customer and subscription, those that begin with the first phase in place of the one that ran. `used` are the
    ids of the customers with usage events of running periods."""
    rows = {row.id: row for row in old.recovery.live.of("subscription")}
    found: dict[str, dict[str, InFirstPhase]] = defaultdict(dict)
    customers = frozenset(used)
    for one in begun:
        row = rows[one.row_id]
        customer = str(row.parent_id or row.fields.get("customer_id"))
        if one.begins_with_first_phase and customer in customers and (known := _in_first_phase(old, one, row)):
            found[customer][row.id] = known
    return found


def _in_first_phase(old: Old, begun: Begun, row: Row) -> InFirstPhase | None:
    """The fact about one of them; None where its next charge has nothing for usage."""
    if row.id not in old.recovery.promises:
        return None
    due = usage_due(old, row)
    if due is not None and not any(due.values()):
        return None
    try:
        phases: list[Fields] = list(plan_row(old, begun.version).fields.get("phases") or ())
    except Unrated:
        return None
    amounts = None if due is None else {code: amount for code, amount in due.items() if amount != ZERO}
    cards: list[Fields] = list(phases[0].get("rate_cards") or ())
    is_free = all((card.get("price") or {}).get("type", "free") in WITHOUT_CHARGE for card in cards)
    return InFirstPhase(str(phases[0].get("key")), amounts, is_free)
