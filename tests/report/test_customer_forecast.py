from datetime import UTC, datetime

import pytest

from billsync.model.note import Note
from billsync.report.billing.catalog import Catalog
from billsync.report.billing.subscribed import subscribed
from billsync.report.billing.usage import MeterSlice
from billsync.report.credits.wallet import Wallet
from billsync.report.forecast.customer import ForecastFacts, RunningFacts, customer_forecast
from billsync.report.forecast.running_period import Besides
from tests.support.subscription_rows import FEATURES, fee_card, subscription_row, unit, usage_card

NOW = datetime(2026, 9, 16, tzinfo=UTC)
ONE = subscribed(subscription_row(usage_card("api", unit("1")), fee_card("base", "5")), FEATURES)
NOTHING = Besides()
SHARED = "2 subscriptions are in force, and each estimate counts all credits as its own"
METERED = {"api": MeterSlice("m-1", b"{}")}


def facts(count: int, metered: dict[str, MeterSlice], besides: Besides = NOTHING) -> ForecastFacts:
    """A customer with as many equal subscriptions, whose features are metered so."""
    running = tuple(RunningFacts(ONE, besides, None, {}) for _ in range(count))
    return ForecastFacts(NOW, Catalog(FEATURES, metered, frozenset(), {}), Wallet(), (ONE,) * count, running)


@pytest.mark.parametrize(
    ("count", "metered", "notes"),
    [
        (1, METERED, ()),
        (1, {}, (Note("usage-not-read", "usage of the feature api can't be read, so it counts as none"),)),
        (2, METERED, (Note("credits-shared", SHARED),)),
    ],
)
def test_a_forecast_notes_what_it_can_not_read_or_count_twice(
    count: int, metered: dict[str, MeterSlice], notes: tuple[Note, ...]
) -> None:
    found = customer_forecast(facts(count, metered))

    assert found.notes == notes
    assert [one.plan_key for one in found.forecasts] == [ONE.plan_key] * count


def test_credits_are_followed_until_the_period_is_no_longer_known() -> None:
    """Unknown parts of a period are noted, and credits are followed only until the first of them begins."""
    until, note = datetime(2026, 9, 20, tzinfo=UTC), Note("changes-later", "base changes")

    found = customer_forecast(facts(1, METERED, Besides(known_until=until, notes=(note,))))

    assert found.notes == (note,)
    assert [outlook.known_until for one in found.forecasts for outlook in one.outlooks] == [until]
