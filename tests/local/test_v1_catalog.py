"""Plans and add-ons read through the older API v1: the labels that v3 keeps and hides stand there as metadata."""

from typing import Any

import httpx
import pytest

from tests.local.conftest import Hands
from tests.support.prepaid import account, feature, fee_card, plan, posted, usage_card

V1 = "http://local/api/v1"
EVERY = ("draft", "active", "archived")
FEE = {"key": "fee", "name": "Fee", "price": {"type": "flat", "amount": "5"}, "payment_term": "in_advance"}
UNITS = {"operation": "divide", "conversion_factor": "1000", "rounding": "none"}
NOBODY = "01J00000000000000000000000"


def draft(server: httpx.Client, *cards: dict[str, Any], key: str = "plan", **more: Any) -> str:
    phase = {"key": "main", "name": "Main", "rate_cards": list(cards), **more.pop("phase", {})}
    body = {"key": key, "name": "Plan", "currency": "USD", "billing_cadence": "P1M", "phases": [phase], **more}
    return str(posted(server, "/plans", body)["id"])


def addon(server: httpx.Client, *cards: dict[str, Any], **more: Any) -> str:
    body = {"key": "extra", "name": "Extra", "currency": "USD", "instance_type": "single", "rate_cards": list(cards)}
    return str(posted(server, "/addons", {**body, **more})["id"])


def read(server: httpx.Client, path: str, **query: Any) -> Any:
    answer = server.get(f"{V1}{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def metadata(document: dict[str, Any]) -> list[Any]:
    """Of the plan, its phases and their cards, in this order."""
    phases = document["phases"]
    return [
        document.get("metadata"),
        *(phase.get("metadata") for phase in phases),
        *(card.get("metadata") for phase in phases for card in phase["rateCards"]),
    ]


def keys(document: dict[str, Any]) -> list[tuple[str, int]]:
    return [(item["key"], item["version"]) for item in document["items"]]


def refusal(server: httpx.Client, path: str) -> tuple[int, list[str]]:
    answer = server.get(f"{V1}{path}")
    return answer.status_code, [issue["code"] for issue in answer.json()["extensions"]["validationErrors"]]


# Plans


def test_a_plan_of_v3_is_read_whole_through_v1_with_its_labels_as_metadata(server: httpx.Client) -> None:
    calls = usage_card("calls", feature(server, "calls"), labels={"team": "c"})
    phase = {"labels": {"team": "b"}, "description": "All of it"}
    plan_id = draft(server, calls, FEE, labels={"team": "a"}, phase=phase)
    posted(server, f"/plans/{plan_id}/publish", None)

    assert read(server, f"/plans/{plan_id}") == {
        "id": plan_id,
        "key": "plan",
        "name": "Plan",
        "currency": "USD",
        "version": 1,
        "metadata": {"team": "a"},
        "createdAt": "2026-09-01T12:00:00Z",
        "updatedAt": "2026-09-01T12:00:00Z",
        "effectiveFrom": "2026-09-01T12:00:00Z",
        "status": "active",
        "billingCadence": "P1M",
        "proRatingConfig": {"enabled": True, "mode": "prorate_prices"},
        "settlementMode": "credit_then_invoice",
        "validationErrors": None,
        "phases": [
            {
                "key": "main",
                "name": "Main",
                "description": "All of it",
                "metadata": {"team": "b"},
                "duration": None,
                "rateCards": [
                    {
                        "type": "usage_based",
                        "key": "calls",
                        "name": "Calls",
                        "featureKey": "calls",
                        "billingCadence": "P1M",
                        "price": {"type": "unit", "amount": "1"},
                        "metadata": {"team": "c"},
                    },
                    {
                        "type": "flat_fee",
                        "key": "fee",
                        "name": "Fee",
                        "billingCadence": None,
                        "price": {"type": "flat", "amount": "5", "paymentTerm": "in_advance"},
                    },
                ],
            }
        ],
    }


def test_labels_of_a_plan_stay_hidden_in_v3(server: httpx.Client) -> None:
    labels = {"labels": {"team": "a"}}
    plan_id = draft(server, {**FEE, **labels}, phase=labels, **labels)

    assert "labels" not in server.get(f"/plans/{plan_id}").text


@pytest.mark.parametrize(
    ("given", "kept"), [({}, {"team": "a"}), ({"labels": {}}, None), ({"labels": {"x": "y"}}, {"x": "y"})]
)
def test_a_put_keeps_clears_or_replaces_the_labels_of_a_plan(
    server: httpx.Client, given: dict[str, Any], kept: dict[str, str] | None
) -> None:
    plan_id = draft(server, FEE, labels={"team": "a"})
    phases = [{"key": "main", "name": "Main", "rate_cards": [FEE]}]

    assert server.put(f"/plans/{plan_id}", json={"name": "Plan", "phases": phases, **given}).status_code == 200

    assert read(server, f"/plans/{plan_id}").get("metadata") == kept


def test_labels_of_phases_and_cards_go_with_them_in_a_put(server: httpx.Client) -> None:
    old, new = {"labels": {"team": "a"}}, {"labels": {"team": "b"}}
    plan_id = draft(server, {**FEE, **old}, phase=old)
    before = metadata(read(server, f"/plans/{plan_id}"))
    phases = [
        {"key": "trial", "name": "Trial", "duration": "P1M", "rate_cards": [FEE]},
        {"key": "main", "name": "Main", "rate_cards": [{**FEE, **new}]},
    ]

    server.put(f"/plans/{plan_id}", json={"name": "Plan", "phases": phases})

    assert before == [None, {"team": "a"}, {"team": "a"}]
    assert metadata(read(server, f"/plans/{plan_id}")) == [None, None, None, None, {"team": "b"}]


def test_a_new_version_has_the_labels_it_was_made_with(server: httpx.Client) -> None:
    first = plan(server, FEE, labels={"team": "a"})
    second = plan(server, FEE, labels={"team": "b"})
    third = plan(server, FEE)

    found = [read(server, f"/plans/{plan_id}").get("metadata") for plan_id in (first, second, third)]

    assert found == [{"team": "a"}, {"team": "b"}, None]


def test_metadata_given_through_v1_is_not_looked_at_and_shown_there(server: httpx.Client) -> None:
    card = {"type": "flat_fee", "key": "fee", "name": "Fee", "billingCadence": "P1M", "metadata": {"a_b_c": "card"}}
    card["price"] = {"type": "flat", "amount": "5"}
    phase = {"key": "main", "name": "Main", "duration": None, "rateCards": [card], "metadata": {"kongo": "phase"}}
    body = {"key": "own", "name": "Own", "currency": "USD", "billingCadence": "P1M", "phases": [phase]}
    made = posted(server, f"{V1}/plans", {**body, "metadata": {"_x": "plan"}})

    assert read(server, f"/plans/{made['id']}") == made
    assert metadata(made) == [{"_x": "plan"}, {"kongo": "phase"}, {"a_b_c": "card"}]
    assert made["phases"][0]["rateCards"][0]["type"] == "flat_fee"
    assert {"labels", "type"} & server.get(f"/plans/{made['id']}").json()["phases"][0]["rate_cards"][0].keys() == set()


def test_a_plan_is_found_by_key_in_its_version_in_force(server: httpx.Client) -> None:
    first = plan(server, FEE)
    second = plan(server, FEE)
    third = draft(server, FEE)

    assert read(server, "/plans/plan")["id"] == second
    assert read(server, "/plans/plan", includeLatest="true")["id"] == third
    assert read(server, f"/plans/{first}")["status"] == "archived"
    assert server.get(f"{V1}/plans/nothing").status_code == 404
    assert server.get(f"{V1}/plans/{NOBODY}").status_code == 404


def test_a_deleted_plan_is_found_by_its_id_alone(server: httpx.Client, hands: Hands) -> None:
    plan_id = draft(server, FEE)
    hands.move(days=1)
    server.delete(f"/plans/{plan_id}")

    assert read(server, f"/plans/{plan_id}")["deletedAt"] == "2026-09-02T12:00:00Z"
    assert read(server, "/plans", status=EVERY)["items"] == []
    assert keys(read(server, "/plans", status=EVERY, includeDeleted="true")) == [("plan", 1)]


# Lists


def test_drafts_and_archived_plans_are_listed_only_when_asked_for(server: httpx.Client) -> None:
    plan(server, FEE)
    plan(server, FEE)
    draft(server, FEE)

    assert keys(read(server, "/plans")) == [("plan", 2)]
    assert keys(read(server, "/plans", status="draft")) == [("plan", 3)]
    assert sorted(keys(read(server, "/plans", status=EVERY))) == [("plan", 1), ("plan", 2), ("plan", 3)]


def test_a_list_of_plans_shows_what_each_plan_shows(server: httpx.Client) -> None:
    ids = [plan(server, FEE, key=key, labels={"team": key}) for key in ("one", "two")]

    listed = read(server, "/plans", order="ASC", pageSize=50)

    assert listed == {
        "page": 1,
        "pageSize": 50,
        "totalCount": 2,
        "items": [read(server, f"/plans/{plan_id}") for plan_id in ids],
    }


def test_pages_are_counted_from_one_and_the_total_is_of_all(server: httpx.Client) -> None:
    for key in ("a", "b", "c"):
        plan(server, FEE, key=key)

    pages = [read(server, "/plans", page=page, pageSize=2, orderBy="key", order="ASC") for page in (1, 2, 3)]

    assert [keys(page) for page in pages] == [[("a", 1), ("b", 1)], [("c", 1)], []]
    assert [(page["page"], page["pageSize"], page["totalCount"]) for page in pages] == [(1, 2, 3), (2, 2, 3), (3, 2, 3)]


def test_any_of_the_names_that_are_asked_for_lists_a_plan(server: httpx.Client) -> None:
    ids = {key: plan(server, FEE, key=key) for key in ("a", "b", "c")}
    plan(server, FEE, key="euro", currency="EUR")

    assert sorted(keys(read(server, "/plans", key=["a", "b"]))) == [("a", 1), ("b", 1)]
    assert sorted(keys(read(server, "/plans", key="a", id=ids["c"]))) == [("a", 1), ("c", 1)]
    assert keys(read(server, "/plans", currency="EUR")) == [("euro", 1)]
    assert keys(read(server, "/plans", **{"keyVersion[b]": "1"})) == [("b", 1)]
    assert keys(read(server, "/plans", **{"keyVersion[b]": "2"})) == []


@pytest.mark.parametrize(
    "query",
    [
        {"page": "0"},
        {"page": "x"},
        {"pageSize": "0"},
        {"pageSize": "1001"},
        {"pageSize": "9" * 5000},
        {"status": "gone"},
        {"order": "asc"},
        {"orderBy": "name"},
        {"includeDeleted": "perhaps"},
        {"keyVersion[a]": "x"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/plans", "/addons"])
def test_a_list_refuses_a_parameter_that_is_none(server: httpx.Client, path: str, query: dict[str, str]) -> None:
    answer = server.get(f"{V1}{path}", params=query)

    assert answer.status_code == 400
    assert [entry["source"] for entry in answer.json()["invalid_parameters"]] == ["query"]


# What v1 has no words for


def test_a_plan_that_converts_units_is_not_in_v1(server: httpx.Client) -> None:
    card = usage_card("calls", feature(server, "calls"), unit_config=UNITS)
    plan_id = plan(server, card, key="units")
    plan(server, FEE, key="plain")

    assert refusal(server, f"/plans/{plan_id}") == (400, ["unit_config_not_representable"])
    assert refusal(server, "/plans/units") == (400, ["unit_config_not_representable"])
    assert read(server, "/plans", status=EVERY, key=["units", "plain"])["totalCount"] == 1
    assert keys(read(server, "/plans", status=EVERY)) == [("plain", 1)]


def test_a_plan_in_a_custom_currency_is_not_in_v1(server: httpx.Client) -> None:
    posted(
        server,
        "/currencies/custom",
        {"code": "TOKENS", "name": "Tokens", "precision": 0, "decimal_mark": ".", "thousand_separator": ","},
    )
    own, other = (
        draft(server, FEE, key="own", currency="TOKENS"),
        draft(server, {**FEE, "currency": "TOKENS"}, key="fee"),
    )

    assert refusal(server, f"/plans/{own}") == (400, ["currency_not_representable"])
    assert refusal(server, f"/plans/{other}") == (400, ["rate_card_currency_not_representable"])
    assert read(server, "/plans", status=EVERY)["items"] == []


def test_a_static_entitlement_that_says_unit_config_is_no_conversion(server: httpx.Client) -> None:
    template = {"type": "static", "config": '{"unit_config": 1}'}
    plan(server, usage_card("calls", feature(server, "calls"), entitlement=template))

    assert keys(read(server, "/plans")) == [("plan", 1)]


def test_who_subscribes_through_v1_may_do_so_to_a_plan_that_converts_units(server: httpx.Client) -> None:
    plan(server, usage_card("calls", feature(server, "calls"), unit_config=UNITS))
    body = {"customerId": account(server).id, "plan": {"key": "plan"}, "timing": "immediate"}

    made = posted(server, f"{V1}/subscriptions", body)

    assert refusal(server, f"/subscriptions/{made['id']}") == (400, ["unit_config_not_representable"])


# Add-ons


def test_an_addon_is_read_through_v1_with_its_labels(server: httpx.Client) -> None:
    addon_id = addon(server, {**FEE, "labels": {"team": "b"}}, labels={"team": "a"}, instance_type="multiple")
    posted(server, f"/addons/{addon_id}/publish", None)
    whole = {
        "id": addon_id,
        "key": "extra",
        "name": "Extra",
        "currency": "USD",
        "version": 1,
        "metadata": {"team": "a"},
        "createdAt": "2026-09-01T12:00:00Z",
        "updatedAt": "2026-09-01T12:00:00Z",
        "effectiveFrom": "2026-09-01T12:00:00Z",
        "status": "active",
        "instanceType": "multiple",
        "validationErrors": None,
        "rateCards": [
            {
                "type": "flat_fee",
                "key": "fee",
                "name": "Fee",
                "billingCadence": None,
                "price": {"type": "flat", "amount": "5", "paymentTerm": "in_advance"},
                "metadata": {"team": "b"},
            }
        ],
    }

    assert read(server, f"/addons/{addon_id}") == whole
    assert read(server, "/addons/extra") == whole
    assert read(server, "/addons") == {"page": 1, "pageSize": 100, "totalCount": 1, "items": [whole]}


def test_drafts_of_addons_are_listed_only_when_asked_for(server: httpx.Client) -> None:
    draft_id = addon(server, FEE)

    assert read(server, "/addons")["items"] == []
    assert [item["id"] for item in read(server, "/addons", status="draft")["items"]] == [draft_id]
    assert server.get(f"{V1}/addons/extra").status_code == 404


def test_an_addon_that_converts_units_is_not_in_v1(server: httpx.Client) -> None:
    addon_id = addon(server, usage_card("calls", feature(server, "calls"), unit_config=UNITS))

    assert refusal(server, f"/addons/{addon_id}") == (400, ["unit_config_not_representable"])
    assert read(server, "/addons", status=EVERY)["totalCount"] == 0


# Add-ons of plans


def test_the_addons_of_a_plan_are_read_through_v1_by_any_name(server: httpx.Client) -> None:
    plan_id, addon_id = draft(server, fee_card("base", "1", "in_advance")), addon(server, FEE)
    posted(server, f"/addons/{addon_id}/publish", None)
    body = {"name": "Extra", "addon": {"id": addon_id}, "from_plan_phase": "main"}
    made = posted(server, f"/plans/{plan_id}/addons", body)["id"]
    labels = {"labels": {"team": "a"}}
    server.put(f"/plans/{plan_id}/addons/{made}", json={"name": "Extra", "from_plan_phase": "main", **labels})
    whole = {
        "addon": {"id": addon_id, "key": "extra", "name": "Extra", "version": 1, "instanceType": "single"},
        "fromPlanPhase": "main",
        "metadata": {"team": "a"},
        "createdAt": "2026-09-01T12:00:00Z",
        "updatedAt": "2026-09-01T12:00:00Z",
        "validationErrors": None,
    }

    for name in (plan_id, "plan"):
        assert read(server, f"/plans/{name}/addons")["items"] == [whole]
        assert read(server, f"/plans/{name}/addons/{addon_id}") == whole
        assert read(server, f"/plans/{name}/addons/extra") == whole
    assert read(server, f"/plans/{NOBODY}/addons")["totalCount"] == 0
    assert server.get(f"{V1}/plans/{plan_id}/addons/other").status_code == 404
