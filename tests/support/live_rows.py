"""A server that is only a set of rows, and the rows that a sync of some files leaves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from billsync.live.protocol.encoding import decode as exact
from billsync.model.ports import Answer, Decode, Get, Page, R, RemoteError
from billsync.model.state import Desired
from tests.support.world import World, rows_of

LISTS = ("meters", "features", "tax-codes", "plans", "addons", "customers", "subscriptions")
GRANTS = "customers/{}/credits/grants"
ALLOWED = {"deletes": "99"}

Rows = dict[str, list[dict[str, Any]]]
"""By the path of a list below `/openmeter`, its rows as JSON has them."""


def synced(desired: Desired) -> Rows:
    """The rows of a server to which these files were synced."""
    world = World()
    try:
        run = world.sync(desired)
        assert run.report.succeeded
        assert not run.plan.guards
        with world.http() as http:
            rows = {name: rows_of(http, name) for name in LISTS}
            for customer in rows["customers"]:
                path = GRANTS.format(customer["id"])
                rows[path] = rows_of(http, path)
            for plan in rows["plans"]:
                path = f"plans/{plan['id']}/addons"
                rows[path] = rows_of(http, path)
            return rows
    finally:
        world.close()


@dataclass(slots=True)
class ServedRows:
    """A reader of rows. `bodies` are other documents by path; `asked` are the paths that were read."""

    rows: Rows
    bodies: Mapping[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def get(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Answer:
        """The answer, read as JSON with exact numbers."""
        body = self._body(path, query)
        return Answer(404, message="404 Not Found") if body is None else Answer(200, exact(body))

    def stream(
        self, gets: Iterable[Get], decode: Decode[R] | None = None, *, at_once: int
    ) -> Iterator[Page[R] | Answer | RemoteError]:
        """The outcome of each read."""
        for get in gets:
            body = self._body(get.path, get.query)
            page = decode(body) if decode is not None and body is not None else None
            yield page if page is not None else self.get(get.path, get.query)

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        """The usage of all customers, as a meter says it; refuse to be written to."""
        if not path.endswith("/query"):
            raise AssertionError(f"{method} {path}")
        rows = [
            usage_row(body, str(customer.get("id")), number) for number, customer in enumerate(self.rows["customers"])
        ]
        return Answer(200, {"data": rows})

    def _body(self, path: str, query: Sequence[tuple[str, str]]) -> bytes | None:
        name = path.removeprefix("/openmeter/")
        self.asked.append(name)
        if name not in self.rows:
            return json.dumps(self.bodies[name]).encode() if name in self.bodies else other_document(name)
        found = [row for row in self.rows[name] if all(_matches(row, *item) for item in query)]
        asked = dict(query)
        size, number = int(asked["page[size]"]), int(asked["page[number]"])
        data = found[(number - 1) * size : number * size]
        meta = {"page": {"size": size, "number": number, "total": len(found)}}
        return json.dumps({"data": data, "meta": meta}).encode()


def other_document(name: str) -> bytes | None:
    """What the server says of money: nothing is there; None for a path that it doesn't have."""
    if name.endswith("/credits/balance"):
        return b'{"retrieved_at": "2026-09-01T00:00:00Z", "balances": []}'
    if name.endswith("/entitlement-access"):
        return b'{"data": []}'
    if name.startswith(("billing/", "profiles", "apps")) or name.endswith(("/addons", "/credits/grants")):
        return b'{"data": [], "meta": {"page": {"size": 1, "number": 1, "total": 0}}}'
    return None


def usage_row(body: Mapping[str, Any], customer: str, number: int) -> dict[str, Any]:
    """A row of a meter query's answer: a customer's usage, which is none of the first one's."""
    value = str(number * 7) if number % 2 else f"{number}.25"
    return {"from": body["from"], "to": body["to"], "value": value, "dimensions": {"customer_id": customer}}


def _matches(row: Mapping[str, Any], name: str, value: str) -> bool:
    if not name.startswith("filter["):
        return True
    field_, _, operator = name.removeprefix("filter[").removesuffix("]").partition("][")
    values = value.split(",") if operator == "oeq" else [value]
    match field_:
        case "plan_id":
            plan = row.get("plan")
            shown = [row.get("plan_id"), plan.get("id") if isinstance(plan, dict) else None]
        case "plan_key":
            plan = row.get("plan")
            shown = [plan.get("key") if isinstance(plan, dict) else None]
        case "usage_attribution_subject_key":
            attribution = row.get("usage_attribution")
            shown = attribution.get("subject_keys") or [] if isinstance(attribution, dict) else []
        case _:
            shown = [row.get(field_)]
    return any(one in values for one in shown)
