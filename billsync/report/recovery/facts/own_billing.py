"""Billing that customers have of their own: another profile than the default, and data of apps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from billsync.api.documents import BILLING, UNDECLARED_PROFILES
from billsync.model.recovery import Recovery
from billsync.model.value import Fields

CUSTOMER, PROFILE, DATA = "customer", "billing_profile", "app_data"
DEFAULT = "the default"


def own_billing(recovery: Recovery) -> Mapping[str, Fields]:
    """By the customer's id, the billing of those who have other than the default profile, or data of an app."""
    profiles = profiles_of(recovery)
    default = {name for name, row in profiles.items() if row.get("default")}
    found: dict[str, Fields] = {}
    for row in recovery.live.of(CUSTOMER):
        document = recovery.live.documents.get(BILLING.replace("{parent}", row.id), {})
        profile = (document.get(PROFILE) or {}).get("id")
        if dict(data_of(document)) or (profile in profiles and profile not in default):
            found[row.id] = document
    return found


def profiles_of(recovery: Recovery) -> Mapping[str, Fields]:
    """The billing profiles by id; none where they can't be read."""
    listed = recovery.undeclared.get(UNDECLARED_PROFILES, ())
    return {} if isinstance(listed, int) else {str(row.get("id")): row for row in listed}


def data_of(document: Fields) -> Iterator[tuple[str, Fields]]:
    """The data of each app, without what is empty."""
    for app, data in (document.get(DATA) or {}).items():
        if kept := {name: value for name, value in (data or {}).items() if value}:
            yield app, kept


def billing_texts(recovery: Recovery) -> Mapping[str, str] | None:
    """By the customer's id, the billing of those who have their own, as a text that is the same on every server; None
    where the billing profiles aren't known."""
    if not isinstance(recovery.undeclared.get(UNDECLARED_PROFILES), tuple):
        return None
    profiles = profiles_of(recovery)
    return {name: _text(document, profiles) for name, document in own_billing(recovery).items()}


def _text(document: Fields, profiles: Mapping[str, Fields]) -> str:
    """The profile's name, and the data of each app."""
    profile = profiles.get(str((document.get(PROFILE) or {}).get("id")), {})
    name = str(profile.get("name")) if profile and not profile.get("default") else DEFAULT
    data = (f"{app} {key} {value}" for app, kept in sorted(data_of(document)) for key, value in sorted(kept.items()))
    return ", ".join((name, *data))
