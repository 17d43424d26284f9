"""Entitlements that are given by hand, which only the older API v2 has."""

from typing import Any

import httpx
import pytest

from tests.local.conftest import Hands
from tests.support.events import send
from tests.support.prepaid import Account, account, feature, plan, posted, usage_card

V1, V2 = "http://local/api/v1", "http://local/api/v2"
NOBODY = "01J00000000000000000000000"
METERED = {"type": "metered", "featureKey": "calls", "usagePeriod": {"interval": "MONTH"}, "issueAfterReset": 10}
BOOLEAN = {"type": "boolean", "featureKey": "calls"}
STATIC = {"type": "static", "featureKey": "calls", "config": '{"seats": 5}'}


@pytest.fixture
def acme(server: httpx.Client) -> Account:
    feature(server, "calls")
    return account(server)


def give(acme: Account, body: dict[str, Any], name: str = "acme") -> httpx.Response:
    return acme.server.post(f"{V2}/customers/{name}/entitlements", json=body)


def given(acme: Account, body: dict[str, Any]) -> dict[str, Any]:
    return dict(posted(acme.server, f"{V2}/customers/acme/entitlements", body))


def access(acme: Account) -> list[dict[str, Any]]:
    return list(acme.server.get(f"{acme.path}/entitlement-access").json()["data"])


def value(acme: Account, version: str = V2) -> dict[str, Any]:
    return dict(acme.server.get(f"{version}/customers/acme/entitlements/calls/value").json())


def entitled_plan(acme: Account) -> str:
    card = usage_card("calls", acme.server.get("/features").json()["data"][0]["id"], entitlement={"type": "boolean"})
    return plan(acme.server, card)


def test_a_metered_one_is_made_and_read(acme: Account) -> None:
    made = given(acme, {**METERED, "metadata": {"team": "a"}})
    feature_id = acme.server.get("/features").json()["data"][0]["id"]

    assert made == {
        "id": made["id"],
        "type": "metered",
        "customerId": acme.id,
        "customerKey": "acme",
        "featureId": feature_id,
        "featureKey": "calls",
        "metadata": {"team": "a"},
        "createdAt": "2026-09-01T12:00:00Z",
        "updatedAt": "2026-09-01T12:00:00Z",
        "activeFrom": "2026-09-01T12:00:00Z",
        "usagePeriod": {"anchor": "2026-09-01T12:00:00Z", "interval": "MONTH", "intervalISO": "P1M"},
        "currentUsagePeriod": {"from": "2026-09-01T12:00:00Z", "to": "2026-10-01T12:00:00Z"},
        "isSoftLimit": False,
        "preserveOverageAtReset": False,
        "issueAfterReset": 10,
        "issueAfterResetPriority": 1,
        "issue": {"amount": 10, "priority": 1},
        "lastReset": "2026-09-01T12:00:00Z",
        "measureUsageFrom": "2026-09-01T12:00:00Z",
    }
    for name in (made["id"], "calls"):
        assert acme.server.get(f"{V2}/customers/{acme.id}/entitlements/{name}").json() == made
    listed = acme.server.get(f"{V2}/customers/acme/entitlements").json()
    assert listed == {"page": 1, "pageSize": 100, "totalCount": 1, "items": [made]}


def test_v3_and_v1_show_what_it_allows_until_the_next_period(acme: Account, hands: Hands) -> None:
    given(acme, METERED)
    send(acme.server, "1", data={"n": 4})
    some = (access(acme)[0]["has_access"], value(acme))
    send(acme.server, "2", data={"n": 8})
    over = (access(acme)[0]["has_access"], value(acme, V1))
    hands.move(days=31)

    terms = {"totalAvailableGrantAmount": 10}
    assert some == (True, {"hasAccess": True, "balance": 6, "usage": 4, "overage": 0, **terms})
    assert over == (False, {"hasAccess": False, "balance": 0, "usage": 12, "overage": 2, **terms})
    assert value(acme) == {"hasAccess": True, "balance": 10, "usage": 0, "overage": 0, **terms}


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (BOOLEAN, {"type": "boolean", "has_access": True}),
        (STATIC, {"type": "static", "has_access": True, "config": '{"seats": 5}'}),
        ({**METERED, "isSoftLimit": True, "issueAfterReset": 0}, {"type": "metered", "has_access": True}),
        (
            {name: METERED[name] for name in ("type", "featureKey", "usagePeriod")},
            {"type": "metered", "has_access": False},
        ),
    ],
)
def test_access_is_what_the_type_allows(acme: Account, body: dict[str, Any], shown: dict[str, Any]) -> None:
    given(acme, body)

    assert access(acme) == [{"feature_key": "calls", **shown}]


def test_v1_shows_the_access_to_every_feature(acme: Account) -> None:
    feature(acme.server, "seats", event_type="seat")
    given(acme, STATIC)
    given(acme, {**BOOLEAN, "featureKey": "seats"})

    shown = acme.server.get(f"{V1}/customers/acme/access").json()

    assert shown == {
        "entitlements": {"calls": {"hasAccess": True, "config": '{"seats":5}'}, "seats": {"hasAccess": True}}
    }
    assert acme.server.get(f"{V1}/customers/acme/entitlements/nothing/value").json() == {"hasAccess": False}


def test_a_feature_is_given_once(acme: Account) -> None:
    first = given(acme, BOOLEAN)["id"]
    again = give(acme, METERED)

    assert (again.status_code, again.json()["extensions"]) == (409, {"conflictingEntityId": first})


def test_a_deleted_one_is_gone_and_can_be_given_again(acme: Account) -> None:
    made = given(acme, BOOLEAN)["id"]
    gone = acme.server.delete(f"{V2}/customers/acme/entitlements/calls")

    assert (gone.status_code, access(acme)) == (204, [])
    assert acme.server.get(f"{V2}/customers/acme/entitlements/{made}").status_code == 404
    assert given(acme, BOOLEAN)["id"] != made


def test_a_customer_with_one_is_not_deleted(acme: Account) -> None:
    given(acme, BOOLEAN)
    kept = acme.server.delete(acme.path)
    acme.server.delete(f"{V2}/customers/acme/entitlements/calls")

    assert (kept.status_code, acme.server.delete(acme.path).status_code) == (409, 204)


def test_a_plan_that_brings_the_same_one_is_not_subscribed_to(acme: Account) -> None:
    given(acme, BOOLEAN)
    body = {"customer": {"id": acme.id}, "plan": {"id": entitled_plan(acme)}}

    refused = acme.server.post("/subscriptions", json=body)
    through_v1 = acme.server.post(f"{V1}/subscriptions", json={"customerId": acme.id, "plan": {"key": "plan"}})

    assert (refused.status_code, through_v1.status_code) == (409, 409)
    assert acme.server.get("/subscriptions").json()["data"] == []


def test_what_a_subscription_brings_is_not_given_by_hand(acme: Account) -> None:
    acme.subscribe(entitled_plan(acme))

    assert give(acme, BOOLEAN).status_code == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"type": "boolean"}, 400),
        ({"type": "boolean", "featureKey": "nothing"}, 404),
        ({"type": "boolean", "featureId": NOBODY}, 404),
        ({"type": "later", "featureKey": "calls"}, 400),
        ({"type": "metered", "featureKey": "calls"}, 400),
        ({**METERED, "usagePeriod": {"interval": "FORTNIGHT"}}, 400),
        ({**METERED, "usagePeriod": {"interval": "P0D"}}, 400),
        ({**METERED, "usagePeriod": {"interval": "MONTH", "anchor": "yesterday"}}, 400),
        ({**METERED, "issueAfterReset": -1}, 400),
        ({"type": "static", "featureKey": "calls"}, 400),
        ({**STATIC, "config": "{"}, 400),
    ],
    ids=str,
)
def test_what_is_none_is_refused(acme: Account, body: dict[str, Any], status: int) -> None:
    assert give(acme, body).status_code == status
    assert access(acme) == []


def test_nobody_and_a_deleted_customer_get_nothing(acme: Account) -> None:
    gone = account(acme.server, "gone").id
    acme.server.delete(f"/customers/{gone}")

    assert give(acme, BOOLEAN, "nobody").status_code == 404
    assert give(acme, BOOLEAN, gone).status_code == 412
