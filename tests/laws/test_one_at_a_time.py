"""Files that say `subscriptions_per_customer: many` on a server that allows one: the second subscription is refused."""

from billsync.model.result import Status
from tests.support.world import World, declared

FEE = '{key: fee, name: Fee, billing_cadence: P1M, payment_term: in_arrears, price: {type: flat, amount: "9"}}'
SHOP = f"""
_info: {{owner: shop, target: {{subscriptions_per_customer: many}}}}
addons:
  - {{key: extra, name: Extra, currency: USD, instance_type: single, rate_cards: [{FEE.replace("fee", "extra")}]}}
plans:
  - key: pro
    name: Pro
    currency: USD
    billing_cadence: P1M
    phases: [{{key: default, name: Default, rate_cards: [{FEE}]}}]
    addons: [{{addon: extra, from_plan_phase: default}}]
customers:
  - key: acme
    name: Acme
    subscriptions: [{{key: a, plan: pro}}, {{key: b, plan: pro, addons: [{{addon: extra}}]}}]
"""
HINT = "is for servers that are set up for several; for this one, leave it out or say `one` (the server's answer: 409"


def test_a_second_subscription_fails_by_name() -> None:
    """What depends on it is not tried."""
    run = World().sync(declared(SHOP))

    ends = {result.step.id: result for result in run.report.results if result.status is not Status.DONE}
    second, *depending = ends.values()
    assert (second.step.id, second.status) == ("subscription/acme/b:create", Status.FAILED)
    assert second.reason.startswith("one-at-a-time: the server allows a customer one subscription at a time")
    assert HINT in second.reason
    assert [(each.status, each.cause) for each in depending] == [(Status.BLOCKED, second.step.id)]
