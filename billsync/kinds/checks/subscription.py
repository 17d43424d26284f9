"""Checks for subscriptions that the server would refuse (customer-facts.md §5.3)."""

from __future__ import annotations

from collections.abc import Iterator

from billsync.model.kind import Problem
from billsync.model.labels import MOST_DECLARED, value_problem
from billsync.model.moment import parse_moment
from billsync.model.value import Fields

LAST_YEAR = 9899
"""The last year in which a subscription may start: a century is left for its phases and its first billing periods."""


def key(subscription: Fields) -> Iterator[Problem]:
    """The key is kept in a label, so it must be a legal value of one."""
    name = subscription.get("key")
    reason = value_problem(name) if isinstance(name, str) else None
    if reason:
        yield Problem(
            ("key",),
            "subscription-key",
            f"`{name}`: {reason}",
            "choose another key, or leave it out: it is then `default`",
        )


def cost_basis(subscription: Fields) -> Iterator[Problem]:
    """A pinned cost basis belongs to invoices."""
    if subscription.get("cost_basis_mode") == "pinned" and subscription.get("settlement_mode") == "credit_only":
        yield Problem(
            ("cost_basis_mode",),
            "subscription-cost-basis",
            "a subscription that is paid from credits alone has no cost basis to pin",
            "leave cost_basis_mode out",
        )


def labels(subscription: Fields) -> Iterator[Problem]:
    """A restart is kept in a label, too, so there is room for one label less."""
    declared = subscription.get("labels")
    if subscription.get("restart") and isinstance(declared, dict) and len(declared) >= MOST_DECLARED:
        yield Problem(
            ("labels",),
            "label",
            f"there are {len(declared)}; the server takes 50, and with `restart` billsync adds up to four of its own",
            f"declare {MOST_DECLARED - 1} at most",
        )


def version_digest(subscription: Fields) -> Iterator[Problem]:
    """Yield a problem for a digest without a version number."""
    if "version_digest" in subscription and not isinstance(subscription.get("version"), int):
        yield Problem(
            ("version_digest",),
            "subscription-version",
            "a digest belongs to a `version` by its number",
            "give the number, or leave version_digest out",
        )


def start(subscription: Fields) -> Iterator[Problem]:
    """A start so late that the server's calendar, which ends with the year 9999, has no room for what follows it."""
    begins = parse_moment(str(subscription.get("start")))
    if begins is not None and begins.year > LAST_YEAR:
        yield Problem(
            ("start",),
            "subscription-start",
            f"{subscription['start']} is after the year {LAST_YEAR}; the server's times go up to the year 9999, and "
            "the phases and billing periods after the start must fit in",
            "write an earlier start",
        )


CHECKS = (key, cost_basis, labels, version_digest, start)
