"""The answers of the made-up server: lists with pages, filters and counts; creates, updates and deletes.

It keeps no rule of billing. A request that it doesn't know is answered with 501, so that a run that needs it fails.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import parse_qsl

from benchmarks.reconcile import shown
from benchmarks.reconcile.declared import Fields
from benchmarks.reconcile.store import Shelf, names_of, put_customer

ROOT = "/api/v3/openmeter/"
OF_A_CUSTOMER = {
    "billing": b'{"app_data":{},"billing_profile":{"id":"01K5E3Z7AB9900000000000001"}}',
    "entitlement-access": b'{"data":[]}',
    "credits/transactions": b'{"data":[],"meta":{"page":{"size":100,"next":null,"previous":null}}}',
}
"""What is the same for every customer."""

Answer = tuple[int, bytes]
Query = Mapping[str, str]


APP, PROFILE = "01K5E3Z7AB9800000000000001", "01K5E3Z7AB9900000000000001"
_SANDBOX = {
    "id": APP, "type": "sandbox", "name": "Sandbox", "labels": {}, "status": "ready", "created_at": shown.MADE,
    "definition": {"type": "sandbox", "name": "Sandbox", "install_methods": [], "capabilities": []},
    "updated_at": shown.MADE,
}  # fmt: skip
_DEFAULT_PROFILE = {
    "id": PROFILE, "name": "openmeter-sandbox", "default": True, "labels": {}, "created_at": shown.MADE,
    "apps": {name: {"id": APP} for name in ("tax", "invoicing", "payment")},
    "supplier": {"id": "", "name": "OpenMeter"}, "workflow": {}, "updated_at": shown.MADE,
}  # fmt: skip
BILLING = {
    "apps": Shelf({APP: shown.as_bytes(_SANDBOX)}),
    "profiles": Shelf({PROFILE: shown.as_bytes(_DEFAULT_PROFILE)}),
}
"""The app and the billing profile that a fresh server has."""


def problem(status: int, title: str, detail: str) -> Answer:
    """An error as API v3 shows it."""
    return status, json.dumps({"type": "about:blank", "status": status, "title": title, "detail": detail}).encode()


@dataclass(slots=True)
class Api:
    """A server over shelves. `asked` counts requests by method and list; `reads` are the targets of GETs, in order."""

    shelves: Mapping[str, Shelf]
    asked: Counter[str] = field(default_factory=Counter)
    reads: list[str] = field(default_factory=list)
    made: int = 0

    def answer(self, method: str, target: str, body: bytes) -> Answer:
        """Status and body."""
        path, _, text = target.partition("?")
        if path == "/stats":
            return 200, json.dumps({"asked": self.asked, "reads": self.reads}).encode()
        parts = path.removeprefix(ROOT).split("/")
        self.asked[f"{method} {_kind_of_request(path, parts, text)}"] += 1
        if method == "GET":
            self.reads.append(target)
        if not path.startswith(ROOT):
            return problem(404, "Not Found", path)
        try:
            handler = {"GET": self._get, "POST": self._post, "PUT": self._put, "DELETE": self._delete}[method]
            return handler(parts, dict(parse_qsl(text)) if method == "GET" else _read(body))
        except KeyError as error:
            return problem(404, "Not Found", f"{target}: {error}")

    def _get(self, parts: Sequence[str], query: Query) -> Answer:
        match parts:
            case ["plans", _, "addons"] | ["billing", "invoices"] | ["currencies"]:
                return _page(Shelf(), (), query)
            case ["llm-cost", "overrides"]:
                return _page(Shelf(), (), query)
            case ["profiles" | "apps" as name]:
                return _page(BILLING[name], BILLING[name].ordered(), query)
            case ["customers", parent, "credits", "grants"]:
                shelf = self.shelves["grants"]
                return _page(shelf, _grants(shelf, parent, query), query)
            case ["customers", parent, "credits", "balance"]:
                return 200, _balance(self.shelves["grants"], parent)
            case ["customers", _, *rest] if "/".join(rest) in OF_A_CUSTOMER:
                return 200, OF_A_CUSTOMER["/".join(rest)]
            case [name, row_id] if name in self.shelves:
                return 200, self.shelves[name].rows[row_id]
            case [name] if name in self.shelves:
                return _page(self.shelves[name], _matching(self.shelves[name], query), query)
        return problem(501, "Not Implemented", "/".join(parts))

    def _post(self, parts: Sequence[str], body: Fields) -> Answer:
        match parts:
            case ["plans", row_id, "publish"]:
                row = shown.published(self.shelves["plans"].fields(row_id), _now())
                return self._kept("plans", row)
            case ["customers", parent, "credits", "grants"]:
                shelf = self.shelves["grants"]
                if any(body.get("key") == shelf.fields(row_id).get("key") for row_id in shelf.by_parent[parent]):
                    return problem(409, "Conflict", f"a grant with this key exists: {body['key']}")
                row = shown.shown_grant(self._new_id("grant"), body, _now())
                shelf.add(row["id"], shown.as_bytes(row), parent=parent)
                return 201, shelf.rows[row["id"]]
            case ["subscriptions"]:
                return self._subscribed(body)
            case ["meters", row_id, "query"]:
                return self._metered(row_id, body)
            case ["meters" | "features" | "plans" | "customers" as name]:
                if body["key"] in self.shelves[name].by_key:
                    return problem(409, "Conflict", f"this key exists: {body['key']}")
                drafted = shown.DRAFT if name == "plans" else {}
                return self._kept(name, shown.stamped(self._new_id(name[:-1]), {**body, **drafted}, _now()), status=201)
        return problem(501, "Not Implemented", "/".join(parts))

    def _subscribed(self, body: Fields) -> Answer:
        shelf, customer = self.shelves["subscriptions"], body["customer"]["id"]
        if shelf.by_parent.get(customer):
            return problem(409, "Conflict", "this customer has a subscription")
        plan = self.shelves["plans"].fields(body["plan"]["id"])
        row = shown.shown_subscription(
            self._new_id("subscription"), customer, plan, labels=body.get("labels", {}), at=_now()
        )
        shelf.add(row["id"], shown.as_bytes(row), parent=customer, plan=names_of(plan))
        return 201, shelf.rows[row["id"]]

    def _metered(self, row_id: str, body: Fields) -> Answer:
        """What customers used, in one window; one in ten used nothing, and has no row."""
        chosen = body.get("filters", {}).get("dimensions", {}).get("customer_id", {})
        customers = [chosen["eq"]] if "eq" in chosen else chosen.get("in") or self.shelves["customers"].ordered()
        meter, window = shown.number_of(row_id), {"from": body["from"], "to": body["to"]}
        rows = [
            {**window, "value": str(used), "dimensions": {"customer_id": customer}}
            for customer in customers
            if (used := (shown.number_of(customer) * 7919 + meter * 104729) % 150_001) % 10
        ]
        return 200, json.dumps({"data": rows}).encode()

    def _put(self, parts: Sequence[str], body: Fields) -> Answer:
        name, row_id = parts
        row = self.shelves[name].fields(row_id)
        return self._kept(name, {**row, **body, "updated_at": _now()})

    def _delete(self, parts: Sequence[str], body: Fields) -> Answer:
        name, row_id = parts
        self.shelves[name].remove(row_id)
        return 204, b""

    def _kept(self, name: str, row: Fields, *, status: int = 200) -> Answer:
        shelf = self.shelves[name]
        if name == "customers":
            put_customer(shelf, row)
        else:
            shelf.add(row["id"], shown.as_bytes(row), key=row["key"])
        return status, shelf.rows[row["id"]]

    def _new_id(self, kind: str) -> str:
        self.made += 1
        return shown.identifier(kind, 10**11 + self.made)


def _read(body: bytes) -> Fields:
    found: Fields = json.loads(body) if body else {}
    return found


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def _kind_of_request(path: str, parts: Sequence[str], query: str) -> str:
    """Names the list of a request, and whether rows are counted or one of them is read by its id."""
    if not path.startswith(ROOT):
        return path
    names = [part for part in parts if not part[:3].isupper() and not part.startswith("01K5")]
    counted = "count of " if "page%5Bsize%5D=1&" in f"{query}&" or "page[size]=1&" in f"{query}&" else ""
    return f"{counted}{'/'.join(names)}{'/ID' if parts[-1].startswith('01K5') else ''}"


def _page(shelf: Shelf, found: Sequence[str], query: Query) -> Answer:
    size, number = int(query.get("page[size]", 20)), int(query.get("page[number]", 1))
    rows = b",".join(map(shelf.rows.__getitem__, found[size * (number - 1) : size * number]))
    end = b'],"meta":{"page":{"number":%d,"size":%d,"total":%d}}}' % (number, size, len(found))
    return 200, b'{"data":[' + rows + end


def _balance(shelf: Shelf, parent: str) -> bytes:
    """All that was granted, of which every fourth holder has used a part."""
    left = sum((Decimal(shelf.fields(row_id)["amount"]) for row_id in shelf.by_parent.get(parent, ())), Decimal(0))
    left -= left and shown.number_of(parent) % 8 == 2 and Decimal("7.25")
    shown_left = {"currency": "USD", "settled": str(left), "live": str(left), "pending": "0"}
    return json.dumps({"retrieved_at": _now(), "balances": [shown_left] if left else []}).encode()


def _grants(shelf: Shelf, parent: str, query: Query) -> Sequence[str]:
    found = shelf.by_parent.get(parent, ())
    key = query.get("filter[key][eq]")
    return found if key is None else [row_id for row_id in found if shelf.fields(row_id)["key"] == key]


def _matching(shelf: Shelf, query: Query) -> Sequence[str]:
    """The ids of the rows that all filters let through, in order. Raises KeyError for an unknown filter."""
    found: Sequence[str] | None = None
    for name, value in query.items():
        if name == "sort" or name.startswith(("page[", "filter[status]")):
            continue  # all rows are active
        lookup = FILTERS[name.split("]", 1)[0] + "]"]
        chosen = [row_id for one in value.split(",") for row_id in lookup(shelf, one) if row_id in shelf.rows]
        found = chosen if found is None else [row_id for row_id in found if row_id in set(chosen)]
    return shelf.ordered() if found is None else sorted(found)


def _one(row_id: str | None) -> Iterator[str]:
    if row_id is not None:
        yield row_id


FILTERS: Mapping[str, Callable[[Shelf, str], Sequence[str] | Iterator[str]]] = {
    "filter[id]": lambda shelf, value: (value,),
    "filter[key]": lambda shelf, value: _one(shelf.by_key.get(value)),
    "filter[customer_id]": lambda shelf, value: shelf.by_parent.get(value, ()),
    "filter[plan_key]": lambda shelf, value: shelf.by_plan.get(value, ()),
    "filter[plan_id]": lambda shelf, value: shelf.by_plan.get(value, ()),
    "filter[usage_attribution_subject_key]": lambda shelf, value: _one(shelf.by_subject.get(value)),
}
