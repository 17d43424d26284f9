"""The server that scenarios run against, seen through its bare API; the registry says which lists there are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from billsync.kinds.registry import KINDS
from tests.support.end_state import ROUTES, path_of

Row = dict[str, Any]
LISTS = {name: path_of(ROUTES[name].collection) for name, kind in KINDS.items() if kind.parent is None}
UNFILTERED = frozenset({"tax_code"})
"""Kinds whose list has no filter by key, and no end: they are never deleted."""
NAMED = re.compile(r"\{(\w+) ([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Server:
    """`base` is the API's base; `http` looks at it."""

    base: str
    http: httpx.Client

    def rows(self, kind: str, name: str) -> list[Row]:
        """The rows of a kind under a name: a key, or for what belongs to a customer, the customer's key.

        `addons pro@2` are those of a plan's version, or of its newest one; `attached acme` those of a customer's latest
        subscription.
        """
        match kind:
            case "grants":
                return self._listed(f"customers/{self.id_of('customer', name)}/credits/grants")
            case "granted":  # without the credit that a restore gives for fees that were paid before
                found = self.rows("grants", name)
                return [row for row in found if not str(row.get("key")).startswith("restore:")]
            case "subscriptions":
                found = self._listed("subscriptions", {"filter[customer_id]": self.id_of("customer", name)})
                return [{**row, "plan_id": self._plan_name(row["plan_id"])} for row in _by_start(found)]
            case "addons":
                found = self._listed(f"plans/{self.id_of('plan', name)}/addons")
                return sorted(({**row, "addon": self._addon_name(row["addon"]["id"])} for row in found), key=_by_addon)
            case "attached":
                found = self._listed(f"subscriptions/{self.id_of('subscription', name)}/addons")
                return sorted(({**row, "addon": self._addon_name(row["addon"]["id"])} for row in found), key=_by_addon)
            case "balance":
                balances: list[Row] = self._got(f"customers/{self.id_of('customer', name)}/credits/balance")["balances"]
                return balances
        query = {"page[size]": "10000"} if kind in UNFILTERED else {"filter[key]": name}
        found = (row for row in self._listed(LISTS[kind], query) if row["key"] == name)
        return sorted(found, key=lambda row: row.get("version", 0))

    def call(self, method: str, path: str, body: Any) -> httpx.Response:
        """A call as somebody else would make it; `{plan pro@2}` in the path or the body stands for an id."""
        return self.http.request(method.upper(), self._with_ids(path).lstrip("/"), json=self._bodied(body))

    def id_of(self, kind: str, name: str) -> str:
        """The id of what has this name; `plan pro@2` is a version, `subscription acme` a customer's latest."""
        if kind == "grant":
            customer, _, key = name.partition("/")
            return str(next(row["id"] for row in self.rows("grants", customer) if row["key"] == key))
        if kind == "subscription":
            return str(self.rows("subscriptions", name)[-1]["id"])
        key, _, version = name.partition("@")
        rows = [row for row in self.rows(kind, key) if not version or row["version"] == int(version)]
        return str(rows[-1]["id"])

    @property
    def bills_by_stripe(self) -> bool:
        """Whether the default billing profile collects by Stripe."""
        stripe = {row["id"] for row in self._listed("apps") if row["type"] == "stripe"}
        return any(row["default"] and row["apps"]["payment"]["id"] in stripe for row in self._listed("profiles"))

    def _plan_name(self, plan_id: str) -> str:
        plan = self._got(f"plans/{plan_id}")
        return f"{plan['key']}@{plan['version']}"

    def _addon_name(self, addon_id: str) -> str:
        addon = self._got(f"addons/{addon_id}")
        return f"{addon['key']}@{addon['version']}"

    def _with_ids(self, text: str) -> str:
        return NAMED.sub(lambda match: self.id_of(match[1], match[2]), text)

    def _bodied(self, body: Any) -> Any:
        if isinstance(body, Mapping):
            return {name: self._bodied(item) for name, item in body.items()}
        if isinstance(body, list):
            return [self._bodied(item) for item in body]
        return self._with_ids(body) if isinstance(body, str) else body

    def _listed(self, path: str, query: Mapping[str, str] | None = None) -> list[Row]:
        rows: list[Row] = self._got(path, {"page[size]": "100", **(query or {})})["data"]
        return [row for row in rows if not row.get("deleted_at")]

    def _got(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        answer = self.http.get(path, params=query)
        answer.raise_for_status()
        return answer.json()


def departures(shown: Any, expected: Any, place: str = "") -> Iterator[str]:
    """Where what is shown isn't as expected.

    A map may show more than is expected; what is `(absent)` isn't there, or is empty.
    """
    if isinstance(expected, Mapping) and isinstance(shown, Mapping):
        for name, value in expected.items():
            if value != "(absent)":
                yield from departures(shown.get(name, "(absent)"), value, f"{place}.{name}")
            elif shown.get(name):
                yield f"{place}.{name} is {shown[name]!r}, and should not be there"
    elif isinstance(expected, list) and isinstance(shown, list) and len(expected) == len(shown):
        for index, (one, other) in enumerate(zip(shown, expected, strict=True)):
            yield from departures(one, other, f"{place}[{index}]")
    elif shown != expected:
        yield f"{place} is {shown!r}, expected {expected!r}"


def _by_addon(row: Row) -> str:
    return str(row["addon"])


def _by_start(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["active_from"], row["id"]))
