"""Rows that API v3 doesn't have are noticed before anything is read out of them."""

from __future__ import annotations

import pytest

from billsync.api.routes import routes
from billsync.core.row_form import malformed
from billsync.kinds.registry import KINDS

TABLES = routes("openmeter")
PLAN = {
    "id": "01",
    "key": "pro",
    "version": 1,
    "status": "active",
    "phases": [{"key": "d", "rate_cards": [{"key": "api", "feature": {"id": "02"}, "price": {"type": "free"}}]}],
}
LINK = {"id": "01", "customer_id": "02", "status": "active", "labels": {}, "plan": {"id": "03"}}


@pytest.mark.parametrize(
    ("kind", "row", "fault"),
    [
        ("plan", PLAN, None),
        ("plan", {**PLAN, "version": None}, "version: None"),
        ("plan", {**PLAN, "version": True}, "version: True"),
        ("plan", {**PLAN, "status": 1}, "status: 1"),
        ("plan", {**PLAN, "phases": {}}, "phases: {}"),
        ("plan", {**PLAN, "phases": [3]}, "phases.0: 3"),
        ("plan", {**PLAN, "phases": [{"rate_cards": [{"feature": "02"}]}]}, "phases.0.rate_cards.0.feature: '02'"),
        ("plan", {**PLAN, "phases": [{"rate_cards": [{"price": "1"}]}]}, "phases.0.rate_cards.0.price: '1'"),
        ("plan", {**PLAN, "name": ["Pro"]}, "name: ['Pro']"),
        ("customer", {"id": "01", "key": "acme", "labels": True}, "labels: True"),
        ("customer", {"id": "01", "key": "acme", "labels": {"billsync_owner": {}}}, "labels: {'billsync_owner': {}}"),
        ("customer", {"id": "01"}, "key: None"),
        ("subscription", LINK, None),
        ("subscription", {**LINK, "plan": "x"}, "plan: 'x'"),
        ("subscription", {**LINK, "customer_id": None}, "customer_id: None"),
        ("grant", {"id": "01", "status": "active"}, None),
    ],
)
def test_a_row_of_another_form_is_named_by_its_field(kind: str, row: dict[str, object], fault: str | None) -> None:
    found = malformed(KINDS[kind], row, TABLES[kind])

    assert found == fault
