"""Plans that the policy wants to bill nothing at sign-up, and the cards of theirs that do."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fnmatch import fnmatchcase

from billsync.config.checks.suggest import did_you_mean_at
from billsync.model.address import Address
from billsync.model.diagnostic import Diagnostic, Severity
from billsync.model.state import Desired, Entity
from billsync.model.value import Fields
from billsync.schema.codes import diagnostic

PLAN = "plan"
RULE = "nothing_due_at_start"


def due_at_start(desired: Desired, unsound: frozenset[Address]) -> Iterator[Diagnostic]:
    """Yield the cards that bill a fee when a subscription of such a plan begins, and globs that no plan has.

    `unsound` are entities with mistakes of their own. Usage is billed in arrears, later phases begin after sign-up, and
    add-ons are bought at their own time.
    """
    patterns = desired.policy.nothing_due_at_start
    plans = [entity for entity in desired.entities if entity.address.kind == PLAN]
    for plan in plans:
        if plan.address not in unsound and any(fnmatchcase(plan.address.key, pattern) for pattern in patterns):
            yield from _charging(plan)
    for pattern in patterns:
        if plans and not any(fnmatchcase(plan.address.key, pattern) for plan in plans):
            yield _for_nothing(desired, plans, pattern)


def _charging(plan: Entity) -> Iterator[Diagnostic]:
    for index, card in enumerate(plan.fields["phases"][0]["rate_cards"]):
        if _is_due_at_start(card):
            detail = f'Plan "{plan.address.key}" bills {card["price"]["amount"]} for `{card["key"]}` at sign-up.'
            hint = "Set `payment_term: in_arrears`, or take the plan out of the policy."
            place = plan.place(("phases", 0, "rate_cards", index, "payment_term"))
            yield diagnostic("due-at-start", detail, hint, position=place)


def _is_due_at_start(card: Fields) -> bool:
    price = card.get("price") or {}
    is_in_advance = price.get("type") == "flat" and card.get("payment_term") == "in_advance"
    return is_in_advance and Decimal(price["amount"]) != 0


def _for_nothing(desired: Desired, plans: list[Entity], pattern: str) -> Diagnostic:
    return diagnostic(
        "policy-for-nothing",
        f'No plan of these files is "{pattern}", so that `{RULE}` checks nothing for it.',
        did_you_mean_at(pattern, {plan.address.key: plan.position for plan in plans}),
        position=desired.policy.places.get(RULE),
        severity=Severity.WARNING,
    )
