"""The proof of a drill: a restored server, its charges at the next renewal, and its state after that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from billsync.model.frozen import replace
from billsync.model.kind import Registry
from billsync.model.recovery import Accounted, Promise, Recovery
from billsync.model.routes import Routes
from billsync.report.recovery.proof.departures import Aspect, Departure, Proof, departures
from billsync.report.recovery.proof.parts import Credits

LASTING = frozenset({Aspect.CUSTOMER, Aspect.SUBSCRIPTION, Aspect.PLAN, Aspect.ADDONS})
"""The things that a renewal doesn't change."""


def renewal_proof(
    recovery: Recovery,
    restored: Recovery,
    charged: Mapping[str, Mapping[str, Decimal]],
    renewed: Recovery,
    accounts: Iterable[Accounted],
    *,
    kinds: Registry,
    routes: Mapping[str, Routes],
    credit: Credits | None = None,
) -> Proof:
    """Compare the restored server with the snapshot, then what it charged with what was due, and what it became.

    `credit` are the parts of the customers' credit before it. `charged` are the sums of charges up to the end of the
    period that ran after the restore, by subscription and currency.
    """
    lines = tuple(accounts)
    first = departures(recovery, restored, lines, kinds=kinds, routes=routes, credit=credit)
    charges, last = (
        departures(recovery, live, lines, kinds=kinds, routes=routes)
        for live in (_as_charged(restored, charged), renewed)
    )
    known = {(one.customer, one.subscription, one.aspect) for one in first.departures}
    billed = [replace(one, aspect=Aspect.CHARGED) for one in charges.departures if one.aspect is Aspect.DUE]
    became = [one for one in last.departures if one.aspect in LASTING and _place(one) not in known]
    counts = {
        Aspect.CHARGED: charges.compared.get(Aspect.DUE, 0),
        Aspect.RENEWED: last.compared.get(Aspect.SUBSCRIPTION, 0),
    }
    unseen = charges.unseen.get(Aspect.DUE, 0)
    return Proof(
        (*first.departures, *billed, *(_renewed(one) for one in became)),
        {**first.compared, **{aspect: count for aspect, count in counts.items() if count}},
        {**first.unseen, **({Aspect.CHARGED: unseen} if unseen else {})},
    )


def _as_charged(restored: Recovery, charged: Mapping[str, Mapping[str, Decimal]]) -> Recovery:
    """The restored server, whose subscriptions are due what they were charged."""

    def promise(name: str, one: Promise) -> Promise:
        return replace(one, due=charged.get(name))

    return replace(restored, promises={name: promise(name, one) for name, one in restored.promises.items()})


def _place(one: Departure) -> tuple[str, str, Aspect]:
    return one.customer, one.subscription, one.aspect


def _renewed(one: Departure) -> Departure:
    """A departure after the renewal; its texts say in what."""
    what = one.aspect.value
    return replace(one, aspect=Aspect.RENEWED, want=f"{what}: {one.want}", have=f"{what}: {one.have}")
