"""Settlement of charges with credits: the draws of each charge from each grant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from billsync.model.currencies import decimals
from billsync.model.frozen import dataclass, replace
from billsync.rating.adjustments import with_credits
from billsync.rating.arithmetic import ZERO, exactly
from billsync.rating.drawdown import Drawn, Step
from billsync.rating.lines import Credit
from billsync.report.billing.charges import Charge
from billsync.report.credits.credits import Expense, Purse, Spent


@dataclass(frozen=True, slots=True)
class Settled:
    """A charge with the credits on its lines.

    `uncovered` is the part that no grant paid: invoiced, or owed. `taken` is the total ever booked for it, as lists of
    movements don't show returned credits (§9.1).
    """

    charge: Charge
    drawn: tuple[Drawn, ...]
    uncovered: Decimal
    taken: Decimal

    @property
    def credits(self) -> Decimal:
        """The amount that grants paid."""
        return self.charge.totals.credits


@dataclass(frozen=True, slots=True)
class Settlement:
    """All charges in the order of booking, and by currency the credits spent on them and the balances left."""

    settled: tuple[Settled, ...]
    spent: Mapping[str, Spent]


def settle(charges: Sequence[Charge], purses: Mapping[str, Purse]) -> Settlement:
    """Charges, given in the order in which they are booked, paid from purses by currency, which stay as they are.

    A charge that comes twice was rated again with later usage: only the difference is paid. Amounts are in each
    charge's currency. Source: customer-facts.md §19.1.
    """
    found: dict[int, Settled] = {}
    spent: dict[str, Spent] = {}
    for currency, before in purses.items():
        places = [number for number, charge in enumerate(charges) if charge.currency == currency]
        purse = before.copy()
        steps = tuple(purse.pay(expense) for expense in _expenses([charges[number] for number in places]))
        spent[currency] = purse.spent(steps)
        for number, step in zip(places, steps, strict=True):
            found[number] = _settled(charges[number], step)
    return Settlement(_credited([found[number] for number in sorted(found)]), spent)


@exactly
def _expenses(charges: Iterable[Charge]) -> list[Expense]:
    before: dict[str, Decimal] = {}
    found = []
    for charge in charges:
        total = charge.totals.total
        amount = total - before.get(charge.reference, ZERO)
        before[charge.reference] = total
        found.append(Expense(charge.at, amount, charge.feature, charge.is_owed, charge.reference))
    return found


@exactly
def _settled(charge: Charge, step: Step) -> Settled:
    drawn = sum((one.amount for one in step.drawn), ZERO)
    owed = step.shortfall if charge.is_owed else ZERO
    return Settled(charge, step.drawn, step.shortfall, taken=max(drawn + owed, ZERO))


@exactly
def _credited(runs: Iterable[Settled]) -> tuple[Settled, ...]:
    """Each charge once, as it was rated last, with all that its runs drew."""
    latest: dict[str, Settled] = {}
    for run in runs:
        before = latest.get(run.charge.reference)
        if before:
            drawn, uncovered = before.drawn + run.drawn, before.uncovered + run.uncovered
            run = Settled(run.charge, drawn, uncovered, taken=before.taken + run.taken)
        latest[run.charge.reference] = run
    return tuple(_with_lines(one) for one in latest.values())


@exactly
def _with_lines(one: Settled) -> Settled:
    """Return the final draws on each grant, on the lines.

    A grant that gave more back than was drawn on it had paid a debt of the charge.
    """
    charge, sums = one.charge, dict[str, Decimal]()
    for drawn in one.drawn:
        sums[drawn.grant] = sums.get(drawn.grant, ZERO) + drawn.amount
    net = tuple(Drawn(grant, amount) for grant, amount in sums.items() if amount > 0)
    uncovered = sum((amount for amount in sums.values() if amount < 0), one.uncovered)
    credits = [Credit(drawn.grant, drawn.amount) for drawn in net]
    lines = with_credits(charge.lines, credits, decimals=decimals(charge.currency) or 0)
    return replace(one, charge=replace(charge, lines=lines), drawn=net, uncovered=max(uncovered, ZERO))
