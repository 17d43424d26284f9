"""Live subscriptions with their names and their plan versions, each list and each version read once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from billsync.app.connection import Connection
from billsync.app.pipeline import Comparison
from billsync.core.index import Index
from billsync.core.moved import present
from billsync.core.ownership import KEY
from billsync.live.paging import Refused
from billsync.model.address import Address
from billsync.model.malformed import Malformed
from billsync.model.state import Desired, Entity
from billsync.model.value import Fields
from billsync.report.impact.repricing import PlanCards, parse_plan_cards

PLAN, SUBSCRIPTION, CUSTOMER = "plan", "subscription", "customer"
DEFAULT_KEY = "default"
NOT_RUNNING = ("scheduled", "inactive")
"""Statuses of subscriptions that pay nothing now; one that billsync doesn't know may."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A running subscription: its row, the keys of its customer and of its chain, and its declaration if it has one."""

    row: Fields
    names: tuple[str, str]
    entity: Entity | None

    @property
    def id(self) -> str:
        """The server's id."""
        return str(self.row["id"])

    @property
    def plan_key(self) -> str:
        """The key of its plan; empty for a subscription without one."""
        return str((self.row.get("plan") or {}).get("key", ""))

    @property
    def plan_version(self) -> str:
        """The number of its plan version; empty for a subscription without one."""
        return str((self.row.get("plan") or {}).get("version", ""))

    @property
    def plan_id(self) -> str:
        """The id of its plan version; empty for a subscription without one."""
        return str(self.row.get("plan_id") or (self.row.get("plan") or {}).get("id") or "")


class Subscribers:
    """The declared ones are in the comparison; others are read by plan."""

    def __init__(
        self,
        connection: Connection,
        desired: Desired,
        comparison: Comparison,
        found: Index,
        features: Mapping[str, str],
    ) -> None:
        self._connection = connection
        self._snapshot = comparison.snapshot
        self._names = found.names
        self._moved = desired.moved
        self._features = features
        self._declared = {e.address.names: e for e in desired.entities if e.address.kind == SUBSCRIPTION}
        self._plans: dict[str, Fields | None] = {row.id: row.fields for row in comparison.snapshot.of(PLAN)}
        self._cards: dict[str, PlanCards | None] = {}

    def declared(self) -> Iterator[Subscriber]:
        """The running ones that the files declare."""
        for row in self._snapshot.of(SUBSCRIPTION):
            address = self._names.get(str(row.fields["customer_id"]))
            one = self._named(row.fields, address.key if address else "")
            if one.entity and _is_running(row.fields):
                yield one

    def of(self, plan: str) -> Iterator[Subscriber]:
        """The running ones of all versions of a plan, by its key. Raises RemoteError."""
        for row in self._connection.rows(SUBSCRIPTION, plan_key=plan):
            if _is_running(row):
                customer = str(row["customer_id"])
                yield self._named(row, self._customers.get(customer, customer))

    def _named(self, row: Fields, customer: str) -> Subscriber:
        key = str((row.get("labels") or {}).get(KEY) or DEFAULT_KEY)
        owner = present(Address(CUSTOMER, (customer,)), self._moved).key
        address = present(Address(SUBSCRIPTION, (owner, key)), self._moved)
        return Subscriber(row, (owner, address.key), self._declared.get(address.names))

    @cached_property
    def _customers(self) -> Mapping[str, str]:
        rows = self._connection.rows(CUSTOMER)
        return {str(row["id"]): str(row.get("key") or row["id"]) for row in rows}

    def plan_of(self, one: Subscriber) -> Fields | None:
        """The row of the plan version that a subscription has; None if it has none, or one that can't be read.

        A deleted version isn't in any list, but can be read by its id (catalog-facts.md §1.7).
        """
        plan_id = one.plan_id
        if plan_id and plan_id not in self._plans:
            try:
                self._plans[plan_id] = self._connection.item(PLAN, plan_id)
            except Refused:
                self._plans[plan_id] = None
        return self._plans.get(plan_id)

    def cards_of(self, one: Subscriber) -> PlanCards | None:
        """The cards of that version; None if they can't be read, or not be rated."""
        if one.plan_id not in self._cards:
            row = self.plan_of(one)
            found = parse_plan_cards(row, self._features) if row else None
            self._cards[one.plan_id] = None if isinstance(found, Malformed) else found
        return self._cards[one.plan_id]

    def every_plan(self) -> Iterator[Fields]:
        """All versions of all plans that ever had subscribers or may have them. Raises RemoteError."""
        for row in self._connection.rows(PLAN):
            if row.get("status") != "draft":
                self._plans.setdefault(str(row["id"]), row)
                yield row


def _is_running(row: Fields) -> bool:
    return not row.get("deleted_at") and row.get("status") not in NOT_RUNNING
