"""The query of a meter on the local server: windows, groups, filters, and every aggregation."""

from typing import Any

import httpx
import pytest

from tests.support.events import send

DAY = "2026-09-01"


@pytest.fixture
def customer(server: httpx.Client) -> str:
    body = {"key": "acme", "name": "Acme", "usage_attribution": {"subject_keys": ["acme-1"]}}
    made: str = server.post("/customers", json=body).json()["id"]
    return made


def meter(server: httpx.Client, aggregation: str = "sum", **more: Any) -> str:
    value = {} if aggregation == "count" else {"value_property": "$.n"}
    body = {"key": "m", "name": "M", "aggregation": aggregation, "event_type": "t", **value, **more}
    answer = server.post("/meters", json=body)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


def ask(server: httpx.Client, meter_id: str, **body: Any) -> Any:
    answer = server.post(f"/meters/{meter_id}/query", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@pytest.mark.parametrize(
    ("aggregation", "value"),
    [("sum", "7.5"), ("avg", "2.5"), ("min", "0.5"), ("max", "4"), ("latest", "3"), ("count", "4")],
)
def test_an_aggregation_leaves_out_what_it_cannot_read(server: httpx.Client, aggregation: str, value: str) -> None:
    meter_id = meter(server, aggregation)
    for number, (minute, n) in enumerate([(1, "0.5"), (9, 3), (5, 4), (6, "many")]):
        send(server, str(number), time=f"{DAY}T10:0{minute}:00Z", data={"n": n})

    rows = ask(server, meter_id)

    whole = {"from": f"{DAY}T10:01:00Z", "to": f"{DAY}T10:10:00Z", "dimensions": {}}
    assert rows == [{**whole, "value": value}]


def test_values_are_counted_once_where_they_must_be_unique(server: httpx.Client) -> None:
    meter_id = meter(server, "unique_count")
    for number, n in enumerate(["a", "b", "a", 7]):
        send(server, str(number), data={"n": n})
    send(server, "without", data={})

    rows = ask(server, meter_id)

    assert [row["value"] for row in rows] == ["3"]


@pytest.mark.parametrize(
    ("granularity", "zone", "windows"),
    [
        ("PT1M", "UTC", [("2026-08-31T22:29:00Z", "2026-08-31T22:30:00Z"), ("2026-09-01T10:01:00Z", None)]),
        ("PT1H", "UTC", [("2026-08-31T22:00:00Z", "2026-08-31T23:00:00Z"), ("2026-09-01T10:00:00Z", None)]),
        ("PT1H", "Asia/Kolkata", [("2026-08-31T21:30:00Z", "2026-08-31T22:30:00Z"), ("2026-09-01T09:30:00Z", None)]),
        ("P1D", "UTC", [("2026-08-31T00:00:00Z", "2026-09-01T00:00:00Z"), ("2026-09-01T00:00:00Z", None)]),
        ("P1D", "Europe/Berlin", [("2026-08-31T22:00:00Z", "2026-09-01T22:00:00Z")]),
        ("P1M", "UTC", [("2026-08-01T00:00:00Z", "2026-09-01T00:00:00Z"), ("2026-09-01T00:00:00Z", None)]),
        ("P1M", "Europe/Berlin", [("2026-08-31T22:00:00Z", "2026-09-30T22:00:00Z")]),
    ],
)
def test_windows_begin_by_the_clock_of_the_zone(
    server: httpx.Client, granularity: str, zone: str, windows: list[tuple[str, str | None]]
) -> None:
    meter_id = meter(server)
    send(server, "1", time="2026-08-31T22:29:30Z", data={"n": 1})
    send(server, "2", time=f"{DAY}T10:01:30Z", data={"n": 1})

    rows = ask(server, meter_id, granularity=granularity, time_zone=zone)

    have = [(row["from"], row["to"]) for row in rows]
    assert [(start, end or to) for (start, end), (_, to) in zip(windows, have, strict=True)] == have


def test_usage_is_grouped_by_subject_customer_and_dimension(server: httpx.Client, customer: str) -> None:
    meter_id = meter(server, dimensions={"model": "$.model.name"})
    send(server, "1", subject="acme", data={"n": 1, "model": {"name": "small"}})
    send(server, "2", subject="acme-1", data={"n": 2, "model": {"name": "small"}})
    send(server, "3", subject="stranger", data={"n": 4})

    by_customer = ask(server, meter_id, group_by_dimensions=["customer_id", "model"])
    by_subject = ask(server, meter_id, group_by_dimensions=["subject"])

    assert [(row["dimensions"], row["value"]) for row in by_customer] == [
        ({}, "4"),
        ({"customer_id": customer, "model": "small"}, "3"),
    ]
    assert [(row["dimensions"], row["value"]) for row in by_subject] == [
        ({"subject": "acme"}, "1"),
        ({"subject": "acme-1"}, "2"),
        ({"subject": "stranger"}, "4"),
    ]


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        ({"model": {"eq": "small"}}, "1"),
        ({"model": {"neq": "small"}}, "14"),
        ({"model": {"in": ["small", "large"]}}, "3"),
        ({"model": {"nin": ["small", "large"]}}, "12"),
        ({"model": {"contains": "AR"}}, "2"),
        ({"model": {"ncontains": "ar"}}, "13"),
        ({"model": {"exists": False}}, "8"),
        ({"model": {"or": [{"eq": "small"}, {"and": [{"contains": "x"}, {"neq": "large"}]}]}}, "5"),
        ({"subject": {"in": ["acme", "other"]}}, "5"),
        ({"customer_id": {"eq": "CUSTOMER"}}, "7"),
        ({"customer_id": {"eq": "CUSTOMER"}, "subject": {"eq": "acme-1"}, "model": {"eq": "large"}}, "2"),
    ],
)
def test_filters_choose_the_events(server: httpx.Client, customer: str, condition: dict[str, Any], value: str) -> None:
    meter_id = meter(server, dimensions={"model": "$.model"})
    events = [("acme", "small", 1), ("acme-1", "large", 2), ("acme", "xl", 4), ("stranger", None, 8)]
    for subject, model, n in events:
        send(server, str(n), subject=subject, data={"n": n} | ({"model": model} if model else {}))
    if "customer_id" in condition:
        condition = condition | {"customer_id": {"eq": customer}}

    rows = ask(server, meter_id, filters={"dimensions": condition})

    assert [row["value"] for row in rows] == [value]


def test_a_span_holds_its_start_and_not_its_end(server: httpx.Client) -> None:
    meter_id = meter(server)
    for hour in (9, 10, 11):
        send(server, str(hour), time=f"{DAY}T{hour:02}:00:00Z", data={"n": hour})
    span = {"from": f"{DAY}T09:00:00Z", "to": f"{DAY}T11:00:00Z"}

    answer = server.post(f"/meters/{meter_id}/query", json=span).json()

    assert answer == {**span, "data": [{**span, "value": "19", "dimensions": {}}]}


def test_a_meter_counts_nothing_before_its_first_moment(server: httpx.Client) -> None:
    meter_id = meter(server, events_from=f"{DAY}T10:00:00Z")
    send(server, "1", time=f"{DAY}T09:59:59Z", data={"n": 1})
    send(server, "2", time=f"{DAY}T10:00:00Z", data={"n": 2})

    rows = ask(server, meter_id)

    assert [row["value"] for row in rows] == ["2"]


def test_without_usage_there_is_no_row(server: httpx.Client) -> None:
    meter_id = meter(server)

    rows = ask(server, meter_id, **{"from": f"{DAY}T00:00:00Z", "to": f"{DAY}T01:00:00Z"})

    assert rows == []


@pytest.mark.parametrize(
    "body",
    [
        {"group_by_dimensions": ["model"]},
        {"filters": {"dimensions": {"model": {"eq": "x"}}}},
        {"filters": {"dimensions": {"subject": {"neq": "x"}}}},
        {"time_zone": "Atlantis/Capital"},
        {"from": f"{DAY}T01:00:00Z", "to": f"{DAY}T01:00:00Z"},
    ],
)
def test_a_query_that_the_meter_cannot_answer_is_refused(server: httpx.Client, body: dict[str, Any]) -> None:
    meter_id = meter(server)

    answer = server.post(f"/meters/{meter_id}/query", json=body)

    assert answer.status_code == 400


def test_paths_lead_through_objects_lists_and_quoted_names(server: httpx.Client) -> None:
    meter_id = meter(server, value_property="$.a['b c'][1].n")
    send(server, "1", data={"a": {"b c": [{}, {"n": "2.25"}]}})
    send(server, "2", data={"a": {"b c": []}})

    rows = ask(server, meter_id)

    assert [row["value"] for row in rows] == ["2.25"]


def test_a_query_answers_in_csv_on_demand(server: httpx.Client, customer: str) -> None:
    meter_id = meter(server, dimensions={"model": "$.model"})
    send(server, "1", data={"n": 1, "model": "a, b"})
    send(server, "2", subject="stranger", data={"n": 2})
    body = {"group_by_dimensions": ["model", "customer_id", "subject"]}

    answer = server.post(f"/meters/{meter_id}/query", json=body, headers={"Accept": "text/csv"})

    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.text == (
        "from,to,subject,customer_id,customer_key,customer_name,model,value\n"
        f'2026-09-01T12:00:00Z,2026-09-01T12:01:00Z,acme,{customer},acme,Acme,"a, b",1\n'
        "2026-09-01T12:00:00Z,2026-09-01T12:01:00Z,stranger,,,,,2\n"
    )
