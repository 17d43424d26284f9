"""Checks for credit grants that the server would refuse, round or cut (customer-facts.md §7.2 and §7.3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from billsync.kinds.checks.keys import findable
from billsync.kinds.checks.ratecard import unknown_currency
from billsync.model.currencies import decimals
from billsync.model.duration import Duration, parse_duration
from billsync.model.kind import Problem
from billsync.model.moment import parse_moment
from billsync.model.value import Fields, decimal_text


def currency(grant: Fields) -> Iterator[Problem]:
    """The grant's currency and the number of its decimals."""
    yield from unknown_currency(grant.get("currency"), ("currency",))
    places, amount = decimals(str(grant.get("currency"))), grant.get("amount")
    if places is None or not isinstance(amount, Decimal):
        return
    given = len(decimal_text(amount).partition(".")[2])
    if given > places:
        yield Problem(
            ("amount",),
            "grant-decimals",
            f"{grant['currency']} has {places} decimals, and {decimal_text(amount)} has {given}",
            "write the amount to grant",
        )


def purchase(grant: Fields) -> Iterator[Problem]:
    """A purchase belongs to funded grants, and only to them."""
    method, terms = grant.get("funding_method"), grant.get("purchase")
    if method == "none" and terms is not None:
        detail = "nothing is paid for a grant with `funding_method: none`, and the server drops the purchase"
        yield Problem(("purchase",), "grant-purchase", detail, "leave purchase out")
    elif method in ("invoice", "external"):
        yield from _terms(grant)


def _terms(grant: Fields) -> Iterator[Problem]:
    method, terms = grant.get("funding_method"), grant.get("purchase")
    if terms is None:
        detail = f"a grant with `funding_method: {method}` is paid for, and doesn't say how"
        hint = f"add `purchase: {{currency: {grant.get('currency')}}}`"
        yield Problem(("funding_method",), "grant-purchase", detail, hint)
        return
    if terms.get("currency") != grant.get("currency"):
        detail = f"the purchase is in {terms.get('currency')}, and the credits are in {grant.get('currency')}"
        hint = "use the same currency for both"
        yield Problem(("purchase", "currency"), "grant-purchase", detail, hint)
    if method == "invoice" and "availability_policy" in terms:
        detail = "credits that are invoiced become available with the invoice, and the server drops the policy"
        hint = "leave availability_policy out"
        yield Problem(("purchase", "availability_policy"), "grant-purchase", detail, hint)


def settlement(grant: Fields) -> Iterator[Problem]:
    """Only the payment of an external grant is recorded by hand; the server follows invoices itself."""
    if "settlement" in grant and grant.get("funding_method") != "external":
        detail = f"the payment of a grant with `funding_method: {grant.get('funding_method')}` is not recorded by hand"
        hint = "leave settlement out, or declare `funding_method: external`"
        yield Problem(("settlement",), "grant-settlement", detail, hint)


def expiry(grant: Fields) -> Iterator[Problem]:
    """An end that no calendar has: the server's times go up to the year 9999."""
    duration = parse_duration(str(grant.get("expires_after")))
    start = parse_moment(str(grant.get("effective_at")))
    if duration is not None and start is not None and not _has_end(start, duration):
        yield Problem(
            ("expires_after",),
            "grant-expiry",
            f"{grant['expires_after']} from {start.date()} on ends after the year 9999",
            "leave expires_after out: then the credits never expire",
        )


def one_end(grant: Fields) -> Iterator[Problem]:
    """An end is declared once, and lies after the start."""
    end, start = (parse_moment(str(grant.get(name))) for name in ("expires_at", "effective_at"))
    if end is not None and "expires_after" in grant:
        detail = "`expires_after` and `expires_at` both say when the credits expire"
        yield Problem(("expires_at",), "grant-expiry", detail, "leave one of them out")
    elif end is not None and start is not None and end <= start:
        detail = f"{grant['expires_at']} is not after the start, {grant['effective_at']}"
        hint = "write a later expires_at, or an earlier effective_at"
        yield Problem(("expires_at",), "grant-expiry", detail, hint)


def _has_end(start: datetime, duration: Duration) -> bool:
    try:
        duration.after(start)
    except (OverflowError, ValueError):
        return False
    return True


CHECKS = (currency, purchase, settlement, expiry, one_end, findable)
