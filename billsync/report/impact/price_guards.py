"""Price policies: a comparison whose new prices break one gets a guard, which stops a run. No flag lets it pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from decimal import Decimal

from billsync.core.changes.versions import offered_or_last, published
from billsync.core.observed.index import Index
from billsync.core.views.normalize import normalize
from billsync.core.views.view import view
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import Action, Guard, PlanFile
from billsync.model.frozen import replace
from billsync.model.state import Desired
from billsync.model.value import Fields, decimal_text
from billsync.rating.arithmetic import magnitude, rounded
from billsync.report.impact.price_policy import Breach, CurrencyChanged, breaches
from billsync.report.impact.repricing import PlanCards, addon_cards, plan_cards
from billsync.report.impact.verdicts import Verdict

CARDS: Mapping[str, Callable[[Fields], PlanCards]] = {"plan": plan_cards, "addon": addon_cards}
"""The cards of an entity in canonical form, by kind."""
CODE = "price-policy"

Used = Mapping[str, Mapping[str, frozenset[Decimal]]]
"""Real usage: by the address of a new version, then by feature."""

NO_USAGE: Used = {}
REAL_USAGE = "a price policy is broken at real usage; the usage is one customer's and not shown"


def price_guards(desired: Desired, plan: PlanFile, found: Index, used: Used = NO_USAGE) -> tuple[Guard, ...]:
    """A guard for each breach of a price policy; `found` is what was compared. Raises RatingError."""
    return tuple(_guards(desired, plan, found, used)) if desired.prices else ()


def without_usage(guards: Iterable[Guard], known: Collection[Guard]) -> tuple[Guard, ...]:
    """The guards, each once: those that are known without real usage, and others without what one customer used."""
    return tuple(dict.fromkeys(guard if guard in known else _without_usage(guard) for guard in guards))


def _without_usage(guard: Guard) -> Guard:
    return replace(guard, reason=f"{guard.addresses[0].text}: {REAL_USAGE}")


def usage_in(verdicts: Mapping[str, Iterable[Verdict]]) -> Used:
    """The real usage that an impact found."""
    found: dict[str, dict[str, frozenset[Decimal]]] = {}
    for target, them in verdicts.items():
        quantities: dict[str, set[Decimal]] = defaultdict(set)
        for reading in (reading for one in them for reading in one.every_reading):
            quantities[reading.feature].add(reading.quantity)
        found[target] = {feature: frozenset(values) for feature, values in quantities.items()}
    return found


def _guards(desired: Desired, plan: PlanFile, found: Index, used: Used) -> Iterator[Guard]:
    entities = {entity.address: entity for entity in desired.entities}
    for change in plan.pending:
        address = change.address.unversioned()
        kind, cards = KINDS[address.kind], CARDS.get(address.kind)
        if cards is None or change.action is not Action.UPDATE:
            continue
        row = offered_or_last(kind, published(kind, found.versions.get(address, ())))
        if row is not None:
            old = cards(view(kind, row.fields, found.names))
            new = cards(normalize(kind, entities[address].fields))
            yield from _breached(desired, change.address, old, new, used.get(change.address.text, {}))


def _breached(
    desired: Desired, address: Address, old: PlanCards, new: PlanCards, used: Mapping[str, frozenset[Decimal]]
) -> Iterator[Guard]:
    for policy in desired.prices:
        if policy.covers(address.kind, address.key):
            for breach in breaches(policy, old, new, used):
                yield Guard(CODE, _reason(address, breach), "", (address,))


def _reason(address: Address, breach: Breach | CurrencyChanged) -> str:
    where = f"{address.text}, phase {breach.phase}" if breach.phase else address.text
    place = f"the policy at {breach.policy.position}"
    if isinstance(breach, CurrencyChanged):
        before, after = (" and ".join(codes) for codes in (breach.before, breach.after))
        what = breach.feature or "the fees"
        return f"{where}: {what} would be charged in {after}, and is in {before} now, so {place} can't be checked"
    return f"{where}: {_moved(breach)}; {place} allows {decimal_text(_limit(breach))} %"


def _limit(breach: Breach) -> Decimal:
    policy = breach.policy
    return (policy.max_increase if breach.after > breach.before else policy.max_decrease) or Decimal(0)


def _moved(breach: Breach) -> str:
    percent = breach.percent
    moved = "from nothing" if percent is None else f"{decimal_text(rounded(magnitude(percent), 2))} %"
    what = f"{decimal_text(breach.quantity)} of {breach.feature}" if breach.feature else "the fees"
    amounts = f"{_money(breach.before)} → {_money(breach.after)} {breach.currency}"
    return f"{what} would cost {amounts}, {moved} {'more' if breach.after > breach.before else 'less'}"


def _money(amount: Decimal) -> str:
    return decimal_text(rounded(amount, 6))
