"""A row that looks like one that was certainly equal is taken for equal only where its own values say so, too."""

from __future__ import annotations

import json
from random import Random
from string import ascii_uppercase, digits
from typing import Any

import pytest

pytest.importorskip("msgspec", reason="typed rows are made by msgspec")

from msgspec import Raw

from billsync.api.promises import forms_of
from billsync.api.routes import routes
from billsync.core.sieve.form import Form, Surroundings, form_of
from billsync.core.sieve.links import alike_link_taker, link_taker
from billsync.core.sieve.lookalikes import Lookalikes
from billsync.core.sieve.members import Members
from billsync.core.sieve.page import page_decoder
from billsync.core.sieve.rows import Facts, Seen
from billsync.kinds.registry import KINDS
from billsync.live.protocol.encoding import decode
from billsync.model.address import Address
from billsync.model.crowd import Crowd
from tests.support.budgets import examples

KIND = KINDS["subscription"]
PLANS = {f"01PLAN{number}": Address("plan", (f"pro{number}",), version=number) for number in (1, 2)}
PARENTS = {f"01CUSTOMER{number}": f"c{number}" for number in range(1, 5)}


def want(number: int) -> dict[str, Any]:
    """The declaration of the customer of that number: the plans take turns, and the last one has its own mode."""
    own = {"settlement_mode": "credit_only", "billing_anchor": "2026-01-01T00:00:00Z"} if number == 4 else {}
    return {"plan": f"pro{number % 2 + 1}", **own}


def text(number: int) -> str:
    """The row that equals that declaration."""
    plan = number % 2 + 1
    row = {
        "id": f"01SUBSCRIPTION{number}",
        "name": "Pro 1",
        "customer_id": f"01CUSTOMER{number}",
        "plan": {"id": f"01PLAN{plan}", "key": f"pro{plan}", "version": plan},
        "plan_id": f"01PLAN{plan}",
        "invoice_currency": "USD",
        "settlement_mode": "credit_only",
        "billing_cadence": "P1M",
        "billing_anchor": "2026-01-01T00:00:00Z",
        "labels": {"billsync_key": "default", "billsync_plan": f"01PLAN{plan}"},
        "status": "active",
        "phases": [{"id": "01P1", "key": "main", "name": "Main", "active_from": "2026-01-01T00:00:00Z", "items": []}],
        "current_period": {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"},
        "active_from": "2026-01-01T00:00:00Z",
        "created_at": "2026-01-01T00:00:00.123456Z",
        "updated_at": "2026-01-01T00:00:00.123456Z",
    }
    return json.dumps(row)


@pytest.fixture
def form() -> Form:
    tables = routes("openmeter")["subscription"]
    known = {("plan", address.key) for address in PLANS.values()}
    around = Surroundings(PLANS, known, decode)
    return form_of(KIND, tables, forms_of(tables.collection), around)


@pytest.fixture
def members() -> Members:
    crowd = Crowd("customer", {key: {"key": key, "subscription": want(int(key[1:]))} for key in PARENTS.values()})
    pinned = {("plan", address.key): {"settlement_mode": "credit_only"} for address in PLANS.values()}
    found = Members(Facts(crowd, None, PLANS, pinned, frozenset()))
    found.parents.update(PARENTS)
    return found


def taken(form: Form, members: Members, row: str) -> Seen | None:
    """What the whole row says."""
    body = f'{{"data": [{row}], "meta": {{"page": {{"total": 1}}}}}}'.encode()
    page = page_decoder(form, link_taker(form, members, lambda raw: False))(body)
    return page.rows[0] if page is not None else None


def learned(form: Form, members: Members) -> Lookalikes:
    """The looks of all rows that are equal."""
    alike = Lookalikes(form)
    body = f'{{"data": [{",".join(map(text, range(1, 5)))}], "meta": {{"page": {{"total": 4}}}}}}'.encode()
    page = page_decoder(form, link_taker(form, members, lambda raw: False, None, alike))(body)
    assert page is not None
    assert all(row.equal for row in page.rows)
    return alike


def changed(row: str, random: Random) -> str:
    """A row that looks alike, with some other digits and capitals."""
    marks = [place for place, char in enumerate(row) if char in digits + ascii_uppercase]
    for place in random.sample(marks, random.choice((0, 1, 1, 1, 2, 4))):
        row = row[:place] + random.choice(digits if row[place] in digits else ascii_uppercase) + row[place + 1 :]
    return row


def test_rows_that_look_alike_are_what_they_are_by_themselves(form: Form, members: Members) -> None:
    alike, found = learned(form, members), 0
    known = alike_link_taker(alike, KIND, members, lambda raw: False)

    for seed in range(examples(3_000)):
        row = changed(text(seed % 4 + 1), Random(seed))
        seen = known(Raw(row.encode()))
        found += seen is not None
        assert seen is None or seen == taken(form, members, row), row

    assert found > examples(3_000) // 4


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"plan_id": "01PLAN1"', '"plan_id": "01PLAN2"'),
        ('"version": 1', '"version": 2'),
        ('"billsync_plan": "01PLAN1"', '"billsync_plan": "01PLAN9"'),
        ("2026-02-01T00:00:00Z", "2026-02-31T00:00:00Z"),
        ("01CUSTOMER2", "01CUSTOMER3"),
        ("01SUBSCRIPTION2", "01SUBSCRIPTION\\u0032"),
        ('"name": "Pro 1"', '"name": "pro 1"'),
        ('"status": "active"', '"status": "active", "status": "canceled"'),
    ],
)
def test_a_difference_that_counts_is_seen(form: Form, members: Members, old: str, new: str) -> None:
    known = alike_link_taker(learned(form, members), KIND, members, lambda raw: False)
    row = text(2)

    assert old in row
    assert known(Raw(row.encode())) is not None
    assert known(Raw(row.replace(old, new).encode())) is None


def test_an_anchor_counts_only_where_it_is_declared(form: Form, members: Members) -> None:
    known = alike_link_taker(learned(form, members), KIND, members, lambda raw: False)
    rows = [text(number).replace('anchor": "2026', 'anchor": "2025').encode() for number in (2, 4)]

    assert [known(Raw(row)) is not None for row in rows] == [True, False]


@pytest.mark.parametrize("more", ['"x": "\\u00e4"', '"x": "ä"', '"x": 1234567890123456789', '"id": "1"'])
def test_a_row_whose_look_may_hide_something_tells_nothing_of_others(form: Form, members: Members, more: str) -> None:
    alike = Lookalikes(form)
    row = text(2)[:-1] + f", {more}}}"
    body = f'{{"data": [{row}], "meta": {{"page": {{"total": 1}}}}}}'.encode()
    page_decoder(form, link_taker(form, members, lambda raw: False, None, alike))(body)

    assert alike.of(row.encode()) is None
