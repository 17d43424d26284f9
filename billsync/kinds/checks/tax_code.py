"""Checks for tax codes that the server would refuse (catalog-facts.md §6.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from billsync.model.kind import Problem
from billsync.model.value import Fields

_STRIPE = re.compile(r"txcd_[0-9]{8}")


def stripe_codes(tax_code: Fields) -> Iterator[Problem]:
    """Codes of Stripe that don't have its form."""
    for index, mapping in enumerate(tax_code.get("app_mappings") or ()):
        code = str(mapping.get("tax_code"))
        if mapping.get("app_type") == "stripe" and _STRIPE.fullmatch(code) is None:
            yield Problem(
                ("app_mappings", index, "tax_code"),
                "stripe-tax-code",
                f"`{code}` isn't `txcd_` and eight digits",
                "write one from Stripe's list, such as `txcd_10103001`",
            )


CHECKS = (stripe_codes,)
