"""Losses of a dump that rows of the managed kinds don't show: used credit, and entities that no file can declare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from billsync.core.dump.losses import Loss, loss_of
from billsync.model.address import Address
from billsync.model.currencies import decimals
from billsync.model.said import Part, Word, sentence
from billsync.model.value import Fields
from billsync.rating.arithmetic import ZERO, exactly

FRESH_PROFILE = "openmeter-sandbox"
SANDBOX = "sandbox"
CREDIT, UNREAD = "credit", "unread"
GRANTED = "grant"


def balance_losses(customer: Address, balances: Iterable[Fields], granted: Mapping[str, Decimal]) -> tuple[Loss, ...]:
    """Yield the differences of live credit from the credit that the file grants, by currency.

    `balances` are the rows of the balance document; `granted` are the amounts of the grants that the file declares.
    Raises KeyError or ArithmeticError for rows that aren't the API's. Source: customer-facts.md §8.
    """
    left = {str(row["currency"]): _left(row) for row in balances}
    found = (
        _departure(customer, currency, left=left.get(currency, ZERO), given=granted.get(currency, ZERO))
        for currency in sorted({*left, *granted})
    )
    return tuple(loss for loss in found if loss)


@exactly
def _left(row: Fields) -> Decimal:
    """Return the credit that can be used now or later, without costs that are accruing."""
    return Decimal(str(row["live"])) + Decimal(str(row["pending"]))


@exactly
def _departure(customer: Address, currency: str, *, left: Decimal, given: Decimal) -> Loss | None:
    if left == given:
        return None
    if left < ZERO:
        end = "its debt is forgotten"
    elif left < given:
        end = "its used credit is granted again"
    else:
        end = "the rest is lost"
    text = "{it} has {left} {currency} of credit, and this file grants {given}: created again, {end}"
    values: dict[str, Part] = {"it": customer, "left": left, "currency": _currency(currency)}
    partly = "{it} has {left} {currency} of credit, and this file hasn't all of its grants"
    said = sentence(text, **values, given=given, end=Word(end))
    return Loss(CREDIT, said, customer, members=GRANTED, partly=sentence(partly, **values))


def _currency(code: str) -> Part:
    """A currency's code, which is a name that somebody gave if it isn't an ordinary one."""
    return Word(code) if decimals(code) is not None else code


def granted(grants: Iterable[Fields]) -> Mapping[str, Decimal]:
    """The sum of the amounts of grants by currency, from their views."""
    found: dict[str, Decimal] = {}
    for grant in grants:
        found[str(grant["currency"])] = _sum(found.get(str(grant["currency"]), ZERO), grant["amount"])
    return found


@exactly
def _sum(one: Decimal, other: Decimal) -> Decimal:
    return one + other


def currency_losses(rows: Iterable[Fields]) -> Iterator[Loss]:
    """Losses of custom currencies, with the cost of a unit."""
    for row in rows:
        if row.get("type") == "custom":
            yield _undeclared("custom currency", str(row.get("code")), ", and its cost bases")


def profile_losses(rows: Iterable[Fields]) -> Iterator[Loss]:
    """Losses of billing profiles, except the one that a fresh server has."""
    for row in rows:
        if row.get("name") != FRESH_PROFILE or not row.get("default"):
            yield _undeclared("billing profile", str(row.get("name")))


def app_losses(rows: Iterable[Fields]) -> Iterator[Loss]:
    """Installed apps, but for the sandbox that a fresh server has."""
    for row in rows:
        if row.get("type") != SANDBOX:
            yield _undeclared("app", f"{row.get('name')} ({row.get('type')})")


def override_losses(rows: Iterable[Fields]) -> Iterator[Loss]:
    """Yield overridden costs of language models."""
    for row in rows:
        yield _undeclared("cost of a language model", f"{row.get('provider')}/{row.get('model_id')}")


def _undeclared(kind: str, name: str, more: str = "") -> Loss:
    text = "the {kind} {name!r} is not in this file{more}: a fresh server doesn't have it"
    address = Address(kind.replace(" ", "_"), (name,))
    return Loss("undeclared", sentence(text, kind=Word(kind), name=name, more=Word(more)), address)


def billing_losses(customer: Address, document: Fields, profiles: Mapping[str, Fields]) -> Iterator[Loss]:
    """Losses of a customer's billing profile, if it isn't the default, and of its apps' data about it."""
    profile = profiles.get(str((document.get("billing_profile") or {}).get("id")), {})
    if profile and not profile.get("default"):
        text = "{it} is billed by the profile {name!r}, which is not in this file"
        yield loss_of("billing", text, customer, "billing", it=customer, name=str(profile.get("name")))
    for app, data in sorted((document.get("app_data") or {}).items()):
        if data:
            text = "{it} has data of the app {app} ({names}), which is not in this file"
            names = tuple(sorted(map(str, data)))
            yield loss_of("billing", text, customer, "billing", it=customer, app=str(app), names=names)


def unread(what: str, status: int, customer: Address | None = None) -> Loss:
    """A loss that may be there: an answer that could not be had. `what` are words, with `of` a customer."""
    subject = sentence("{what} of {it}", what=Word(what), it=customer) if customer else Word(what)
    text = "{subject} can't be read ({status}), so it isn't known what this file lacks of it"
    return loss_of(UNREAD, text, customer, subject=subject, status=status)
