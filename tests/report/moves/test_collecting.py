"""Customers whose billing set-up can't collect, by what the API shows (customer-facts.md §4.2, §5.9)."""

from typing import Any

import pytest

from billsync.model.address import Address
from billsync.model.change import Guard
from billsync.report.moves.collecting import Answer, Billing, Profiles, setup_guards, setup_problem, unready
from tests.support.moves import ACME

CUSTOMER = Address("customer", ("acme",))
APPS = {"app-s": "stripe", "app-b": "sandbox", "app-x": "external_invoicing"}
NO_CUSTOMER = "it is billed by Stripe, and has no Stripe customer"
NO_METHOD = "it is charged by Stripe, and has no default payment method, unless Stripe itself has one for it"


def profile(app: str, *, default: bool = False, method: str | None = None) -> dict[str, Any]:
    payment = {"collection_method": method} if method else {}
    return {
        "id": f"p-{app}",
        "default": default,
        "apps": {name: {"id": app} for name in ("tax", "invoicing", "payment")},
        "workflow": {"payment": payment},
    }


def billed(app: str, **stripe: str) -> dict[str, Any]:
    return {"billing_profile": {"id": f"p-{app}"}, "app_data": {"stripe": stripe} if stripe else {}}


SANDBOX, BY_STRIPE = profile("app-b", default=True), profile("app-s")
BOTH = Profiles((SANDBOX, BY_STRIPE), APPS)
INVOICED = Profiles((SANDBOX, profile("app-s", method="send_invoice")), APPS)


@pytest.mark.parametrize(
    ("answer", "profiles", "problem"),
    [
        (billed("app-b"), BOTH, ""),
        (None, BOTH, ""),
        (billed("app-x"), Profiles((profile("app-x", default=True),), APPS), ""),
        (412, BOTH, NO_CUSTOMER),
        (billed("app-s"), BOTH, NO_CUSTOMER),
        (billed("app-s", customer_id="cus_1"), BOTH, NO_METHOD),
        (billed("app-s", customer_id="cus_1"), INVOICED, ""),
        (billed("app-s", customer_id="cus_1", default_payment_method_id="pm_1"), BOTH, ""),
        (None, Profiles((profile("app-s", default=True),), APPS), NO_CUSTOMER),
        (404, Profiles((BY_STRIPE,), APPS), "there is no billing profile for it"),
        (None, Profiles((), APPS), "there is no billing profile for it"),
        (500, BOTH, "its billing can't be read (500)"),
    ],
)
def test_a_set_up_is_judged_by_its_effective_profile(answer: Answer, profiles: Profiles, problem: str) -> None:
    assert setup_problem(answer, profiles) == problem


def test_customers_are_asked_only_where_a_profile_may_need_data() -> None:
    cases = [
        BOTH,
        Profiles((SANDBOX,), APPS),
        Profiles((profile("app-x", default=True),), APPS),
        Profiles((), APPS),
        Profiles(None, APPS),
        Profiles((SANDBOX,), None),
    ]

    assert [one.may_need_setup for one in cases] == [True, False, False, True, False, False]


def test_subscriptions_with_one_problem_are_one_guard() -> None:
    billing = Billing(BOTH, {CUSTOMER: 412})
    found = unready(ACME, CUSTOMER, billing)

    assert found is not None
    assert unready(ACME, Address("customer", ("new",)), billing) is None
    assert setup_guards([found]) == (
        Guard(
            "billing-setup",
            f"the customer of a plan with prices can't be billed: {NO_CUSTOMER}",
            "--allow billing-setup",
            (ACME,),
        ),
    )
    assert [guard.reason for guard in setup_guards([found, found])] == [
        f"the customers of 2 plans with prices can't be billed; of each: {NO_CUSTOMER}"
    ]
