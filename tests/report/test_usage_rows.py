"""Usage that is read row by row says what all rows together say, or nothing."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("msgspec", reason="typed rows are made by msgspec")

from billsync.app.reading.metering import query, usage_by_customer
from billsync.app.reading.usage_rows import values_by_customer
from billsync.live.encoding import decode
from billsync.model.ports import Answer, RemoteError
from billsync.report.billing.usage import MeterSlice, by_customer

TIMES = '"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"'
SLICE = MeterSlice("m", b"{}")


def row(more: str, times: str = TIMES) -> str:
    return f"{{{times}, {more}}}"


def by_all_rows(content: bytes) -> Any:
    """The values by customer, or the error, when all is read at once."""
    remote = SimpleNamespace(call=lambda *_: Answer(200, decode(content)))
    try:
        return by_customer(query(SimpleNamespace(remote=remote), SLICE, {}))  # type: ignore[arg-type]
    except RemoteError as error:
        return str(error)


ACME = '"value": "12.5", "dimensions": {"customer_id": "acme"}'


@pytest.mark.parametrize(
    ("rows", "is_certain"),
    [
        ([], True),
        ([row(ACME), row(ACME.replace("acme", "beta")), row(ACME.replace("12.5", "0.1234567890123"))], True),
        ([row(ACME), row('"value": "7", "dimensions": {}')], True),
        ([row('"value": "7", "dimensions": {"customer_id": ""}')], True),
        ([row(ACME), row('"value": "1", "value": "-2", "dimensions": {"customer_id": "acme", "x": "y"}')], True),
        ([row(ACME.replace("acme", "\\u00e4"))], True),
        ([row('"value": "7"')], False),
        ([row('"value": "7", "dimensions": null')], False),
        ([row('"value": "7", "dimensions": {"customer_id": 7}')], False),
        ([row('"value": "7", "dimensions": {"customer_id": null}')], False),
        ([row('"value": 7, "dimensions": {"customer_id": "acme"}')], False),
        ([row('"value": "1e3", "dimensions": {"customer_id": "acme"}')], False),
        ([row('"value": "٣", "dimensions": {"customer_id": "acme"}')], False),
        ([row(ACME, '"from": "2026-01-01T00:00:00Z"')], False),
        ([row(ACME, TIMES.replace("02-01", "02-30"))], False),
        ([row(ACME), "7"], False),
        ([row(ACME + f', "x": {"[" * 600}{"]" * 600}')], False),
    ],
)  # fmt: skip
def test_rows_say_by_themselves_what_they_say_together(rows: list[str], is_certain: bool) -> None:
    content = f'{{"data": [{", ".join(rows)}], "from": 1}}'.encode()

    found = values_by_customer(content)

    assert (found is not None) == is_certain
    assert found is None or found == by_all_rows(content)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"data": null}', b'{"data": 7}', b'{"data": [}', b"\xff"])
def test_another_answer_is_left_to_the_full_reader(content: bytes) -> None:
    assert values_by_customer(content) is None


def test_an_answer_in_doubt_is_read_in_full() -> None:
    plain = [decode(row(ACME).encode())]
    remote = SimpleNamespace(ask=lambda *_: Answer(200, {"data": plain}))

    found = usage_by_customer(SimpleNamespace(remote=remote), SLICE, {})  # type: ignore[arg-type]

    assert found == {"acme": Decimal("12.5")}
