"""Right files with anything put in any place: loading never raises, and a null where none may be is never silent."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.config import load
from billsync.config.text.node import plain
from billsync.config.text.outside import Outside
from billsync.config.text.reader import read
from billsync.kinds.registry import KINDS
from billsync.model.diagnostic import Diagnostic
from tests.support.budgets import examples

GOOD = sorted((Path(__file__).parent / "files" / "good").iterdir())
READ = [read(path.read_bytes(), path.name, outside=Outside()) for path in GOOD]
DOCUMENTS = [plain(document) for file in READ for document in file.documents]

ODD = [None, True, 0, -1, "", "x" * 300, "9" * 6000, "1e5", "P", "P0D", "P9999999999Y", "2026-13-45T99:99:99Z"]
TIMES = ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-12:00", "USD", "line\n", "\u2028", "*", "["]
NESTED = [[], {}, [[]], [None], {"a": None}, {"type": "unit"}, {"type": ["x"]}, [{"key": "a"}, {"key": "a"}], {"": ""}]
VALUES = st.one_of(st.sampled_from([*ODD, *TIMES, *NESTED]), st.integers(), st.text(max_size=5))


def paths(value: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield (*path, name)
        yield from paths(member, (*path, name))


def with_value(document: object, path: tuple[object, ...], value: object) -> object:
    if not path:
        return value
    copied = dict(document) if isinstance(document, dict) else list(document)  # type: ignore[call-overload]
    copied[path[0]] = with_value(copied[path[0]], path[1:], value)
    return copied


def load_document(document: object) -> tuple[Diagnostic, ...]:
    text = json.dumps(document, default=lambda number: float(number) if isinstance(number, Decimal) else None)
    _, diagnostics = load(["-"], registry=KINDS, stdin=io.StringIO(text))
    return diagnostics


@settings(deadline=None, max_examples=examples(200))
@given(st.data())
def test_anything_in_any_place_is_an_error_or_a_value_and_never_raises(data: st.DataObject) -> None:
    document = data.draw(st.sampled_from(DOCUMENTS))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([(), *paths(document)]))
        document = with_value(document, path, data.draw(VALUES))

    diagnostics = load_document(document)

    assert all(found.position is not None and found.code and found.summary for found in diagnostics)


@settings(deadline=None, max_examples=examples(100))
@given(st.data())
def test_an_unknown_field_is_an_error_in_every_map(data: st.DataObject) -> None:
    """Only labels, dimensions and the like have keys of a person's own; and the settings of an entitlement."""
    free = {"labels", "dimensions", "filters", "rate_cards", "config"}
    document = data.draw(st.sampled_from(DOCUMENTS))
    maps = [
        path for path in [(), *paths(document)] if not free & {path[-1] if path else "", *path[:-1]} - {"rate_cards"}
    ]
    holders = [path for path in maps if isinstance(at(document, path), dict) and path != ("rate_cards",)]
    path = data.draw(st.sampled_from(holders))

    diagnostics = load_document(with_value(document, path, {**at(document, path), "surprise": 1}))

    assert "unknown-field" in [found.code for found in diagnostics]


def at(document: object, path: tuple[object, ...]) -> dict[str, object]:
    for part in path:
        document = document[part]  # type: ignore[index]
    return document  # type: ignore[return-value]
