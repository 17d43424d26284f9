"""A customer with credits and a metered subscription on a server under test, and what its books say."""

from dataclasses import dataclass
from typing import Any

import httpx

UNIT = {"type": "unit", "amount": "1"}


def posted(server: httpx.Client, path: str, body: Any) -> Any:
    answer = server.post(path, json=body)
    assert answer.is_success, answer.text
    return answer.json()


def feature(server: httpx.Client, key: str, *, event_type: str = "t", **meter: Any) -> str:
    """The id of a feature with a meter of its own; `filters` are those of the feature."""
    filters = {"filters": meter.pop("filters")} if "filters" in meter else {}
    body = {"key": key, "name": key, "aggregation": "sum", "event_type": event_type, "value_property": "$.n", **meter}
    made = posted(server, "/meters", body)["id"]
    own = {"key": key, "name": key, "meter": {"id": made, **filters}}
    return str(posted(server, "/features", own)["id"])


def usage_card(key: str, feature_id: str, **more: Any) -> dict[str, Any]:
    base = {"key": key, "name": key.title(), "billing_cadence": "P1M", "price": UNIT}
    return {**base, "feature": {"id": feature_id}, **more}


def fee_card(key: str, amount: str, term: str, **more: Any) -> dict[str, Any]:
    price = {"type": "flat", "amount": amount}
    base = {"key": key, "name": key.title(), "billing_cadence": "P1M"}
    return {**base, "payment_term": term, "price": price, **more}


def plan(server: httpx.Client, *cards: dict[str, Any], **more: Any) -> str:
    """The id of a published plan with these cards, in one phase unless phases are given."""
    phases = more.pop("phases", [{"key": "main", "name": "Main", "rate_cards": list(cards)}])
    body = {"key": "plan", "name": "Plan", "currency": "USD", "billing_cadence": "P1M", "phases": phases, **more}
    made = str(posted(server, "/plans", body)["id"])
    posted(server, f"/plans/{made}/publish", None)
    return made


@dataclass
class Account:
    """A customer of a server; its subject is its key."""

    server: httpx.Client
    id: str

    @property
    def path(self) -> str:
        return f"/customers/{self.id}"

    def subscribe(self, plan_id: str, mode: str = "credit_only") -> str:
        body = {"customer": {"id": self.id}, "plan": {"id": plan_id}, "settlement_mode": mode}
        return str(posted(self.server, "/subscriptions", body)["id"])

    def grant(self, amount: str, **more: Any) -> str:
        body = {"name": "Credit", "funding_method": "none", "currency": "USD", "amount": amount, **more}
        return str(posted(self.server, f"{self.path}/credits/grants", body)["id"])

    def void(self, grant_id: str) -> httpx.Response:
        return self.server.post(f"{self.path}/credits/grants/{grant_id}/void", json={})

    def balance(self, **query: str) -> tuple[str, str]:
        """Live and settled in USD."""
        answer = self.server.get(f"{self.path}/credits/balance", params={"filter[currency]": "USD", **query})
        (row,) = answer.json()["balances"]
        return row["live"], row["settled"]

    def rows(self, **query: str) -> list[tuple[str, str, str]]:
        """Type, amount and time of each transaction, newest first."""
        answer = self.server.get(f"{self.path}/credits/transactions", params=query)
        assert answer.status_code == 200, answer.text
        return [(row["type"], row["amount"], row["booked_at"]) for row in answer.json()["data"]]

    def charges(self, **query: str) -> list[dict[str, Any]]:
        return self.server.get(f"{self.path}/charges", params=query).json()["data"] or []

    def invoices(self) -> list[dict[str, Any]]:
        query = {"filter[customer_id][eq]": self.id, "page[size]": "1000"}
        found: list[dict[str, Any]] = self.server.get("/billing/invoices", params=query).json()["data"]
        return found

    def states(self) -> list[tuple[str, str]]:
        """Place and status of each charge."""
        return [(row["unique_reference_id"].partition("/")[2], row["status"]) for row in self.charges()]


def account(server: httpx.Client, key: str = "acme") -> Account:
    return Account(server, str(posted(server, "/customers", {"key": key, "name": key})["id"]))
