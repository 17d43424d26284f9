"""Capabilities of each dialect, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The capabilities of a server of one dialect.

    `fields_missing` names, by kind, the fields that a file may declare and this dialect's requests don't have;
    nested ones are written with dots, list members are passed over (`phases.rate_cards.currency`). Nothing reads
    `void_grants` and `attach_addons` yet: taking a grant back and changing a subscription with add-ons will.
    """

    void_grants: bool
    custom_currencies: bool
    attach_addons: bool
    invoices: bool
    one_subscription: bool
    fields_missing: Mapping[str, tuple[str, ...]]


_CAPABILITIES = {
    "openmeter": Capabilities(
        void_grants=True,
        custom_currencies=True,
        attach_addons=True,
        invoices=True,
        one_subscription=True,  # customer-facts.md §5.5; namespaces with several are set up by hand
        fields_missing={},
    ),
    "konnect": Capabilities(
        void_grants=False,
        custom_currencies=False,
        attach_addons=False,
        invoices=False,
        one_subscription=False,  # unknown (customer-facts.md §22): the server decides
        fields_missing={
            "addon": ("rate_cards.currency",),
            "plan": ("phases.rate_cards.currency",),
            "subscription": ("cost_basis_mode",),
        },
    ),
}


def capabilities(dialect: str) -> Capabilities:
    """Return the capabilities of this dialect. Raises KeyError for an unknown dialect."""
    return _CAPABILITIES[dialect]
