"""Grants of a snapshot that a server may draw before the credit for a fee in advance: those for the fee's feature, of
the first priority, that end earlier (customer-facts.md §9.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from billsync.core.diffing.diff import VALID_FOR
from billsync.core.observed.index import parent_id, state_of
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import State
from billsync.model.moment import cut_to_seconds, moment_text
from billsync.model.recovery import Accounted, Credit, Fate, Recovery
from billsync.model.state import Entity, Row
from billsync.model.value import decimal_text
from billsync.rating.arithmetic import ZERO, minus
from billsync.report.moves.amounts import Part
from billsync.report.recovery.losses.explaining import DRAWN_INSTEAD
from billsync.report.recovery.restore.grants import GRANT, starts_at
from billsync.report.recovery.restore.old import Old, moment

FIRST = 1
"""The priority that is drawn first; a server takes no lower number (customer-facts.md §7.2)."""
SECOND = timedelta(seconds=1)
LONG_ENOUGH = 2 * VALID_FOR
"""The time that a credit lasts at least, unless its period is shorter: longer than a plan file holds, and its run
takes. A credit that was over when the fee is billed would be worse than one that isn't drawn first."""


@dataclass(frozen=True, slots=True)
class Rival:
    """Such a grant with what is left of it, if it has an end."""

    row: Row
    currency: str
    features: frozenset[str]
    left: Decimal
    begins: datetime
    ends: datetime

    def is_before(self, part: Part, end: datetime) -> bool:
        """Whether it may be drawn before a credit for a fee that ends then; of the same end, the older one is."""
        currency, feature = part
        return self.currency == currency and feature in self.features and self.ends <= end


def rivals(old: Old) -> Mapping[str, Sequence[Rival]]:
    """The rivals by customer's id, in the order in which they are drawn."""
    found: dict[str, list[Rival]] = defaultdict(list)
    for row in old.recovery.live.of(GRANT):
        owner = parent_id(row, old.source.routes[GRANT]) or ""
        is_over = state_of(old.registry[GRANT], row.fields) in (State.OVER, State.TAKEN_BACK)
        if row.fields.get("priority") == FIRST and not is_over and (one := _rival(old.recovery, row, owner)):
            found[owner].append(one)
    return {owner: sorted(several, key=lambda one: (one.ends, one.row.id)) for owner, several in found.items()}


def _rival(recovery: Recovery, row: Row, owner: str) -> Rival | None:
    features = frozenset(map(str, (row.fields.get("filters") or {}).get("features") or ()))
    begins, ends = starts_at(row), moment(row.fields, "expires_at")
    left = recovery.credit.get(owner, Credit()).left.get(row.id)
    if not features or not left or begins is None or ends is None:
        return None
    return Rival(row, str(row.fields["currency"]), features, left, begins, ends)


def credit_end(part: Part, period_end: datetime, now: datetime, several: Iterable[Rival]) -> datetime:
    """The end of the credit for a fee that is billed now: that of its period, or right before that of the first grant
    which would else be drawn before it."""
    ends = (cut_to_seconds(one.ends) - SECOND for one in several if one.is_before(part, period_end))
    return min((end for end in ends if end - now >= LONG_ENOUGH), default=period_end)


def drawn_instead(
    old: Old, credits: Iterable[tuple[Entity, datetime]], several: Iterable[Rival]
) -> Iterator[Accounted]:
    """The lines of grants that pay fees in the place of the credits for these, with the ends of the credits: as much of
    those is left, and pays less, as it is for one feature. Nobody loses by it where the grant is for no other."""
    left = {one.row.id: one for one in several}
    for credit, end in credits:
        feature, currency = _feature(credit), str(credit.fields["currency"])
        rest = Decimal(str(credit.fields["amount"]))
        for one in [*left.values()]:
            amount = min(rest, one.left)
            if amount <= ZERO or not one.is_before((currency, feature), end):
                continue
            rest, left[one.row.id] = minus(rest, amount), replace(one, left=minus(one.left, amount))
            if others := sorted(one.features - {feature}):
                how = (
                    f"{decimal_text(amount)} {currency} of it pays a fee in advance that is billed again, as it ends "
                    f"before the credit for that fee: as much of that is left for {feature} until {moment_text(end)}, "
                    f"which the customer can't use for {', '.join(others)}"
                )
                yield replace(old.fated(one.row, Fate.DIFFERENT, DRAWN_INSTEAD, how), count=0)


def _feature(credit: Entity) -> str:
    """The feature that a credit is for; empty for none."""
    features: Sequence[str] = (credit.fields.get("filters") or {}).get("features") or ("",)
    return features[0]
