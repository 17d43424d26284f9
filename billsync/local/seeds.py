"""Rows of a fresh server (catalog-facts.md §2), planted once and never changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from billsync.local.catalog.currencies import plant_fiat
from billsync.local.catalog.meter_readings import METER, read_again
from billsync.local.profiles.profile_workflow import kept_workflow
from billsync.local.store.documents import Document
from billsync.local.store.store import Row, Store

PLANTED, READ = "planted", "events_read"
# Names and descriptions are data of the real server; recordings compare them letter by letter.
NO_TAX = [{"app_type": "stripe", "tax_code": "txcd_00000000"}]
TAX_CODES: tuple[Document, Document] = (
    {"key": "default", "name": "Provider default", "labels": {}, "app_mappings": [], "system": True},
    {"key": "nontaxable", "name": "Nontaxable", "labels": {}, "app_mappings": NO_TAX, "system": True},
)
SANDBOX: Document = {
    "type": "sandbox",
    "name": "Sandbox",
    "description": "OpenMeter Sandbox App to be used for testing purposes.",
    "labels": {},
    "status": "ready",
}


def plant(store: Store, *, now: datetime, mint: Callable[[], str]) -> None:
    """Makes the sandbox app, the default profile, the tax codes and the currencies, unless they were made before."""
    if store.setting(PLANTED):
        return
    store.set_setting(PLANTED, "1")

    def make(resource: str, document: Document) -> str:
        row = Row(resource, mint(), document, created_at=now, updated_at=now, key=document.get("key"))
        return store.insert(row).id

    invoicing, credit_grant = (make("tax_code", document) for document in TAX_CODES)
    chosen = {"invoicing_tax_code": {"id": invoicing}, "credit_grant_tax_code": {"id": credit_grant}}
    make("default_tax_codes", chosen)
    make("profile", default_profile(make("app", SANDBOX)))
    plant_fiat(store, now=now, mint=mint)


def catch_up(store: Store) -> None:
    """Reads the events of a file that was made before readings were kept."""
    if store.setting(READ) is None:
        for meter in store.rows(METER, "TRUE"):
            read_again(store, meter)
        store.set_setting(READ, "1")


def default_profile(app: str) -> Document:
    """Return the default profile, which bills through the sandbox app with the default workflow."""
    return {
        "name": "openmeter-sandbox",
        "description": "Default profile for OpenMeter sandbox",
        "default": True,
        "labels": {},
        "apps": {purpose: {"id": app} for purpose in ("tax", "invoicing", "payment")},
        "supplier": {"id": "", "name": "OpenMeter", "addresses": {"billing_address": {"country": "US"}}},
        "workflow": kept_workflow({}),
    }
