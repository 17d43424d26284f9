"""Rows of subscriptions that are alike share what is equal of them, and nothing else."""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from billsync.app.reading.subscription_pages import SubscriptionPages
from billsync.live.protocol.encoding import encode
from billsync.model.malformed import Malformed
from billsync.report.billing.alike import AlikeRows, shape_of
from billsync.report.billing.subscribed import Subscribed, parse_subscription
from tests.support.crowd import Crowd

FEATURES: Mapping[str, str] = {f"feature_{number}": f"key_{number}" for number in range(4)}
CROWD = Crowd(2, 8, 8, 2)


def row(number: int) -> Any:
    return deepcopy(CROWD._subscription(number))


def in_order(found: Subscribed | Malformed) -> Subscribed | Malformed:
    """The value with its places as numbers: ids of items count by their order only."""
    if isinstance(found, Malformed):
        return found
    places = sorted(slot.place for slot in found.slots)
    return replace(found, slots=tuple(replace(one, place=str(places.index(one.place))) for one in found.slots))


def test_rows_of_one_shape_share_their_cards_and_keep_their_ids() -> None:
    alike = AlikeRows(FEATURES)
    rows = [row(number) for number in (*range(8), *range(8))]
    for number, one in enumerate(rows):
        one["id"] = f"sub_{number}"

    found = [alike.parse(one) for one in rows]

    assert list(map(in_order, found)) == [in_order(parse_subscription(one, FEATURES)) for one in rows]
    assert len({id(one.timeline) for one in found if isinstance(one, Subscribed)}) == 8


CHANGES: list[tuple[str, Any]] = [
    ("id", 7),
    ("customer_id", None),
    ("settlement_mode", "credit_only"),
    ("pro_rating_config", {"enabled": False}),
    ("pro_rating_config", {"enabled": 0}),
    ("invoice_currency", "EUR"),
    ("active_from", "2026-01-05T00:00:00Z"),
    ("active_to", "2027-01-05T00:00:00Z"),
    ("billing_anchor", "2026-01-05T00:00:00Z"),
    ("billing_cadence", "P1Y"),
    ("plan", {"key": "other"}),
    ("plan", "odd"),
    ("plan", None),
    ("phases", None),
    ("phases.0.key", "trial"),
    ("phases.0.active_from", "2026-01-05T00:00:00Z"),
    ("phases.0.items.0.id", None),
    ("phases.0.items.0.id", "item_0-3"),
    ("phases.0.items.0.id", "item_9"),
    ("phases.0.items.1.active_from", "2026-02-05T00:00:00Z"),
    ("phases.0.items.1.active_to", "2027-02-05T00:00:00Z"),
    ("phases.0.items.1.rate_card.discounts.percentage", Decimal(11)),
    ("phases.0.items.1.rate_card.discounts.percentage", True),
    ("phases.0.items.1.rate_card.feature", {"id": "feature_3"}),
    ("phases.0.items.1.rate_card.billing_cadence", None),
    ("phases.0.items.0.rate_card", "odd"),
    ("phases.0.items", []),
]


@pytest.mark.parametrize(("place", "value"), CHANGES)
def test_a_row_that_differs_in_anything_is_parsed_as_it_is(place: str, value: Any) -> None:
    alike, changed = AlikeRows(FEATURES), row(0)
    alike.parse(row(0))
    *path, last = place.split(".")
    inner = changed
    for name in path:
        inner = inner[int(name)] if name.isdigit() else inner[name]
    inner[last] = value

    found = alike.parse(changed)

    assert repr(in_order(found)) == repr(in_order(parse_subscription(changed, FEATURES)))
    assert place in ("id", "phases.0.items.0.id") or shape_of(changed) != shape_of(row(0))


def page(rows: list[Any]) -> bytes:
    return json.dumps({"data": rows, "meta": {"page": {"number": 1, "size": 100, "total": len(rows)}}}).encode()


def test_a_page_keeps_the_cards_of_rows_that_are_alike_once() -> None:
    rows = [{**row(number % 2), "id": f"sub_{number}", "customer_id": f"customer_{number}"} for number in range(6)]

    found = SubscriptionPages("/openmeter/subscriptions").decode(page(rows))

    assert found is not None
    assert [one.id for one in found.rows] == [f"sub_{number}" for number in range(6)]
    assert len({id(one.fields["phases"]) for one in found.rows}) == 2
    kept = [in_order(parse_subscription(one.fields, FEATURES)) for one in found.rows]
    assert kept == [in_order(parse_subscription(one, FEATURES)) for one in rows]


@pytest.mark.parametrize("change", [{"id": 7}, {"status": 7}, {"phases": "odd"}])
def test_a_page_that_is_not_the_apis_is_left_to_be_read_in_full(change: dict[str, Any]) -> None:
    pages = SubscriptionPages("/openmeter/subscriptions")

    assert pages.decode(page([row(0), {**row(1), **change}])) is None
    assert pages.decode(b"no JSON") is None


@pytest.mark.parametrize(("place", "value"), CHANGES)
def test_rows_with_one_value_by_their_bytes_are_parsed_alike(place: str, value: Any) -> None:
    links = pytest.importorskip("billsync.app.impact.alike_links").AlikeLinks()
    changed = row(0)
    *path, last = place.split(".")
    inner = changed
    for name in path:
        inner = inner[int(name)] if name.isdigit() else inner[name]
    inner[last] = value
    links.of(encode(row(0)))

    found = links.of(encode(changed))

    if found is not None:  # else the full code sees the row
        like = AlikeRows(FEATURES).like(found, changed["id"], changed["customer_id"])
        assert repr(in_order(like)) == repr(in_order(parse_subscription(changed, FEATURES)))


def test_rows_that_differ_in_ids_alone_have_one_value() -> None:
    links = pytest.importorskip("billsync.app.impact.alike_links").AlikeLinks()
    other = json.loads(encode(row(0)).replace(b"item_0-", b"item_9-"))

    assert links.of(encode(row(0))) is links.of(encode({**other, "id": "sub_9", "customer_id": "customer_9"}))
