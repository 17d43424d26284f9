"""A shop of three customers on one plan, whose price is edited; they are migrated to its new version."""

KEYS = ("customer-02", "customer-05", "customer-07")
"""The first of them is alone in the first quarter."""
_PLANS = """\
_info: {owner: payments, defaults: {plan: {currency: USD, billing_cadence: P1M}}}
plans:
  - key: pro
    name: Pro
    phases: [{key: default, name: Default, rate_cards: [
      {key: base, name: Base, billing_cadence: P1M, payment_term: in_advance, price: {type: flat, amount: "PRICE"}}]}]
"""
_CUSTOMERS = "customers:\n" + "".join(f"  - {{key: {key}, name: {key}, subscription: {{plan: pro}}}}\n" for key in KEYS)


def plans(price: str) -> str:
    """Files with the plan alone."""
    return _PLANS.replace("PRICE", price)


def shop(price: str) -> str:
    """Files with the plan, and the customers on it."""
    return plans(price) + _CUSTOMERS
