"""Somebody else at work on the same server: archives, cancels, deletes and edits at random, through the bare API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import httpx

Row = dict[str, Any]
DRAFT = {
    "name": "Draft",
    "currency": "USD",
    "billing_cadence": "P1M",
    "phases": [
        {"key": "default", "name": "Default", "rate_cards": [{"key": "fee", "name": "Fee", "price": {"type": "free"}}]}
    ],
}
DRAFT_ADDON = {
    "name": "Draft",
    "currency": "USD",
    "instance_type": "single",
    "rate_cards": [
        {"key": "fee", "name": "Fee", "price": {"type": "flat", "amount": "9"}, "billing_cadence": "P1M"},
    ],
}
VERSIONED = ("plans", "addons")


def meddle(random: Random, http: httpx.Client) -> None:
    """One to three acts; what the server refuses, or what there is nothing for, is left at that."""
    for _ in range(random.randint(1, 3)):
        name = random.choice(sorted(ACTS))
        try:
            ACTS[name](random, http)
        except IndexError:
            continue


def _rows(http: httpx.Client, path: str, **having: str) -> list[Row]:
    rows: list[Row] = http.get(path, params={"page[size]": "1000"}).json()["data"]
    return [row for row in rows if all(row[name] == value for name, value in having.items())]


def _archive(random: Random, http: httpx.Client) -> None:
    path = random.choice(VERSIONED)
    http.post(f"{path}/{random.choice(_rows(http, path, status='active'))['id']}/archive")


def _publish(random: Random, http: httpx.Client) -> None:
    path = random.choice(VERSIONED)
    http.post(f"{path}/{random.choice(_rows(http, path, status='draft'))['id']}/publish")


def _draft(random: Random, http: httpx.Client) -> None:
    if random.choice(VERSIONED) == "plans":
        http.post("plans", json={"key": random.choice("ab"), **DRAFT})
    else:
        http.post("addons", json={"key": random.choice("xy"), **DRAFT_ADDON})


def _offer(random: Random, http: httpx.Client) -> None:
    """Attach an add-on to a draft."""
    plan, addon = random.choice(_rows(http, "plans", status="draft")), random.choice(_rows(http, "addons"))
    body = {"name": "Offer", "addon": {"id": addon["id"]}, "from_plan_phase": "default"}
    http.post(f"plans/{plan['id']}/addons", json=body)


def _buy(random: Random, http: httpx.Client) -> None:
    """Attach an add-on to a subscription."""
    subscription, addon = random.choice(_rows(http, "subscriptions")), random.choice(_rows(http, "addons"))
    timing = random.choice(("immediate", "next_billing_cycle"))
    body = {"addon": {"id": addon["id"]}, "quantity": 1, "timing": timing}
    http.post(f"subscriptions/{subscription['id']}/addons", json=body)


def _cancel(random: Random, http: httpx.Client) -> None:
    timing = random.choice(("immediate", "next_billing_cycle"))
    http.post(f"subscriptions/{random.choice(_rows(http, 'subscriptions'))['id']}/cancel", json={"timing": timing})


def _unschedule(random: Random, http: httpx.Client) -> None:
    http.post(f"subscriptions/{random.choice(_rows(http, 'subscriptions'))['id']}/unschedule-cancelation")


def _change(random: Random, http: httpx.Client) -> None:
    subscription = random.choice(_rows(http, "subscriptions"))
    plan = random.choice(_rows(http, "plans", status="active"))
    timing = random.choice(("immediate", "next_billing_cycle"))
    body = {"customer": {"id": subscription["customer_id"]}, "plan": {"id": plan["id"]}, "timing": timing}
    http.post(f"subscriptions/{subscription['id']}/change", json=body)


def _rename(random: Random, http: httpx.Client) -> None:
    http.put(f"customers/{random.choice(_rows(http, 'customers'))['id']}", json={"name": "Meddled"})


def _void(random: Random, http: httpx.Client) -> None:
    customer = random.choice(_rows(http, "customers"))
    grants = f"customers/{customer['id']}/credits/grants"
    http.post(f"{grants}/{random.choice(_rows(http, grants))['id']}/void")


def _delete(random: Random, http: httpx.Client) -> None:
    path = random.choice(("customers", "features", "meters"))
    http.delete(f"{path}/{random.choice(_rows(http, path))['id']}")


ACTS: Mapping[str, Callable[[Random, httpx.Client], None]] = {
    "archive": _archive,
    "buy": _buy,
    "cancel": _cancel,
    "change": _change,
    "delete": _delete,
    "draft": _draft,
    "offer": _offer,
    "publish": _publish,
    "rename": _rename,
    "unschedule": _unschedule,
    "void": _void,
}
