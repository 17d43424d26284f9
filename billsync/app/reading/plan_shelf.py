"""Plan versions, their offers, and the keys of add-ons, by the server's ids; each is read once."""

from __future__ import annotations

from billsync.app.server.connection import Connection
from billsync.core.observed.index import Index
from billsync.live.lists.paging import Refused
from billsync.model.state import Snapshot
from billsync.model.value import Fields

PLAN, ADDON = "plan", "addon"
PART = "addons"
DRAFT = "draft"


class PlanShelf:
    """Rows from a snapshot, and those that were read later."""

    def __init__(self, connection: Connection, known: Snapshot, found: Index) -> None:
        self._connection = connection
        self._plans: dict[str, Fields | None] = {row.id: row.fields for row in known.of(PLAN)}
        self._offers: dict[str, tuple[Fields, ...] | None] = {}
        self._keys = {server_id: at.key for server_id, at in found.names.items() if at.kind == ADDON}

    @property
    def addon_keys(self) -> dict[str, str]:
        """The keys of all add-on versions that are known so far, by id."""
        return dict(self._keys)

    def known_plan(self, plan_id: str) -> Fields | None:
        """The row of a plan version, if it was read before."""
        return self._plans.get(plan_id)

    def plan(self, plan_id: str) -> Fields | None:
        """The row of a plan version; None if it can't be read. Raises RemoteError.

        A deleted version isn't in any list, but can be read by its id (catalog-facts.md §1.7).
        """
        if plan_id not in self._plans:
            try:
                self._plans[plan_id] = self._connection.item(PLAN, plan_id)
            except Refused:
                self._plans[plan_id] = None
        return self._plans[plan_id]

    def published(self) -> tuple[Fields, ...]:
        """All versions of all plans that ever had subscribers or may have them. Raises RemoteError."""
        rows = tuple(row for row in self._connection.rows(PLAN) if row.get("status") != DRAFT)
        for row in rows:
            self._plans.setdefault(str(row["id"]), row)
        return rows

    def offers(self, plan_id: str) -> tuple[Fields, ...] | None:
        """The add-ons that a plan version offers; None where the server refuses to say. Raises RemoteError."""
        if plan_id not in self._offers:
            self._offers[plan_id] = self._read_offers(plan_id)
        return self._offers[plan_id]

    def addon_key(self, addon_id: str) -> str:
        """The key of an add-on version, which only its own row shows; its id where that can't be read.

        Raises RemoteError.
        """
        if addon_id not in self._keys:
            try:
                self._keys[addon_id] = str(self._connection.item(ADDON, addon_id).get("key") or addon_id)
            except Refused:
                self._keys[addon_id] = addon_id
        return self._keys[addon_id]

    def _read_offers(self, plan_id: str) -> tuple[Fields, ...] | None:
        shown = (self._plans.get(plan_id) or {}).get(PART)
        if shown is not None:
            return tuple(shown)
        try:
            return self._connection.part(PLAN, PART, plan_id)
        except Refused:
            return None
