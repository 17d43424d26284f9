"""Running subscriptions with their names in the files, as an impact needs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field

from billsync.core.changes.moved import present
from billsync.core.observed.ownership import KEY
from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.malformed import Malformed
from billsync.model.state import Desired, Entity, Moved
from billsync.model.value import Fields
from billsync.report.billing.subscribed import Subscribed

SUBSCRIPTION, CUSTOMER = "subscription", "customer"
DEFAULT_KEY = "default"
NOT_RUNNING = ("scheduled", "inactive")
"""Statuses of subscriptions that pay nothing now; one that billsync doesn't know may."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The keys of a subscription's customer and chain, its declaration if it has one, and its plan.

    The plan's id, key and number are those of its plan version; empty for a subscription without one.
    """

    id: str
    customer_id: str
    names: tuple[str, str]
    entity: Entity | None = None
    plan_id: str = ""
    plan_key: str = ""
    plan_version: str = ""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A running subscription. `subscribed` is Malformed where its row can't be rated.

    `own_items` are the keys of its items that are not its plan version's cards, Malformed where that can't be known;
    they are looked for only where that version offers add-ons.
    """

    identity: Identity
    subscribed: Subscribed | Malformed
    own_items: frozenset[str] | Malformed = field(default_factory=frozenset)


def addons_declared(one: Identity) -> frozenset[str]:
    """The keys of the add-ons that a subscription is declared to have."""
    members = (one.entity.fields.get("addons") if one.entity else None) or ()
    return frozenset(str(member["addon"]) for member in members if member.get("quantity", 1))


@dataclass(frozen=True, slots=True)
class Naming:
    """Names of subscriptions in the files: the declared ones by their names, and renamed keys."""

    declared: Mapping[tuple[str, ...], Entity]
    moved: Moved

    def identity(self, row: Fields, customer: str) -> Identity:
        """The subscription in a row, of the customer with this key."""
        key = str((row.get("labels") or {}).get(KEY) or DEFAULT_KEY)
        owner = present(Address(CUSTOMER, (customer,)), self.moved).key
        address = present(Address(SUBSCRIPTION, (owner, key)), self.moved)
        return Identity(
            str(row["id"]),
            str(row["customer_id"]),
            (owner, address.key),
            self.declared.get(address.names),
            *plan_named(row),
        )


def plan_named(row: Fields) -> tuple[str, str, str]:
    """The id, key and number of the plan version that a subscription is on, as its row says."""
    plan = row.get("plan") or {}
    return (
        str(row.get("plan_id") or plan.get("id") or ""),
        str(plan.get("key", "")),
        str(plan.get("version", "")),
    )


def naming(desired: Desired) -> Naming:
    """The names that the files give."""
    declared = {entity.address.names: entity for entity in desired.entities if entity.address.kind == SUBSCRIPTION}
    return Naming(declared, desired.moved)


def running(rows: Iterable[Fields]) -> Iterable[Fields]:
    """The rows of subscriptions that may pay something now."""
    return (row for row in rows if not row.get("deleted_at") and row.get("status") not in NOT_RUNNING)
