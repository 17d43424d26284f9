"""Typed rows: what a page may hold, and which values are certainly equal."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

pytest.importorskip("msgspec", reason="typed rows are made by msgspec")

from billsync.api.promises import forms_of
from billsync.api.routes import routes
from billsync.core.sieve.comparing import ByNames, same
from billsync.core.sieve.form import Surroundings, form_of
from billsync.core.sieve.page import page_decoder
from billsync.kinds.registry import KINDS
from billsync.live.protocol.encoding import decode
from billsync.model.ports import Page
from billsync.model.shape import Boolean, Duration, Integer, LabelMap, ListOf, Number, Shape, Text, Timestamp


def page(more: bytes) -> Page[Any] | None:
    """The page with one customer that has this besides its id and name."""
    tables = routes("openmeter")["customer"]
    form = form_of(KINDS["customer"], tables, forms_of(tables.collection), Surroundings({}, set(), decode))
    body = b'{"data":[{"id":"01","key":"acme","name":"Acme"%s}],"meta":{"page":{"total":1}}}' % more
    return page_decoder(form, lambda row: row)(body)


@pytest.mark.parametrize(
    "more", [b"", b', "x": [1, 2.5e3, null, {"y": "\\u00e4"}]', b', "labels": null', b', "x": 1e999']
)
def test_a_page_of_rows_that_fit_is_read(more: bytes) -> None:
    found = page(more)

    assert found is not None
    assert found.rows[0].f_key == "acme"


@pytest.mark.parametrize(
    "more",
    [
        b', "x": "\xff"', b', "x": "\\ud800"', b', "x": NaN', b', "x": 01', b', "x": "\x01"',
        b', "x": 1' + b"0" * 5_000, b', "x": ' + b"[" * 600 + b"]" * 600, b', "name": 1', b', "name": null',
        b', "labels": {"a": 1}', b', "labels": []',
        b', "deleted_at": "soon"', b', "created_at": "2026-02-29T00:00:00Z"', b', "created_at": "2026-02-28 00:00:00Z"',
        b', "usage_attribution": {"subject_keys": null}', b', "currency": true', b', "primary_email": {}',
    ],
)  # fmt: skip
def test_a_page_that_readers_may_take_differently_is_in_doubt(more: bytes) -> None:
    assert page(more) is None


EQUAL: tuple[tuple[Shape, Any, Any], ...] = (
    (Text(), "a", "a"),
    (Number(), "500.50", "500.5"),
    (Number(), Decimal("500.5"), "500.50"),
    (Number(), 500, "500"),
    (Integer(), 5, 5),
    (Boolean(), True, True),
    (Timestamp(seconds=True), "2026-09-01T02:00:00.9+02:00", "2026-09-01T00:00:00Z"),
    (Duration(), "P1Y0D", "P1Y"),
    (LabelMap(), {"a": "1"}, {"a": "1", "b": "2"}),
    (ListOf(Text(), as_set=True), ["a", "b"], ["b", "a"]),
)
DOUBTFUL: tuple[tuple[Shape, Any, Any], ...] = (
    (Text(), "1", 1),
    (Text(), "", ""),
    (Text(), None, None),
    (Text(), "a", "A"),
    (Number(), "500.50", "500.05"),
    (Number(), True, "1"),
    (Number(), "x", "y"),
    (Integer(), 1, True),
    (Integer(), True, 1),
    (Integer(), Decimal(1), 1),
    (Boolean(), True, 1),
    (Timestamp(), "2026-09-01T00:00:00.1Z", "2026-09-01T00:00:00Z"),
    (Duration(), "P1Y", "P12M"),
    (LabelMap(), {"a": "1"}, {"a": "2"}),
    (LabelMap(), {"a": "1"}, None),
    (LabelMap(), {"billsync_owner": "a"}, {"billsync_owner": "a"}),
    (ListOf(Text()), ["a", "b"], ["b", "a"]),
    (ListOf(Text(), as_set=True), ["a"], ["a", "b"]),
    (ListOf(Text(), as_set=True), [], []),
)


@pytest.mark.parametrize(("shape", "want", "have"), EQUAL)
def test_values_are_equal_however_they_are_written(shape: Shape, want: Any, have: Any) -> None:
    compared = same(shape, set())

    assert compared is not None
    assert compared(want, have) is True


@pytest.mark.parametrize(("shape", "want", "have"), DOUBTFUL)
def test_values_that_may_differ_are_in_doubt(shape: Shape, want: Any, have: Any) -> None:
    compared = same(shape, set())

    assert compared is not None
    assert not compared(want, have)


class Row:
    """A typed row of two texts and a number."""

    f_a, f_b, f_n = "x", None, 1


@pytest.mark.parametrize(
    ("want", "is_equal"),
    [
        ({"a": "x"}, True),
        ({"n": 1, "a": "x"}, True),
        ({"a": "x", "b": None}, False),
        ({"a": "x", "b": "x"}, False),
        ({"a": "x", "n": True}, False),
        ({"a": "x", "skipped": object()}, True),
        ({"a": "x", "other": "x"}, False),
    ],
)
def test_the_texts_of_a_map_are_compared_at_once(want: Any, is_equal: bool) -> None:
    parts = {"a": same(Text(), set()), "b": same(Text(), set()), "n": same(Integer(), set()), "none": None}
    alike = ByNames(parts, skipped=["skipped"])

    assert [alike.of(want)(want, Row()) for _ in range(2)] == [is_equal] * 2
