"""Periods follow from their anchor; recorded ones agree."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from billsync.local.server.periods import moved, period_at
from billsync.local.server.problems import Problem
from billsync.local.store.times import instant_of, rfc3339
from billsync.model.duration import Duration, parse_duration
from billsync.rating.periods import Period, sum_of
from tests.support.prepaid import account

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "periods.jsonl"


def span(text: str) -> Duration:
    found = parse_duration(text)
    assert found is not None
    return found


def moment(text: str) -> datetime:
    found = instant_of(text)
    assert found is not None
    return found


def boundaries(vector: dict[str, Any], sign: int) -> list[str]:
    anchor, cadence = moment(vector["anchor"]), span(vector["cadence"])
    first = 0 if sign > 0 else 1
    return [rfc3339(moved(anchor, cadence, sign * k)) for k in range(first, vector["count"] + 1)]


@pytest.mark.skipif(not VECTORS.is_file(), reason="the vectors aren't beside this clone")
def test_boundaries_are_those_of_the_vectors() -> None:
    vectors = [json.loads(line) for line in VECTORS.read_text().splitlines()]
    wanted = [vector for vector in vectors if vector["kind"] == "boundaries"]

    have = [(boundaries(vector, 1), boundaries(vector, -1)) for vector in wanted]

    assert have == [
        (
            [rfc3339(moment(text)) for text in vector["expected"]["forward"]],
            [rfc3339(moment(text)) for text in vector["expected"]["backward"]],
        )
        for vector in wanted
    ]


@pytest.mark.skipif(not VECTORS.is_file(), reason="the vectors aren't beside this clone")
def test_the_period_around_a_moment_is_that_of_the_vectors() -> None:
    vectors = [json.loads(line) for line in VECTORS.read_text().splitlines()]
    wanted = [vector for vector in vectors if vector["kind"] == "period_at"]

    have = [period_at(moment(vector["anchor"]), span(vector["cadence"]), moment(vector["at"])) for vector in wanted]

    assert have == [
        Period(moment(vector["expected"]["period"]["from"]), moment(vector["expected"]["period"]["to"]))
        for vector in wanted
    ]


def test_months_are_added_before_days() -> None:
    start = datetime(2026, 1, 31, tzinfo=UTC)

    assert moved(start, span("P1M1D")) == datetime(2026, 3, 1, tzinfo=UTC)


def test_spans_add_up_part_by_part() -> None:
    start = datetime(2026, 1, 31, tzinfo=UTC)

    assert moved(start, sum_of(span("P1M"), span("P1M"))) == datetime(2026, 3, 31, tzinfo=UTC)


def test_a_time_outside_the_calendar_is_refused() -> None:
    with pytest.raises(Problem) as raised:
        moved(datetime(2026, 1, 1, tzinfo=UTC), span("P9000Y"))

    assert raised.value.status == 400


@pytest.mark.parametrize(
    ("length", "end"),
    [
        ("P1.5D", "2026-09-03T12:00:00Z"),
        ("P2.5D", "2026-09-03T12:00:00Z"),
        ("P1.5M", "2026-11-01T12:00:00Z"),
        ("PT1.5H", "2026-09-01T14:00:00Z"),
        ("P0.6W", "2026-09-08T12:00:00Z"),
    ],
)
def test_fractions_are_rounded_to_whole_units(server: httpx.Client, length: str, end: str) -> None:
    found = account(server)

    grant = found.grant("5", expires_after=length)

    assert server.get(f"{found.path}/credits/grants/{grant}").json()["expires_at"] == end


@pytest.mark.parametrize("length", ["P0D", "P0.5Y", "P0.5M", "P0.5W", "PT0.5H", "PT0.5S"])
def test_credits_that_end_as_they_begin_are_refused(server: httpx.Client, length: str) -> None:
    body = {"name": "Credit", "funding_method": "none", "currency": "USD", "amount": "5", "expires_after": length}

    assert server.post(f"{account(server).path}/credits/grants", json=body).status_code == 400
