"""Losses of a dump outside the managed kinds, from other lists and documents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from billsync.api.documents import UNDECLARED_PROFILES
from billsync.core.dump.losses import Loss
from billsync.core.observed.index import Index, is_over
from billsync.core.views.view import view
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.value import Fields
from billsync.report.dump import undeclared
from billsync.report.dump.undeclared import SANDBOX, balance_losses, billing_losses, granted, unread

CUSTOMER, GRANT = "customer", "grant"
PROFILES, APPS = UNDECLARED_PROFILES, "apps"
NO_BILLING = (404, 412)
"""Statuses for a customer without billing (customer-facts.md §4.2)."""

LOSSES: Mapping[str, Callable[[Iterable[Fields]], Iterator[Loss]]] = {
    "custom currencies": undeclared.currency_losses,
    PROFILES: undeclared.profile_losses,
    APPS: undeclared.app_losses,
    "costs of language models": undeclared.override_losses,
}


@dataclass(frozen=True, slots=True)
class Lists:
    """The rows of the lists that no file can declare, by name; the status of those that can't be read."""

    rows: Mapping[str, tuple[Fields, ...]]
    refused: Mapping[str, int]

    @property
    def may_bill(self) -> bool:
        """Whether a customer's billing can be anything but the default of a fresh server."""
        profiles, apps = self.rows.get(PROFILES), self.rows.get(APPS)
        if profiles is None or apps is None:
            return True
        return len(profiles) > 1 or any(app.get("type") != SANDBOX for app in apps)


@dataclass(frozen=True, slots=True)
class LossFacts:
    """The facts for these losses: lists, and by customer its balance and billing, or their status."""

    lists: Lists
    balances: Mapping[Address, Fields | int]
    billing: Mapping[Address, Fields | int]


def with_credit(found: Index) -> tuple[Address, ...]:
    """The customers that may have credits or debts: those with a grant or a subscription, live or ended."""
    granted_to = {Address(CUSTOMER, address.parents) for address in found.records if address.kind == GRANT}
    return tuple(a for a in customers(found) if a in granted_to or a in found.chains or a in found.keyless)


def customers(found: Index) -> tuple[Address, ...]:
    """All customers that a file can declare, in the order of their addresses."""
    return tuple(sorted((a for a in found.records if a.kind == CUSTOMER), key=lambda a: a.order))


def losses_in(facts: LossFacts, found: Index) -> tuple[Loss, ...]:
    """The losses that other lists and documents show."""
    grants = _grants(found)
    credit = (loss for a, answer in facts.balances.items() for loss in _credit(a, answer, grants))
    billing = (loss for a, answer in facts.billing.items() for loss in _billing(a, answer, facts.lists))
    return (*_of_lists(facts.lists), *credit, *billing)


def _of_lists(lists: Lists) -> Iterator[Loss]:
    for name, rows in lists.rows.items():
        yield from LOSSES[name](rows)
    for name, status in lists.refused.items():
        yield unread(f"the list of {name}", status)


def _grants(found: Index) -> Mapping[tuple[str, ...], list[Fields]]:
    """The views of the grants that a file declares, by their customer's names."""
    grants: dict[tuple[str, ...], list[Fields]] = defaultdict(list)
    for address, row in found.records.items():
        if address.kind == GRANT and not is_over(KINDS[GRANT], row.fields):
            grants[address.parents].append(view(KINDS[GRANT], row.fields, found.names))
    return grants


def _credit(
    customer: Address, answer: Fields | int, grants: Mapping[tuple[str, ...], list[Fields]]
) -> tuple[Loss, ...]:
    if isinstance(answer, int):
        return (unread("the balance", answer, customer),)
    return balance_losses(customer, answer.get("balances") or (), granted(grants.get(customer.names, ())))


def _billing(customer: Address, answer: Fields | int, lists: Lists) -> tuple[Loss, ...]:
    if isinstance(answer, int):
        return () if answer in NO_BILLING else (unread("the billing", answer, customer),)
    profiles = {str(row["id"]): row for row in lists.rows.get(PROFILES, ())}
    return tuple(billing_losses(customer, answer, profiles))
