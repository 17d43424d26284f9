"""Customers whose billing isn't set up for a plan with prices: the server refuses the subscription then
(customer-facts.md §5.9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import TypeAlias

from billsync.model.address import Address
from billsync.model.change import Guard
from billsync.model.frozen import dataclass
from billsync.model.value import Fields
from billsync.report.moves.finding import grouped

BILLING_SETUP = "billing-setup"
STRIPE = "stripe"
AUTOMATIC = "charge_automatically"
NO_DATA, NO_PROFILE = 412, 404
"""Statuses of a customer's billing without data for its payment app, and without a profile (customer-facts.md §4.2)."""

Answer: TypeAlias = Fields | int | None
"""A customer's billing, or the status with which it was refused; None for a customer that isn't there yet."""


@dataclass(frozen=True, slots=True)
class Profiles:
    """The live billing profiles, and the types of apps by their ids. None where a list can't be read."""

    profiles: tuple[Fields, ...] | None = None
    apps: Mapping[str, str] | None = None

    @property
    def may_need_setup(self) -> bool:
        """Whether any customer's billing may need data: not where no profile collects by Stripe."""
        if self.profiles is None or self.apps is None:
            return False
        return not any(row.get("default") for row in self.profiles) or any(map(self.is_stripe, self.profiles))

    def is_stripe(self, profile: Fields) -> bool:
        """Whether a profile collects by Stripe."""
        app = (profile.get("apps") or {}).get("payment") or {}
        return (self.apps or {}).get(str(app.get("id"))) == STRIPE

    def effective(self, answer: Answer) -> Fields | None:
        """The profile in a customer's billing; the default one where that names none."""
        named = (answer.get("billing_profile") or {}).get("id") if isinstance(answer, Mapping) else None
        rows = self.profiles or ()
        return next((row for row in rows if (row.get("id") == named if named else row.get("default"))), None)


@dataclass(frozen=True, slots=True)
class Unready:
    """A subscription that needs billing, of a customer whose set-up can't collect; `problem` says why."""

    address: Address
    problem: str


@dataclass(frozen=True, slots=True)
class Billing:
    """Billing as it is set up: profiles, and by customer its own."""

    profiles: Profiles = Profiles()
    answers: Mapping[Address, Answer] = field(default_factory=dict)


def unready(address: Address, customer: Address, billing: Billing) -> Unready | None:
    """The reason why a customer's billing can't collect for a subscription, if there is any."""
    if not billing.profiles.may_need_setup:
        return None
    problem = setup_problem(billing.answers.get(customer), billing.profiles)
    return Unready(address, problem) if problem else None


def setup_problem(answer: Answer, profiles: Profiles) -> str:
    """The reason why a customer's billing can't collect; empty if it can, as far as the API shows.

    The API doesn't show what Stripe itself has: an e-mail, or a default payment method that only Stripe knows.
    """
    if answer == NO_DATA:
        return "it is billed by Stripe, and has no Stripe customer"
    if isinstance(answer, int) and answer != NO_PROFILE:
        return f"its billing can't be read ({answer})"
    profile = profiles.effective(answer)
    if profile is None:
        return "there is no billing profile for it"
    return _stripe_problem(answer, profile) if profiles.is_stripe(profile) else ""


def _stripe_problem(answer: Answer, profile: Fields) -> str:
    shown = answer.get("app_data") or {} if isinstance(answer, Mapping) else {}
    data = shown.get(STRIPE) or {}
    if not data.get("customer_id"):
        return "it is billed by Stripe, and has no Stripe customer"
    payment = (profile.get("workflow") or {}).get("payment") or {}
    if payment.get("collection_method", AUTOMATIC) == AUTOMATIC and not data.get("default_payment_method_id"):
        return "it is charged by Stripe, and has no default payment method, unless Stripe itself has one for it"
    return ""


def setup_guards(found: Iterable[Unready]) -> tuple[Guard, ...]:
    """A guard for all subscriptions with the same problem."""
    return tuple(
        Guard(BILLING_SETUP, _text(them), f"--allow {BILLING_SETUP}", tuple(one.address for one in them))
        for them in grouped(found, lambda one: one.problem)
    )


def _text(them: Sequence[Unready]) -> str:
    if len(them) == 1:
        return f"the customer of a plan with prices can't be billed: {them[0].problem}"
    return f"the customers of {len(them)} plans with prices can't be billed; of each: {them[0].problem}"
