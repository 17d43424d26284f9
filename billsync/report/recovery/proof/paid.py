"""Credit that subscriptions took for their own fees in advance, from a customer's movements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from billsync.model.address import Address
from billsync.model.value import Fields
from billsync.rating.arithmetic import minus, plus
from billsync.report.recovery.facts.restored_keys import described
from billsync.report.recovery.proof.parts import Sums

Chains = Mapping[str, Address]
"""The chains of a customer's running subscriptions, by the subscription's id."""


def paid_fees(fees: Iterable[Fields], consumed: Iterable[Fields], chains: Chains) -> Sums:
    """By currency, the amount that subscriptions took for themselves, up to that of the credits for their `fees`.

    A subscription that is over by now, or a credit that names none of them, sets no bound. What no subscription took,
    as a fee of its own does, isn't in it.
    """
    given: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in fees:
        place = str(row.get("description")), str(row["currency"])
        given[place] = plus(given[place], Decimal(str(row["amount"])))
    names = {row_id: described(chain) for row_id, chain in chains.items()}
    is_bound = {name for name, _ in given} <= set(names.values())
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for (row_id, currency), amount in _taken(consumed).items():
        bound = given[names[row_id], currency] if is_bound and row_id in names else amount
        paid[currency] = plus(paid[currency], min(amount, bound))
    return dict(paid)


def _taken(consumed: Iterable[Fields]) -> Mapping[tuple[str, str], Decimal]:
    """The amounts by subscription and currency."""
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in consumed:
        if row_id := (row.get("labels") or {}).get("subscription_id"):
            place = str(row_id), str(row["currency"])
            found[place] = minus(found[place], Decimal(str(row["amount"])))
    return found
