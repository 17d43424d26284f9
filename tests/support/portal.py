"""Somebody in a portal: subscriptions read and changed through the bare API, without code of billsync."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from billsync.local.server.editions import KONNECT_LATER
from tests.support.world import World, rows_of

RUNNING = ("active", "canceled")
"""The statuses of a subscription in force; `canceled` has an end that lies ahead."""
SHOWN = ("plan_id", "status", "active_from", "active_to", "settlement_mode", "billing_anchor", "labels")
_ORDER = {"inactive": 0, "canceled": 1, "active": 1, "scheduled": 2}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Portal:
    """The server as the customer's own hands reach it; every dialect has these calls, but for `withdraw`."""

    world: World

    def links(self) -> tuple[Row, ...]:
        """All subscriptions, those that ended first, and the scheduled last."""
        with self._http() as http:
            rows = rows_of(http, "subscriptions")
        return tuple(sorted(rows, key=lambda row: (_ORDER[row["status"]], row["id"])))

    def head(self) -> Row | None:
        """The subscription that is or will be in force, or else the one that ended last."""
        return next(reversed(self.links()), None)

    def shown(self) -> dict[str, Row]:
        """By id, what of each subscription a person sees."""
        return {row["id"]: {name: row.get(name) for name in SHOWN} for row in self.links()}

    def plans(self) -> dict[str, Row]:
        """All versions of all plans, by id."""
        with self._http() as http:
            return {row["id"]: row for row in rows_of(http, "plans")}

    def active_version(self, plan: str) -> str | None:
        """The id of the version of a plan that can be subscribed to."""
        found = (row for row in self.plans().values() if row["key"] == plan and row["status"] == "active")
        return next((str(row["id"]) for row in found), None)

    def customer(self, key: str) -> str | None:
        """The id of a customer."""
        with self._http() as http:
            return next((str(row["id"]) for row in rows_of(http, "customers") if row["key"] == key), None)

    def charges(self, customer: str) -> list[Row]:
        """All charges of a customer, which this settles; none where the API has no list of them."""
        if self.world.edition is KONNECT_LATER:
            return []
        with self._http() as http:
            answer = http.get(f"customers/{customer}/charges", params={"page[size]": "1000"})
        return list(answer.json().get("data") or ()) if answer.is_success else []

    def bookings(self, customer: str) -> list[Row]:
        """All rows of a customer's ledger."""
        with self._http() as http:
            answer = http.get(f"customers/{customer}/credits/transactions", params={"page[size]": "100"})
        return list(answer.json().get("data") or ()) if answer.is_success else []

    def subscribe(self, customer: str, plan: str) -> bool:
        """A subscription to a version begins now."""
        return self._post("subscriptions", {"customer": {"id": customer}, "plan": {"id": plan}})

    def change(self, link: str, plan: str, timing: str) -> bool:
        """A subscription changes to a version of a plan."""
        return self._post(f"subscriptions/{link}/change", {"customer": {}, "plan": {"id": plan}, "timing": timing})

    def cancel(self, link: str, timing: str) -> bool:
        """A subscription gets an end."""
        return self._post(f"subscriptions/{link}/cancel", {"timing": timing})

    def resume(self, link: str) -> bool:
        """The end of a subscription is taken back."""
        return self._post(f"subscriptions/{link}/unschedule-cancelation", None)

    def withdraw(self, link: str) -> bool:
        """A scheduled subscription is taken back, where API v1 is served."""
        with self._http() as http:
            base = str(http.base_url).replace("/v3/openmeter/", "/v1/")
            return http.delete(f"{base}subscriptions/{link}").is_success

    def _post(self, path: str, body: object) -> bool:
        with self._http() as http:
            return (http.post(path) if body is None else http.post(path, json=body)).is_success

    @contextmanager
    def _http(self) -> Iterator[httpx.Client]:
        with self.world.http() as http:
            yield http
