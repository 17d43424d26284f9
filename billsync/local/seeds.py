"""What a fresh server already has (catalog-facts.md §2). It plants once and never changes what is there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from billsync.local.currencies import plant_fiat
from billsync.local.store import Row, Store

PLANTED = "planted"


def plant(store: Store, *, now: datetime, mint: Callable[[], str]) -> None:
    """Makes the sandbox app, the default profile, the tax codes and the defaults, unless they were made before."""
    if store.setting(PLANTED):
        return
    store.set_setting(PLANTED, "1")

    def make(resource: str, key: str | None, document: dict[str, object]) -> str:
        named = document if key is None else {"key": key, **document}
        row = Row(resource=resource, id=mint(), key=key, document=named, created_at=now, updated_at=now)
        return store.insert(row).id

    default = make(
        "tax_code", "default", {"name": "Provider default", "labels": {}, "app_mappings": [], "system": True}
    )
    nontaxable = make(
        "tax_code",
        "nontaxable",
        {
            "name": "Nontaxable",
            "labels": {},
            "app_mappings": [{"app_type": "stripe", "tax_code": "txcd_00000000"}],
            "system": True,
        },
    )
    make(
        "default_tax_codes",
        None,
        {"invoicing_tax_code": {"id": default}, "credit_grant_tax_code": {"id": nontaxable}},
    )
    app = make(
        "app",
        None,
        {
            "type": "sandbox",
            "name": "Sandbox",
            "description": "OpenMeter Sandbox App to be used for testing purposes.",
            "labels": {},
            "status": "ready",
        },
    )
    make("profile", None, default_profile(app))
    plant_fiat(store, now=now, mint=mint)


def default_profile(app: str) -> dict[str, object]:
    """The profile that bills everybody through the sandbox app (catalog-facts.md §12.2 for the workflow)."""
    return {
        "name": "openmeter-sandbox",
        "description": "Default profile for OpenMeter sandbox",
        "default": True,
        "labels": {},
        "apps": {purpose: {"id": app} for purpose in ("tax", "invoicing", "payment")},
        "supplier": {"id": "", "name": "OpenMeter", "addresses": {"billing_address": {"country": "US"}}},
        "workflow": {
            "collection": {"alignment": {"type": "subscription"}, "interval": "PT1H"},
            "invoicing": {
                "auto_advance": True,
                "draft_period": "P0D",
                "progressive_billing": True,
                "subscription_end_proration_mode": "bill_actual_period",
            },
            "payment": {"collection_method": "charge_automatically"},
            "tax": {"enabled": True, "enforced": False},
        },
    }
