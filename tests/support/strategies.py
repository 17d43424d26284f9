"""Hypothesis strategies made from the shapes: values that a kind's schema accepts, in all their spellings."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from billsync.model.kind import Absent, Kind
from billsync.model.shape import (
    Anything,
    Boolean,
    Duration,
    Field,
    Integer,
    LabelMap,
    Lazy,
    ListOf,
    MapOf,
    Number,
    Record,
    Reference,
    Shape,
    Text,
    Timestamp,
    Variant,
)
from billsync.model.value import Fields, decimal_text

Values = st.SearchStrategy[Any]

KEYS = st.sampled_from(["a", "b2", "long_key", "api_requests"])
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)


_MADE: dict[str, st.SearchStrategy[Fields]] = {}


def entities(kind: Kind) -> st.SearchStrategy[Fields]:
    """Declared fields of a kind, as its expanded schema accepts them; refused fields are never given."""
    if kind.name not in _MADE:
        _MADE[kind.name] = _record(kind.record, may_be_null=kind.absent is Absent.NOT_MANAGED)
    return _MADE[kind.name]


def _record(record: Record, *, may_be_null: bool = False) -> st.SearchStrategy[Fields]:
    known = {name: item for name, item in record.fields.items() if item.refused is None}
    if record.exactly_one:
        return st.sampled_from(sorted(known)).flatmap(
            lambda name: st.fixed_dictionaries({name: values(known[name].shape)})
        )
    required = {name: values(item.shape) for name, item in known.items() if item.required}
    optional = {name: _optional(item, may_be_null=may_be_null) for name, item in known.items() if not item.required}
    return st.fixed_dictionaries(required, optional=optional)


def _optional(item: Field, *, may_be_null: bool) -> Values:
    if not may_be_null or item.default is not None:
        return values(item.shape)
    inner = item.shape
    merged = isinstance(inner, Record) and inner.merged
    given = _record(inner, may_be_null=True) if isinstance(inner, Record) and merged else values(inner)
    return st.one_of(given, st.none())


def values(shape: Shape) -> Values:
    """Values of a shape."""
    return _MAKERS[type(shape)](shape)


def _text(shape: Text) -> Values:
    if shape.choices:
        return st.sampled_from(shape.choices)
    if shape.pattern:
        longest = shape.maximum or 20
        return st.from_regex(re.compile(shape.pattern, re.ASCII), fullmatch=True).filter(
            lambda text: shape.minimum <= len(text) <= longest and not text.endswith("\n")
        )
    texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=shape.minimum, max_size=24)
    return texts.filter(lambda text: shape.maximum is None or len(text) <= shape.maximum)


def _number(shape: Number) -> Values:
    lowest = shape.minimum if shape.minimum is not None else shape.above or Decimal(0)
    highest = shape.maximum if shape.maximum is not None else Decimal(1_000_000)
    quarters = st.integers(int(lowest) * 4 + (shape.above is not None), int(highest) * 4).map(lambda n: Decimal(n) / 4)
    finer = st.decimals(Decimal("0.000001"), min(highest, Decimal(100)), places=6)
    exact = quarters if shape.bits else st.one_of(quarters, finer)
    return exact.flatmap(spellings)


def spellings(number: Decimal) -> Values:
    """One number as people write it: plain, as text, with zeros at the end."""
    text = decimal_text(number)
    longer = text + ("00" if "." in text else ".0")
    return st.sampled_from([number, text, longer, Decimal(longer), f"0{text}"])


def _whole(shape: Integer) -> Values:
    numbers = st.integers(shape.minimum or 0, shape.maximum if shape.maximum is not None else 1000)
    return st.one_of(numbers, st.sampled_from(shape.words)) if shape.words else numbers


def _duration(shape: Duration) -> Values:
    if shape.choices:
        return st.sampled_from([*shape.choices, "P1M0D", "P1Y0M", "P01W"])
    dates = st.tuples(*[st.integers(0, 30)] * 4).map("P{0[0]}Y{0[1]}M{0[2]}W{0[3]}D".format)
    times = st.tuples(*[st.integers(0, 90)] * 3).map("T{0[0]}H{0[1]}M{0[2]}S".format)
    return st.tuples(dates, st.one_of(times, st.just(""))).map("".join).filter(lambda text: re.search("[1-9]", text))


def _moment(shape: Timestamp) -> Values:
    zones = st.sampled_from(["Z", "+02:00", "-11:30"])
    fractions = st.just("") if shape.seconds else st.sampled_from(["", ".5", ".123456", ".000"])
    times = st.datetimes(min_value=_year(1990), max_value=_year(2090)).map(
        lambda time: time.strftime("%Y-%m-%dT%H:%M:%S")
    )
    return st.tuples(times, fractions, zones).map("".join)


def _year(year: int) -> Any:
    from datetime import datetime

    return datetime(year, 1, 1)  # noqa: DTZ001 (hypothesis wants naive bounds)


def _labels(shape: LabelMap) -> Values:
    words = st.sampled_from(["team", "cost-center", "v1.22", "A1"])
    return st.dictionaries(words, words, max_size=3)


def _json(shape: Anything) -> Values:
    leaves = st.one_of(WORDS, st.booleans(), st.integers(-5, 5), st.decimals(-5, 5, places=2))
    return st.recursive(
        leaves, lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(WORDS, inner, max_size=2))
    )


def _many(shape: ListOf) -> Values:
    items = values(shape.item)
    unique_by = (lambda member: str(member.get(shape.key))) if shape.key else None
    largest = max(shape.minimum, 2)
    return st.lists(items, min_size=shape.minimum, max_size=largest, unique_by=unique_by)


def _table(shape: MapOf) -> Values:
    return st.dictionaries(KEYS, values(shape.value), max_size=2)


def _whole_record(shape: Record) -> Values:
    if shape.short is None:
        return _record(shape)
    return st.one_of(_record(shape), values(shape.fields[shape.short].shape))


def _variant(shape: Variant) -> Values:
    return st.one_of(*(_case(shape.tag, tag, record) for tag, record in shape.cases.items()))


def _case(tag_name: str, tag: str, record: Record) -> Values:
    return _record(record).map(lambda fields: {tag_name: tag, **fields})


_MAKERS: dict[type, Callable[[Any], Values]] = {
    Text: _text,
    Number: _number,
    Integer: _whole,
    Boolean: lambda shape: st.booleans(),
    Duration: _duration,
    Timestamp: _moment,
    LabelMap: _labels,
    Reference: lambda shape: KEYS,
    Anything: _json,
    ListOf: _many,
    MapOf: _table,
    Record: _whole_record,
    Variant: _variant,
    Lazy: lambda shape: st.deferred(lambda: values(shape.get())),
}
