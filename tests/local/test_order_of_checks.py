"""Two mistakes at once: what the local server says first. Each row is a request and its one answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.support.recorder import WRONG_ON_PURPOSE

pytestmark = pytest.mark.thorough

NOBODY = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
BAD_LABELS = {"kong_x": "y"}
LABELS = "invalid_label_key_prefix"
FEE = {"key": "fee", "name": "Fee", "billing_cadence": "P1M", "price": {"type": "flat", "amount": "10"}}
LOST = {**FEE, "feature": {"id": NOBODY}}
NEGATIVE = {**FEE, "price": {"type": "flat", "amount": "-1"}}
GRANT = {"name": "Welcome", "funding_method": "none", "currency": "USD", "amount": "10"}
BOUGHT = {"funding_method": "external", "purchase": {"currency": "EUR", "per_unit_cost_basis": "1"}}


@dataclass(frozen=True)
class World:
    """Ids of what there is, by what is the matter with each."""

    server: httpx.Client
    ids: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.ids[name]


def posted(server: httpx.Client, path: str, body: Any = None) -> str:
    answer = server.post(path, json=body)
    assert answer.is_success, answer.text
    return str(answer.json()["id"])


def plan_body(key: str, *cards: Any, **more: Any) -> dict[str, Any]:
    phase = {"key": "main", "name": "Main", "rate_cards": list(cards)}
    return {"key": key, "name": key, "currency": "USD", "billing_cadence": "P1M", "phases": [phase], **more}


def changed(body: dict[str, Any]) -> dict[str, Any]:
    """A body as PUT takes it."""
    return {name: value for name, value in body.items() if name not in ("key", "currency", "billing_cadence")}


def addon_body(*cards: Any) -> dict[str, Any]:
    return {"key": "more", "name": "More", "currency": "USD", "instance_type": "single", "rate_cards": list(cards)}


def customer_body(key: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "name": key, **more}


@pytest.fixture
def world(server: httpx.Client) -> World:
    ids = {"live": posted(server, "/customers", customer_body("live"))}
    ids["euro"] = posted(server, "/customers", customer_body("euro", currency="EUR"))
    ids["gone"] = posted(server, "/customers", customer_body("gone"))
    server.delete(f"/customers/{ids['gone']}")
    ids["active"] = posted(server, "/plans", plan_body("active", FEE))
    posted(server, f"/plans/{ids['active']}/publish")
    ids["draft"] = posted(server, "/plans", plan_body("draft", FEE))
    ids["deleted plan"] = posted(server, "/plans", plan_body("deleted", FEE))
    server.delete(f"/plans/{ids['deleted plan']}")
    free = {"key": "free", "name": "Free", "price": {"type": "free"}}
    ids["free plan"] = posted(server, "/plans", plan_body("free", free))
    posted(server, f"/plans/{ids['free plan']}/publish")
    posted(server, "/subscriptions", {"customer": {"id": ids["euro"]}, "plan": {"id": ids["free plan"]}})
    ids["running"] = posted(server, "/subscriptions", {"customer": {"id": ids["live"]}, "plan": {"id": ids["active"]}})
    ids["active add-on"] = posted(server, "/addons", addon_body(FEE))
    posted(server, f"/addons/{ids['active add-on']}/publish")
    ids["feature"] = posted(server, "/features", {"key": "old", "name": "Old"})
    server.delete(f"/features/{ids['feature']}")
    return World(server, ids)


def codes(answer: httpx.Response) -> list[str]:
    """What the answer names: codes of rules, else fields of the request."""
    body = answer.json()
    issues = body.get("extensions", {}).get("validationErrors", [])
    return [issue["code"] for issue in issues] or [entry["field"] for entry in body.get("invalid_parameters", [])]


def subscribing(customer: Any, plan: Any, **more: Any) -> "Request":
    return Request("POST", "/subscriptions", {"customer": customer, "plan": plan, **more})


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: Any = None

    def sent(self, server: httpx.Client) -> httpx.Response:
        return server.request(self.method, self.path, json=self.body, headers={WRONG_ON_PURPOSE: "two mistakes"})


Row = tuple[Callable[[World], Request], int, list[str]]
ROWS: dict[str, Row] = {
    "subscribing nobody to no plan": (
        lambda w: subscribing({}, {}),
        400,
        ["customer.id", "customer.key"],
    ),
    "subscribing an unknown customer without a plan": (lambda w: subscribing({"key": "nobody"}, {}), 404, []),
    "subscribing a deleted customer, by key, without a plan": (lambda w: subscribing({"key": "gone"}, {}), 404, []),
    "subscribing a deleted customer without a plan": (
        lambda w: subscribing({"id": w["gone"]}, {}),
        400,
        ["plan.id", "plan.key"],
    ),
    "subscribing without a plan and with bad labels": (
        lambda w: subscribing({"id": w["live"]}, {}, labels=BAD_LABELS),
        400,
        ["plan.id", "plan.key"],
    ),
    "subscribing a deleted customer to an unknown plan": (
        lambda w: subscribing({"id": w["gone"]}, {"id": NOBODY}),
        404,
        [],
    ),
    "subscribing a deleted customer to an unknown plan, by key": (
        lambda w: subscribing({"id": w["gone"]}, {"key": "nothing"}),
        404,
        [],
    ),
    "subscribing to an unknown plan with bad labels": (
        lambda w: subscribing({"id": w["live"]}, {"key": "nothing"}, labels=BAD_LABELS),
        404,
        [],
    ),
    "subscribing a deleted customer with bad labels": (
        lambda w: subscribing({"id": w["gone"]}, {"id": w["active"]}, labels=BAD_LABELS),
        400,
        [LABELS],
    ),
    "subscribing to a draft with bad labels": (
        lambda w: subscribing({"id": w["live"]}, {"id": w["draft"]}, labels=BAD_LABELS),
        400,
        [LABELS],
    ),
    "subscribing a deleted customer to a draft": (
        lambda w: subscribing({"id": w["gone"]}, {"id": w["draft"]}),
        400,
        [],
    ),
    "subscribing to a deleted plan, by key": (
        lambda w: subscribing({"id": w["live"]}, {"key": "deleted"}),
        400,
        [],
    ),
    "subscribing to a deleted version, by key": (
        lambda w: subscribing({"id": w["live"]}, {"key": "deleted", "version": 1}),
        400,
        [],
    ),
    "subscribing to a version that never was": (
        lambda w: subscribing({"id": w["live"]}, {"key": "deleted", "version": 2}),
        404,
        [],
    ),
    "subscribing a subscribed customer in another currency": (
        lambda w: subscribing({"id": w["euro"]}, {"id": w["active"]}),
        400,
        [],
    ),
    "changing an unknown subscription to no plan": (
        lambda w: Request(
            "POST", f"/subscriptions/{NOBODY}/change", {"customer": {}, "plan": {}, "timing": "immediate"}
        ),
        404,
        [],
    ),
    "changing a subscription to no plan": (
        lambda w: Request(
            "POST", f"/subscriptions/{w['running']}/change", {"customer": {}, "plan": {}, "timing": "immediate"}
        ),
        400,
        ["plan.id", "plan.key"],
    ),
    "attaching to an unknown subscription with bad labels": (
        lambda w: Request(
            "POST",
            f"/subscriptions/{NOBODY}/addons",
            {"addon": {"id": NOBODY}, "quantity": 1, "timing": "immediate", "labels": BAD_LABELS},
        ),
        400,
        [LABELS],
    ),
    "changing a deleted customer with bad labels": (
        lambda w: Request("PUT", f"/customers/{w['gone']}", {"name": "x", "labels": BAD_LABELS}),
        400,
        [LABELS],
    ),
    "changing an unknown customer with bad labels": (
        lambda w: Request("PUT", f"/customers/{NOBODY}", {"name": "x", "labels": BAD_LABELS}),
        400,
        [LABELS],
    ),
    "changing a deleted customer with an unknown currency": (
        lambda w: Request("PUT", f"/customers/{w['gone']}", {"name": "x", "currency": "ZZZ"}),
        410,
        [],
    ),
    "a body that no schema allows, for an unknown customer": (
        lambda w: Request("PUT", f"/customers/{NOBODY}", {"name": 1}),
        400,
        ["name"],
    ),
    "a malformed id, and a body that no schema allows": (
        lambda w: Request("PUT", "/customers/x", {"name": 1}),
        404,
        [],
    ),
    "changing an archived feature without a cost": (
        lambda w: Request("PATCH", f"/features/{w['feature']}", {}),
        400,
        [],
    ),
    "changing an archived feature to a negative cost": (
        lambda w: Request("PATCH", f"/features/{w['feature']}", {"unit_cost": {"type": "manual", "amount": "-1"}}),
        404,
        [],
    ),
    "a feature of an unknown meter with bad labels": (
        lambda w: Request(
            "POST", "/features", {"key": "a", "name": "A", "meter": {"id": NOBODY}, "labels": BAD_LABELS}
        ),
        404,
        [],
    ),
    "a feature whose key is an id, of an unknown meter": (
        lambda w: Request("POST", "/features", {"key": NOBODY.lower(), "name": "A", "meter": {"id": NOBODY}}),
        404,
        [],
    ),
    "changing an unknown meter with a reserved dimension and bad labels": (
        lambda w: Request(
            "PUT", f"/meters/{NOBODY}", {"name": "x", "labels": BAD_LABELS, "dimensions": {"subject": "$.s"}}
        ),
        400,
        ["reserved_dimension"],
    ),
    "changing an unknown meter with bad labels": (
        lambda w: Request("PUT", f"/meters/{NOBODY}", {"name": "x", "labels": BAD_LABELS}),
        400,
        [LABELS],
    ),
    "changing an unknown meter without a name": (lambda w: Request("PUT", f"/meters/{NOBODY}", {}), 404, []),
    "changing an active plan to an unknown feature": (
        lambda w: Request("PUT", f"/plans/{w['active']}", changed(plan_body("active", LOST))),
        400,
        ["rate_card_feature_not_found"],
    ),
    "changing an unknown plan to an unknown feature": (
        lambda w: Request("PUT", f"/plans/{NOBODY}", changed(plan_body("active", LOST))),
        400,
        ["rate_card_feature_not_found"],
    ),
    "changing an unknown plan to a negative price": (
        lambda w: Request("PUT", f"/plans/{NOBODY}", changed(plan_body("active", NEGATIVE))),
        400,
        [],
    ),
    "changing an unknown plan": (lambda w: Request("PUT", f"/plans/{NOBODY}", changed(plan_body("a", FEE))), 404, []),
    "changing an active add-on to an unknown feature": (
        lambda w: Request("PUT", f"/addons/{w['active add-on']}", changed(addon_body(LOST))),
        400,
        ["rate_card_feature_not_found"],
    ),
    "changing an active add-on": (
        lambda w: Request("PUT", f"/addons/{w['active add-on']}", changed(addon_body(FEE))),
        400,
        ["addon_invalid_status"],
    ),
    "attaching an unknown add-on to an active plan": (
        lambda w: Request(
            "POST", f"/plans/{w['active']}/addons", {"name": "x", "addon": {"id": NOBODY}, "from_plan_phase": "main"}
        ),
        400,
        [],
    ),
    "granting nobody less than nothing": (
        lambda w: Request("POST", f"/customers/{NOBODY}/credits/grants", {**GRANT, "amount": "-1"}),
        400,
        [],
    ),
    "granting nobody credits that end at once": (
        lambda w: Request("POST", f"/customers/{NOBODY}/credits/grants", {**GRANT, "expires_after": "PT0.5S"}),
        404,
        [],
    ),
    "granting nobody credits that cost another currency": (
        lambda w: Request("POST", f"/customers/{NOBODY}/credits/grants", {**GRANT, **BOUGHT}),
        404,
        [],
    ),
    "granting nobody credits without saying what they cost": (
        lambda w: Request("POST", f"/customers/{NOBODY}/credits/grants", {**GRANT, "funding_method": "external"}),
        400,
        [],
    ),
    "settling an unknown grant to pending": (
        lambda w: Request(
            "POST", f"/customers/{w['live']}/credits/grants/{NOBODY}/settlement/external", {"status": "pending"}
        ),
        400,
        ["credit_grant_external_settlement_status_invalid"],
    ),
    "the balance of nobody as of no time": (
        lambda w: Request("GET", f"/customers/{NOBODY}/credits/balance?timestamp=not-a-date"),
        400,
        ["timestamp"],
    ),
    "the balance of nobody in a custom currency": (
        lambda w: Request("GET", f"/customers/{NOBODY}/credits/balance?filter[currency]=COINS"),
        400,
        [],
    ),
    "the transactions of nobody, without a row": (
        lambda w: Request("GET", f"/customers/{NOBODY}/credits/transactions?page[size]=0"),
        400,
        ["page.size"],
    ),
    "a profile of different apps that aren't there": (
        lambda w: Request(
            "POST",
            "/profiles",
            {
                "name": "x",
                "default": False,
                "workflow": {},
                "supplier": {"name": "x", "addresses": {"billing_address": {"country": "US"}}},
                "apps": {"tax": {"id": NOBODY}, "invoicing": {"id": NOBODY}, "payment": {"id": NOBODY[:-1] + "W"}},
            },
        ),
        404,
        [],
    ),
}


@pytest.mark.parametrize(("request_of", "status", "named"), ROWS.values(), ids=ROWS)
def test_the_first_of_two_mistakes_is_told(
    world: World, request_of: Callable[[World], Request], status: int, named: list[str]
) -> None:
    answer = request_of(world).sent(world.server)

    assert (answer.status_code, codes(answer)) == (status, named), answer.text
