"""Rows that look alike: what is taken after one of them was checked keeps the API's promises in full."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest

pytest.importorskip("msgspec", reason="typed rows are made by msgspec")

from billsync.api.promises import forms_of
from billsync.api.routes import routes
from billsync.core.sieve.form import Form, Surroundings, form_of
from billsync.core.sieve.page import page_decoder
from billsync.kinds.registry import KINDS
from billsync.live.lists.door import check_rows
from billsync.live.protocol.encoding import NotJson, decode
from billsync.model.ports import RemoteError

TABLES = routes("openmeter")["subscription"]
AT, LATER = "2026-01-31T10:00:00Z", "2026-03-01T00:00:00.123Z"
CARD = {"key": "seats", "name": "Seats 10", "price": {"type": "unit", "amount": "1.25"}, "feature": {"id": "01K5E3Z7A"}}
ROW: dict[str, Any] = {
    "id": "01K5E3Z7AB",
    "customer_id": "01K5E3Z7AC",
    "plan": {"id": "01K5E3Z7AD", "key": "small", "version": 12},
    "plan_id": "01K5E3Z7AD",
    "status": "active",
    "billing_anchor": AT,
    "billing_cadence": "P1M",
    "labels": {"billsync_key": "default"},
    "settlement_mode": "credit_only",
    "pro_rating_config": {"enabled": True},
    "current_period": {"from": AT, "to": LATER},
    "phases": [
        {"key": "default", "active_from": AT, "items": [{"id": "01K", "active_from": LATER, "rate_card": CARD}]},
        {"key": "main", "active_from": LATER, "active_to": AT, "items": [{"id": "02K", "rate_card": CARD}] * 2},
    ],
    "active_from": AT,
    "created_at": LATER,
}
TOKENS = (
    b"null", b"true", b"1", b"1.5", b"1E5", b"01", b'""', b'"A"', b"{}", b"[]", b'{"a": 1, "A": 2}', b'"\\u0041"',
    b'"\\uD800"', b'"2026-02-29T10:00:00Z"', b'"2024-02-29T10:00:00Z"', b'"2026-01-31 10:00:00Z"',
    b'"2026-13-31T10:00:00Z"', b'"2026-01-31T10:00:00A"', b'"2026-01-31T25:00:00Z"', b'"2026-01-31T10:00:00+02:00"',
)  # fmt: skip
SPELLED = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9.]+|true|null')


def form() -> Form:
    return form_of(KINDS["subscription"], TABLES, forms_of(TABLES.collection), Surroundings({}, set(), decode))


def taken(of: Form, row: bytes) -> bool:
    """Whether a row is taken as typed, and so needs no check by the full code; its joint fields are read later."""
    page = page_decoder(of, lambda row: row)(b'{"data":[%b],"meta":{"page":{"total":1}}}' % row)
    assert of.joint is not None
    return page is not None and all(map(of.joint.keeps, page.rows))


def is_promised(row: bytes) -> bool:
    """Whether the full code takes a row."""
    try:
        check_rows(TABLES.collection, [decode(row)])  # type: ignore[list-item]
    except (NotJson, RemoteError):
        return False
    return True


def changed(row: bytes, chance: random.Random) -> bytes:
    """The row with a character, a value or a name changed, mostly such that it still looks alike."""
    match chance.randrange(6):
        case 0 | 1 | 2:
            place, sign = chance.choice([*enumerate(row)])
            signs = b"0123456789" if chr(sign).isdigit() else b"ABTZEU" if chr(sign).isupper() else b'"\\{}[],: aA0\xc3'
            return row[:place] + bytes([chance.choice(signs)]) + row[place + 1 :]
        case 3:
            found = chance.choice([*SPELLED.finditer(row)])
            return row[: found.start()] + chance.choice(TOKENS) + row[found.end() :]
        case 4:
            one, other = sorted(chance.sample([*SPELLED.finditer(row)], 2), key=re.Match.start)
            return row[: one.start()] + other[0] + row[one.end() : other.start()] + one[0] + row[other.end() :]
    found = chance.choice([*re.finditer(rb'"[a-z_]+": ', row)])
    return row[: found.start()] + found[0] + chance.choice(TOKENS) + b", " + row[found.start() :]


def test_a_row_that_looks_like_one_that_was_checked_is_taken() -> None:
    warm = form()
    rows = [json.dumps(ROW).encode(), json.dumps(ROW).replace("01K5", "77Z9").replace("-31T10", "-28T23").encode()]

    assert [taken(warm, row) for row in rows * 2] == [True] * 4


@pytest.mark.parametrize("seed", range(2))
def test_what_is_taken_by_its_look_keeps_the_promises(seed: int) -> None:
    chance, warm = random.Random(seed), form()
    assert taken(warm, json.dumps(ROW).encode())

    wrong = []
    for _ in range(2_000):
        row = json.dumps(ROW).encode()
        for _ in range(chance.randint(1, 3)):
            row = changed(row, chance)
        if taken(warm, row) and not is_promised(row):
            wrong.append(row)

    assert wrong == []
