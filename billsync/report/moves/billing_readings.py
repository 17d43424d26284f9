"""The billing of customers, as far as a run was decided on it: a plan file must find it again.

Names stand for profiles, and an answer's presence for what identifies a customer elsewhere: no id is in a plan file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from billsync.model.address import Address
from billsync.model.change import Expectation, PlanFile, Reading
from billsync.model.value import Fields
from billsync.report.moves.collecting import AUTOMATIC, STRIPE, Answer, Billing, Profiles, setup_problem

BILLING = "billing"
"""The kind in the address of a reading that is no entity's: `billing/acme` is a customer's."""

PROFILES = Address(BILLING, ("profiles", "all"))
"""All billing profiles; a customer's address has one name."""


def billing_readings(plan: PlanFile, sold: Mapping[Address, Address], billing: Billing) -> tuple[Reading, ...]:
    """The billing on which steps were decided; `sold` are the customers by the subscriptions that have prices."""
    steps: dict[Address, list[str]] = defaultdict(list)
    for step in plan.steps:
        if step.address in sold:
            steps[sold[step.address]].append(step.id)
    if not steps:
        return ()
    every = [name for customer in sorted(steps, key=lambda one: one.order) for name in steps[customer]]
    found = [Reading(PROFILES, Expectation(profiles_seen(billing.profiles)), tuple(every))]
    if billing.profiles.may_need_setup:
        for customer, names in sorted(steps.items(), key=lambda item: item[0].order):
            answer = billing.answers.get(customer)
            if answer is not None:  # the run itself makes a customer that isn't there
                seen = Expectation(billing_seen(answer, billing.profiles))
                found.append(Reading(Address(BILLING, customer.names), seen, tuple(names)))
    return tuple(found)


def profiles_seen(profiles: Profiles) -> Fields:
    """Whether any profile may need data of customers."""
    return {"may_need_setup": profiles.may_need_setup}


def billing_seen(answer: Answer, profiles: Profiles) -> Fields:
    """The fields that decide whether and how a customer's billing collects."""
    profile = None if isinstance(answer, int) else profiles.effective(answer)
    if profile is None:
        return {"problem": setup_problem(answer, profiles)}
    data = ((answer.get("app_data") or {}) if isinstance(answer, Mapping) else {}).get(STRIPE) or {}
    payment = (profile.get("workflow") or {}).get("payment") or {}
    return {
        "billing_profile": profile.get("name"),
        "collects_by_stripe": profiles.is_stripe(profile),
        "collection_method": payment.get("collection_method", AUTOMATIC),
        "has_stripe_customer": bool(data.get("customer_id")),
        "has_payment_method": bool(data.get("default_payment_method_id")),
    }
