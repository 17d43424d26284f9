from datetime import UTC, datetime
from typing import Any

import pytest

from billsync.report.billing.catalog import Catalog
from billsync.report.impact.live import Live, plan_version
from tests.support.subscription_rows import FEATURES, fee_card

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def plan_row(*cards: dict[str, Any]) -> dict[str, Any]:
    phases = [{"key": "default", "rate_cards": list(cards)}]
    return {"id": "plan-1", "currency": "USD", "phases": phases, "deleted_at": "2026-10-01T00:00:00Z"}


def live(row: dict[str, Any]) -> Live:
    """A server with one plan version."""
    catalog = Catalog(FEATURES, {}, frozenset(), {})
    return Live(NOW, catalog, {"plan-1": plan_version(row, FEATURES)}, {"plan-1": None}, {"addon-1": "boost"}, ())


def test_a_plan_version_has_the_cards_of_its_row_also_where_it_was_deleted() -> None:
    cards = live(plan_row(fee_card("base", "10"))).cards_of("plan-1")

    assert cards is not None
    assert [slot.item.key for slot in cards.of("default")] == ["base"]


@pytest.mark.parametrize("row", [{"id": "plan-1"}, plan_row({**fee_card("base", "10"), "price": {"type": "barter"}})])
def test_a_plan_version_that_can_not_be_rated_has_no_cards(row: dict[str, Any]) -> None:
    assert live(row).cards_of("plan-1") is None


@pytest.mark.parametrize("unknown", ["", "plan-2"])
def test_an_unread_or_missing_plan_version_has_no_cards(unknown: str) -> None:
    """A plan version that was not read has no cards, and neither has a subscription without a version."""
    assert live(plan_row()).cards_of(unknown) is None


def test_where_it_can_not_be_read_what_is_offered_any_known_addon_may_be() -> None:
    assert list(live(plan_row()).offers_of("plan-1")) == ["addon-1"]
