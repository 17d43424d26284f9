"""Grants, resets and the history of entitlements by hand, which only the older APIs have."""

from typing import Any

import httpx
import pytest

from tests.local.conftest import Hands
from tests.support.events import send
from tests.support.prepaid import Account, account, feature, posted

V1, V2 = "http://local/api/v1", "http://local/api/v2"
NOBODY = "01J00000000000000000000000"
CALLS = f"{V2}/customers/acme/entitlements/calls"
METERED = {"type": "metered", "featureKey": "calls", "usagePeriod": {"interval": "MONTH"}}
START = "2026-09-01T12:00:00Z"


@pytest.fixture
def acme(server: httpx.Client) -> Account:
    feature(server, "calls")
    return account(server)


def given(acme: Account, **more: Any) -> dict[str, Any]:
    return dict(posted(acme.server, f"{V2}/customers/acme/entitlements", {**METERED, **more}))


def granted(acme: Account, amount: float, **more: Any) -> dict[str, Any]:
    return dict(posted(acme.server, f"{CALLS}/grants", {"amount": amount, "effectiveAt": START, **more}))


def value(acme: Account) -> tuple[Any, ...]:
    """Balance, usage, overage, and what there was to use."""
    shown = acme.server.get(f"{CALLS}/value").json()
    return tuple(shown[name] for name in ("balance", "usage", "overage", "totalAvailableGrantAmount"))


def reset(acme: Account, **body: Any) -> int:
    return acme.server.post(f"{CALLS}/reset", json=body).status_code


def history(acme: Account, **query: str) -> dict[str, Any]:
    answer = acme.server.get(f"{CALLS}/history", params={"windowSize": "DAY", **query})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def ids(answer: httpx.Response) -> list[str]:
    rows = answer.json()
    return [row["id"] for row in (rows if isinstance(rows, list) else rows["items"])]


# Grants


def test_a_grant_is_made_and_listed(acme: Account) -> None:
    entitlement = given(acme)["id"]
    more = {"expiration": {"duration": "MONTH", "count": 2}, "annotations": {"team": "a"}, "maxRolloverAmount": 5}
    made = granted(acme, 10, recurrence={"interval": "WEEK"}, **more)

    assert made == {
        "id": made["id"],
        "entitlementId": entitlement,
        "amount": 10,
        "priority": 0,
        "effectiveAt": START,
        "expiration": {"duration": "MONTH", "count": 2},
        "expiresAt": "2026-11-01T12:00:00Z",
        "annotations": {"team": "a"},
        "maxRolloverAmount": 5,
        "minRolloverAmount": 0,
        "recurrence": {"anchor": START, "interval": "WEEK", "intervalISO": "P1W"},
        "nextRecurrence": START,
        "createdAt": START,
        "updatedAt": START,
    }
    for name in ("calls", entitlement):
        listed = acme.server.get(f"{V2}/customers/acme/entitlements/{name}/grants").json()
        assert listed == {"page": 1, "pageSize": 100, "totalCount": 1, "items": [made]}


def test_what_is_issued_after_a_reset_is_a_grant(acme: Account) -> None:
    given(acme, issueAfterReset=10, issueAfterResetPriority=3)

    (row,) = acme.server.get(f"{CALLS}/grants").json()["items"]

    assert (row["amount"], row["priority"], row["annotations"]) == (10, 3, {"issueAfterReset": True})
    assert (row["maxRolloverAmount"], row["minRolloverAmount"]) == (10, 10)


def test_an_entitlement_comes_with_grants_of_its_own(acme: Account) -> None:
    given(acme, grants=[{"amount": 7, "effectiveAt": START}, {"amount": 5, "effectiveAt": "2026-09-02T12:00:00Z"}])

    assert value(acme) == (7, 0, 0, 7)
    assert [row["amount"] for row in acme.server.get(f"{CALLS}/grants").json()["items"]] == [7, 5]


def test_usage_is_drawn_from_the_lowest_priority_number_first(acme: Account, hands: Hands) -> None:
    given(acme)
    last, first = granted(acme, 10, priority=2)["id"], granted(acme, 4, priority=1)["id"]
    send(acme.server, "1", data={"n": 6})
    hands.move(days=1)

    (burned,) = history(acme)["burndownHistory"]

    assert value(acme) == (8, 6, 0, 14)
    assert burned == {
        "period": {"from": START, "to": "2026-09-02T12:00:00Z"},
        "usage": 6,
        "overage": 0,
        "balanceAtStart": 14,
        "balanceAtEnd": 8,
        "grantBalancesAtStart": {first: 4, last: 10},
        "grantBalancesAtEnd": {first: 0, last: 8},
        "grantUsages": [{"grantId": first, "usage": 4}, {"grantId": last, "usage": 2}],
    }


def test_nothing_is_drawn_from_a_voided_grant_after_it_was_voided(acme: Account, hands: Hands) -> None:
    given(acme)
    kept, gone = granted(acme, 5)["id"], granted(acme, 10)["id"]
    hands.move(hours=1)
    send(acme.server, "1", data={"n": 7}, time="2026-09-01T12:30:00Z")

    answers = [acme.server.delete(f"{V1}/grants/{gone}").status_code for _ in range(2)]

    assert answers == [204, 400]
    assert value(acme) == (0, 7, 0, 7)
    voided = {row["id"]: row.get("voidedAt") for row in acme.server.get(f"{CALLS}/grants").json()["items"]}
    assert voided == {kept: None, gone: "2026-09-01T13:00:00Z"}
    assert acme.server.delete(f"{V1}/grants/{NOBODY}").status_code == 404


def test_an_expired_grant_no_longer_counts_and_a_recurring_one_refills(acme: Account, hands: Hands) -> None:
    """An expired grant no longer counts, and a recurring grant is filled again."""
    given(acme)
    granted(acme, 100, expiration={"duration": "DAY", "count": 1})
    granted(acme, 3, recurrence={"interval": "P2D"})
    hands.move(hours=1)
    send(acme.server, "1", data={"n": 102}, time="2026-09-01T12:30:00Z")
    before = value(acme)
    hands.move(days=2)

    assert (before, value(acme)) == ((1, 102, 0, 103), (3, 102, 0, 105))


def test_grants_of_every_customer_are_listed_by_customer_and_by_feature(acme: Account) -> None:
    feature(acme.server, "seats", event_type="seat")
    account(acme.server, "other")
    given(acme)
    posted(acme.server, f"{V2}/customers/other/entitlements", {**METERED, "featureKey": "seats"})
    mine = granted(acme, 1)["id"]
    theirs = posted(
        acme.server, f"{V2}/customers/other/entitlements/seats/grants", {"amount": 2, "effectiveAt": START}
    )["id"]

    def listed(version: str = V2, **query: str) -> list[str]:
        return ids(acme.server.get(f"{version}/grants", params=query))

    assert listed() == [mine, theirs]
    assert (listed(customer="acme"), listed(customer=acme.id), listed(feature="seats")) == ([mine], [mine], [theirs])
    assert (listed(customer="acme", feature="seats"), listed(order="DESC")) == ([], [theirs, mine])
    assert (listed(V1, subject="other"), listed(V1, limit="1"), listed(V1, offset="1")) == ([theirs], [mine], [theirs])
    assert listed(V1, page="2", pageSize="1") == [theirs]
    assert acme.server.get(f"{V2}/grants", params={"customer": "nobody"}).status_code == 404
    (row,) = acme.server.get(f"{V1}/grants", params={"subject": "acme"}).json()
    assert (row["expiration"], row["expiresAt"]) == ({"duration": "YEAR", "count": 100}, "2126-09-01T12:00:00Z")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"effectiveAt": START}, 400),
        ({"amount": 0, "effectiveAt": START}, 400),
        ({"amount": 1, "effectiveAt": "yesterday"}, 400),
        ({"amount": 1, "effectiveAt": "2026-08-31T00:00:00Z"}, 400),
        ({"amount": 1, "effectiveAt": START, "priority": 256}, 400),
        ({"amount": 1, "effectiveAt": START, "expiration": {"duration": "CENTURY", "count": 1}}, 400),
        ({"amount": 1, "effectiveAt": START, "recurrence": {"interval": "PT1M"}}, 400),
        ({"amount": 1, "effectiveAt": START, "maxRolloverAmount": -1}, 400),
    ],
    ids=str,
)
def test_what_is_no_grant_is_refused(acme: Account, body: dict[str, Any], status: int) -> None:
    given(acme)

    assert acme.server.post(f"{CALLS}/grants", json=body).status_code == status
    assert acme.server.get(f"{CALLS}/grants").json()["items"] == []


def test_only_a_metered_one_has_grants_resets_and_a_history(acme: Account) -> None:
    posted(acme.server, f"{V2}/customers/acme/entitlements", {"type": "boolean", "featureKey": "calls"})
    grant = {"amount": 1, "effectiveAt": START}

    answers = [
        acme.server.post(f"{CALLS}/grants", json=grant),
        acme.server.post(f"{CALLS}/reset", json={}),
        acme.server.get(f"{CALLS}/history", params={"windowSize": "DAY"}),
    ]
    unknown = acme.server.post(f"{V2}/customers/acme/entitlements/nothing/grants", json=grant)

    assert [answer.status_code for answer in (*answers, unknown)] == [400, 400, 400, 404]


def test_a_deleted_entitlement_takes_its_grants_with_it(acme: Account) -> None:
    given(acme)
    made = granted(acme, 1)["id"]
    acme.server.delete(CALLS)

    assert ids(acme.server.get(f"{V2}/grants")) == []
    assert ids(acme.server.get(f"{V2}/grants", params={"includeDeleted": "true"})) == [made]
    assert acme.server.delete(f"{V1}/grants/{made}").status_code == 404


# Resets


def test_a_reset_starts_usage_anew_and_rolls_grants_over(acme: Account, hands: Hands) -> None:
    """After a reset, usage counts from zero and grants roll over within their limits."""
    given(acme)
    granted(acme, 10, maxRolloverAmount=4)
    hands.move(hours=1)
    send(acme.server, "1", data={"n": 3}, time="2026-09-01T12:30:00Z")
    before = value(acme)

    answer = reset(acme)

    assert (answer, before, value(acme)) == (204, (7, 3, 0, 10), (4, 0, 0, 4))
    shown = acme.server.get(CALLS).json()
    assert shown["lastReset"] == "2026-09-01T13:00:00Z"
    assert shown["currentUsagePeriod"] == {"from": "2026-09-01T13:00:00Z", "to": "2026-10-01T13:00:00Z"}


@pytest.mark.parametrize(
    ("own", "body", "left"),
    [
        ({}, {}, (10, 0, 0, 10)),
        ({}, {"preserveOverage": True}, (7, 0, 0, 10)),
        ({"preserveOverageAtReset": True}, {}, (7, 0, 0, 10)),
        ({"preserveOverageAtReset": True}, {"preserveOverage": False}, (10, 0, 0, 10)),
    ],
    ids=str,
)
def test_a_reset_keeps_overage_as_it_says_or_else_as_the_entitlement_does(
    acme: Account, hands: Hands, own: dict[str, Any], body: dict[str, Any], left: tuple[int, ...]
) -> None:
    given(acme, issueAfterReset=10, **own)
    hands.move(hours=1)
    send(acme.server, "1", data={"n": 13}, time="2026-09-01T12:30:00Z")

    assert (reset(acme, **body), value(acme)) == (204, left)


def test_a_reset_that_retains_the_anchor_leaves_the_end_of_the_period(acme: Account, hands: Hands) -> None:
    given(acme, issueAfterReset=10)
    hands.move(days=3)

    answer = reset(acme, retainAnchor=True, effectiveAt="2026-09-03T08:00:30Z")

    period = acme.server.get(CALLS).json()["currentUsagePeriod"]
    assert (answer, period) == (204, {"from": "2026-09-03T08:00:00Z", "to": "2026-10-01T12:00:00Z"})


def test_no_reset_lies_in_the_future_or_before_the_running_period(acme: Account, hands: Hands) -> None:
    given(acme, issueAfterReset=10)
    hands.move(days=40)
    moments = ["2026-10-12T00:00:00Z", "2026-09-20T00:00:00Z", "yesterday"]

    assert [reset(acme, effectiveAt=moment) for moment in moments] == [400, 400, 400]
    assert (reset(acme, effectiveAt="2026-10-05T00:00:00Z"), reset(acme, effectiveAt="2026-10-04T00:00:00Z")) == (
        204,
        400,
    )


# History


def test_a_history_has_windows_of_usage_and_segments_of_grants(acme: Account, hands: Hands) -> None:
    """A history shows usage and balance by windows, and grants by segments."""
    given(acme)
    grant = granted(acme, 10)["id"]
    hands.move(days=3)
    send(acme.server, "1", data={"n": 4}, time="2026-09-01T13:00:00Z")
    send(acme.server, "2", data={"n": 8}, time="2026-09-03T09:00:00Z")

    shown = history(acme)

    windows = [(row["period"]["from"], row["usage"], row["balanceAtStart"]) for row in shown["windowedHistory"]]
    assert windows == [
        ("2026-09-02T00:00:00Z", 0, 6),
        ("2026-09-03T00:00:00Z", 8, 6),
        ("2026-09-04T00:00:00Z", 0, 0),
    ]
    (burned,) = shown["burndownHistory"]
    assert (burned["usage"], burned["overage"], burned["grantUsages"]) == (12, 2, [{"grantId": grant, "usage": 10}])


def test_a_history_is_cut_at_a_reset_and_begins_where_it_is_asked_to(acme: Account, hands: Hands) -> None:
    given(acme, issueAfterReset=10)
    hands.move(hours=2)
    send(acme.server, "1", data={"n": 4}, time="2026-09-01T12:30:00Z")
    reset(acme, effectiveAt="2026-09-01T13:00:00Z")

    shown = history(acme, **{"from": "2026-09-01T12:45:00Z", "windowSize": "HOUR", "windowTimeZone": "Europe/Berlin"})

    segments = [(row["period"]["from"], row["period"]["to"], row["balanceAtStart"]) for row in shown["burndownHistory"]]
    assert segments == [
        ("2026-09-01T12:45:00Z", "2026-09-01T13:00:00Z", 6),
        ("2026-09-01T13:00:00Z", "2026-09-01T13:00:00Z", 10),
        ("2026-09-01T13:00:00Z", "2026-09-01T14:00:00Z", 10),
    ]
    windows = [(row["period"]["from"], row["usage"], row["balanceAtStart"]) for row in shown["windowedHistory"]]
    assert windows == [(START, 4, 10), ("2026-09-01T13:00:00Z", 0, 10)]


@pytest.mark.parametrize(
    "query",
    [
        {"windowSize": "MONTH"},
        {"windowSize": "DAY", "from": "2026-08-01T00:00:00Z"},
        {"windowSize": "DAY", "from": "yesterday"},
        {"windowSize": "DAY", "to": "2026-08-01T00:00:00Z"},
        {"windowSize": "DAY", "windowTimeZone": "Mars"},
        {"windowSize": "MINUTE", "to": "2026-12-01T00:00:00Z"},
        {"windowSize": "DAY", "to": "9999-12-31T23:59:59Z"},
        {},
    ],
    ids=str,
)
def test_what_is_no_history_is_refused(acme: Account, query: dict[str, str]) -> None:
    given(acme)

    assert acme.server.get(f"{CALLS}/history", params=query).status_code == 400


@pytest.mark.parametrize(
    ("aggregation", "numbers", "usage"),
    [("count", (4, 9, 4), 3), ("unique_count", (4, 9, 4), 2), ("latest", (4, 9, 2), 2), ("sum", (4, 9, 2), 15)],
)
def test_usage_is_what_the_meter_makes_of_the_period(
    acme: Account, hands: Hands, aggregation: str, numbers: tuple[int, ...], usage: int
) -> None:
    meter = {"key": "peak", "name": "Peak", "event_type": "peak", "aggregation": aggregation}
    reads = {} if aggregation == "count" else {"value_property": "$.n"}
    made = posted(acme.server, "/meters", {**meter, **reads})["id"]
    posted(acme.server, "/features", {"key": "peak", "name": "Peak", "meter": {"id": made}})
    path = f"{V2}/customers/acme/entitlements"
    posted(acme.server, path, {**METERED, "featureKey": "peak", "issueAfterReset": 20})
    for place, number in enumerate(numbers):
        send(acme.server, str(place), type="peak", data={"n": number}, time=f"2026-09-01T12:0{place}:00Z")
    hands.move(hours=1)

    shown = acme.server.get(f"{path}/peak/value").json()

    assert (shown["usage"], shown["balance"]) == (usage, 20 - usage)


@pytest.mark.parametrize(
    "member",
    [
        '"issueAfterReset": 1e999',
        '"grants": [{"amount": 1e999, "effectiveAt": "2026-09-01T12:00:00Z"}]',
        '"usagePeriod": {"interval": "P9999Y"}',
        '"measureUsageFrom": "9999-01-01T00:00:00Z"',
        '"usagePeriod": {"interval": "PT1H"}, "measureUsageFrom": "0001-01-01T00:00:00Z"',
    ],
)
def test_nothing_is_so_large_or_so_far_away_that_the_server_breaks(acme: Account, member: str) -> None:
    own = '"type": "metered", "featureKey": "calls", "usagePeriod": {"interval": "MONTH"}'
    headers = {"Content-Type": "application/json"}

    answer = acme.server.post(f"{V2}/customers/acme/entitlements", content=f"{{{own}, {member}}}", headers=headers)

    assert answer.status_code == 400


@pytest.mark.parametrize("name", ["amount", "maxRolloverAmount", "minRolloverAmount"])
def test_a_grant_has_no_amount_that_a_float_cannot_hold(acme: Account, name: str) -> None:
    given(acme)
    amounts = {"amount": "1", name: "1e999"}
    members = ", ".join(f'"{member}": {number}' for member, number in amounts.items())
    body = f'{{{members}, "effectiveAt": "{START}"}}'

    answer = acme.server.post(f"{CALLS}/grants", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400


# Overrides and lists


def test_an_override_takes_the_place_of_the_one_before(acme: Account, hands: Hands) -> None:
    before = given(acme, issueAfterReset=10)["id"]
    at_once = acme.server.put(f"{CALLS}/override", json={**METERED, "issueAfterReset": 20})
    hands.move(days=1)
    other = acme.server.put(f"{CALLS}/override", json={"type": "boolean", "featureKey": "seats"})

    after = acme.server.put(f"{CALLS}/override", json={**METERED, "issueAfterReset": 20}).json()

    assert (at_once.status_code, other.status_code) == (400, 404)
    assert (after["id"] != before, after["activeFrom"]) == (True, "2026-09-02T12:00:00Z")
    assert value(acme) == (20, 0, 0, 20)
    assert acme.server.get(f"{V2}/entitlements/{before}").json()["activeTo"] == "2026-09-02T12:00:00Z"
    assert ids(acme.server.get(f"{V2}/customers/acme/entitlements")) == [after["id"]]
    assert ids(acme.server.get(f"{V2}/entitlements")) == [before, after["id"]]
    assert ids(acme.server.get(f"{V2}/entitlements", params={"excludeInactive": "true"})) == [after["id"]]


def test_an_override_is_of_the_same_feature(acme: Account, hands: Hands) -> None:
    feature(acme.server, "seats", event_type="seat")
    given(acme)
    hands.move(days=1)

    answer = acme.server.put(f"{CALLS}/override", json={**METERED, "featureKey": "seats"})

    assert answer.status_code == 400
    assert "activeTo" not in acme.server.get(CALLS).json()


def test_entitlements_are_listed_by_customer_feature_and_type(acme: Account) -> None:
    feature(acme.server, "seats", event_type="seat")
    other = account(acme.server, "other").id
    mine = given(acme)["id"]
    theirs = posted(acme.server, f"{V2}/customers/other/entitlements", {"type": "boolean", "featureKey": "seats"})["id"]

    def listed(version: str = V2, **query: str) -> list[str]:
        return ids(acme.server.get(f"{version}/entitlements", params=query))

    assert listed() == [mine, theirs]
    assert (listed(customerKeys="acme"), listed(customerIds=other), listed(feature="seats")) == (
        [mine],
        [theirs],
        [theirs],
    )
    assert (listed(entitlementType="metered"), listed(customerKeys="acme", feature="seats")) == ([mine], [])
    assert (listed(V1, subject="other"), listed(V1, feature="calls")) == ([theirs], [mine])
    assert acme.server.get(f"{V2}/entitlements", params={"entitlementType": "later"}).status_code == 400


def test_v1_shows_an_entitlement_by_its_subject(acme: Account) -> None:
    made = given(acme, issueAfterReset=10)

    (row,) = acme.server.get(f"{V1}/entitlements").json()

    own = {name: made[name] for name in made if name not in ("customerId", "customerKey", "issue")}
    assert row == {**own, "subjectKey": "acme"}
    assert acme.server.get(f"{V1}/entitlements/{made['id']}").json() == row
    assert acme.server.get(f"{V2}/entitlements/{made['id']}").json() == made
    assert [acme.server.get(f"{one}/entitlements/{NOBODY}").status_code for one in (V1, V2)] == [404, 404]


@pytest.mark.parametrize(
    ("start", "counted"),
    [
        ("NOW", START),
        ("CURRENT_PERIOD_START", "2026-09-01T00:00:00Z"),
        ("2026-08-20T10:00:30Z", "2026-08-20T10:00:00Z"),
    ],
)
def test_usage_counts_from_when_it_is_asked_to(acme: Account, start: str, counted: str) -> None:
    period = {"interval": "MONTH", "anchor": "2024-01-01T00:00:00Z"}

    made = given(acme, usagePeriod=period, measureUsageFrom=start)

    assert made["measureUsageFrom"] == counted
    refused = {**METERED, "featureKey": "calls", "measureUsageFrom": "later"}
    assert acme.server.post(f"{V2}/customers/acme/entitlements", json=refused).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/customers/nobody/entitlements?orderBy=color",
        "/customers/nobody/entitlements/calls/grants?page=0",
        "/customers/nobody/entitlements/calls/history?windowSize=MONTH",
        "/customers/nobody/entitlements/calls/history?windowSize=DAY&from=yesterday",
        "/grants?customer=nobody&pageSize=many",
    ],
)
def test_a_wrong_parameter_is_told_although_nobody_is_there(acme: Account, path: str) -> None:
    assert acme.server.get(f"{V2}{path}").status_code == 400
    assert acme.server.get(f"{V2}{path.partition('?')[0]}?windowSize=DAY&customer=nobody").status_code == 404
