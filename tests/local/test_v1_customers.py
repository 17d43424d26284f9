"""Customers through the older API v1, where the recordings say nothing."""

from typing import Any

import httpx
import pytest

from tests.support.events import send
from tests.support.prepaid import Account, account, feature, fee_card, plan, posted, usage_card

V1 = "http://local/api/v1/customers"
ADDRESS = {"country": "DE", "city": "Berlin", "postalCode": "10115", "phoneNumber": "1"}


@pytest.fixture
def acme(server: httpx.Client) -> Account:
    return account(server)


def put(acme: Account, name: str | None = None, **body: Any) -> httpx.Response:
    return acme.server.put(f"{V1}/{name or acme.id}", json={"name": "Acme", **body})


def test_a_key_of_another_customer_cannot_be_taken(acme: Account) -> None:
    other = account(acme.server, "other")

    answers = [put(acme, key=key).status_code for key in ("other", other.id, "acme")]

    assert answers == [409, 409, 200]


def test_a_customer_keeps_a_name_by_which_usage_can_be_attributed(acme: Account) -> None:
    neither, empty = put(acme), put(acme, usageAttribution={"subjectKeys": []})
    subject = put(acme, usageAttribution={"subjectKeys": ["s"]})

    assert (neither.status_code, empty.status_code, subject.status_code) == (400, 400, 200)
    assert "key" not in subject.json()
    assert acme.server.get(f"{V1}/acme").status_code == 404


def test_subjects_stay_while_a_subscription_runs(acme: Account) -> None:
    put(acme, key="acme", usageAttribution={"subjectKeys": ["a"]})
    acme.subscribe(plan(acme.server, fee_card("fee", "1", "in_advance")))

    answer = put(acme, key="acme", usageAttribution={"subjectKeys": ["b"]})

    assert answer.status_code == 400


def test_usage_by_a_key_that_is_gone_is_not_the_customers(acme: Account) -> None:
    acme.subscribe(plan(acme.server, usage_card("calls", feature(acme.server, "calls"))))
    send(acme.server, "1", data={"n": 4})
    before = acme.balance()

    put(acme, key="acme-new")

    assert (before, acme.balance()) == (("-4", "0"), ("0", "0"))


def test_everything_that_v3_shows_is_shown_by_v1_and_survives_it(acme: Account) -> None:
    body = {"key": "acme", "description": "D", "primaryEmail": "a@b.example", "currency": "USD"}
    given = {**body, "metadata": {"a_b_c": "kept"}, "billingAddress": ADDRESS}

    shown = put(acme, "acme", **given).json()
    again = put(acme, "acme", key="acme").json()

    assert {name: shown[name] for name in given} == given
    assert acme.server.get(acme.path).json()["labels"] == {}
    assert again.keys() == {"id", "key", "name", "primaryEmail", "currency", "createdAt", "updatedAt"}


def test_the_subscriptions_of_a_customer_are_listed_in_order(acme: Account) -> None:
    first = acme.subscribe(plan(acme.server, fee_card("fee", "1", "in_advance")))
    change = {"customer": {}, "plan": {"key": "plan"}, "timing": "next_billing_cycle"}
    following = posted(acme.server, f"/subscriptions/{first}/change", change)["next"]["id"]

    listed = acme.server.get(f"{V1}/acme/subscriptions").json()

    assert [(row["id"], row["status"]) for row in listed["items"]] == [(first, "canceled"), (following, "scheduled")]
    assert listed["totalCount"] == 2


def test_a_deleted_customer_is_read_by_id_only_and_no_more_written(acme: Account) -> None:
    deleted = acme.server.delete(f"{V1}/acme")

    reads = [acme.server.get(f"{V1}/{name}").status_code for name in (acme.id, "acme")]
    writes = [put(acme, key="acme").status_code, acme.server.delete(f"{V1}/{acme.id}").status_code]

    assert (deleted.status_code, reads, writes) == (204, [200, 404], [404, 404])


def test_a_customer_with_a_subscription_is_not_deleted_through_v1_either(acme: Account) -> None:
    acme.subscribe(plan(acme.server, fee_card("fee", "1", "in_advance")))

    assert acme.server.delete(f"{V1}/acme").status_code == 400


# Making and listing


def test_a_customer_is_made_whose_labels_nobody_looks_at(server: httpx.Client) -> None:
    body = {"name": "New", "key": "new", "currency": "USD", "primaryEmail": "a@example.com", "billingAddress": ADDRESS}
    made = posted(
        server, V1, {**body, "metadata": {"a_b_c": "x", "crm": "1"}, "usageAttribution": {"subjectKeys": ["s"]}}
    )

    assert server.get(f"{V1}/new").json() == made
    assert made == {
        **body,
        "id": made["id"],
        "metadata": {"a_b_c": "x", "crm": "1"},
        "usageAttribution": {"subjectKeys": ["s"]},
        "createdAt": "2026-09-01T12:00:00Z",
        "updatedAt": "2026-09-01T12:00:00Z",
    }
    assert server.get(f"/customers/{made['id']}").json()["labels"] == {"crm": "1"}


def test_a_customer_needs_a_key_or_a_subject(server: httpx.Client) -> None:
    """A customer may be created without a key, but not without any subject for its usage."""
    keyless = server.post(V1, json={"name": "New", "usageAttribution": {"subjectKeys": ["s"]}})
    nameless = server.post(V1, json={"name": "New"})
    taken = server.post(V1, json={"name": "New", "key": "s"})

    assert (keyless.status_code, "key" in keyless.json()) == (201, False)
    assert (nameless.status_code, taken.status_code) == (400, 409)


def test_customers_are_listed_a_page_at_a_time(server: httpx.Client) -> None:
    for key in ("a", "b", "c"):
        account(server, key)

    page = server.get(V1, params={"page": 2, "pageSize": 2, "orderBy": "name", "order": "ASC"}).json()

    assert ([row["key"] for row in page["items"]], page["totalCount"]) == (["c"], 3)


# Subjects


def test_subjects_are_made_changed_and_deleted(server: httpx.Client) -> None:
    subjects = "http://local/api/v1/subjects"
    (made,) = server.post(subjects, json=[{"key": "s", "displayName": "S"}]).json()
    (changed,) = server.post(subjects, json=[{"key": "s", "metadata": {"a": "b"}}]).json()

    assert changed == {**made, "metadata": {"a": "b"}}
    assert server.get(subjects).json() == [changed]
    assert server.get(f"{subjects}/s").json() == server.get(f"{subjects}/{made['id']}").json() == changed
    assert server.delete(f"{subjects}/s").status_code == 204
    assert (server.get(subjects).json(), server.get(f"{subjects}/s").status_code) == ([], 404)
    assert server.post(subjects, json={"key": "s"}).status_code == 400
