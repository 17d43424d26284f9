"""What a real server was seen to show is never refused as unknown, and passes the door."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from billsync.api.promises import promise_of
from billsync.api.routes import routes
from billsync.core.observed.row_validation import unknown_in
from billsync.kinds.registry import KINDS
from billsync.live.lists.door import check_rows
from tests.conformance.scenario import chosen_folder, scenarios_in
from tests.support.promised_rows import rows_of

BASE = "/api/v3"
COLLECTIONS = {
    name: re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(known.collection)))
    for name, known in routes("openmeter").items()
}


def recorded_reads() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The path and the rows, but for deleted ones, of every successful read of API v3."""
    for scenario in scenarios_in(chosen_folder()):
        for line in scenario.path.read_text(encoding="utf-8").splitlines()[1:]:
            exchange = json.loads(line, parse_float=Decimal)
            request, response = exchange["request"], exchange["response"]
            body = response.get("body")
            is_read = request["method"] == "GET" and response["status"] == 200 and request["path"].startswith(BASE)
            if is_read and isinstance(body, dict):
                path = request["path"].removeprefix(BASE)
                yield path, [row for row in rows_of(promise_of(path), body) if not row.get("deleted_at")]


def test_no_recorded_row_is_refused() -> None:
    refused: set[str] = set()
    tried = 0
    for path, rows in recorded_reads():
        check_rows(path, rows)
        kind = next((name for name, pattern in COLLECTIONS.items() if pattern.fullmatch(path)), None)
        for row in rows if kind in KINDS else ():
            tried += 1
            refused.update(f"{kind} {fault}" for fault in unknown_in(KINDS[str(kind)], row))

    assert (refused, tried > 100) == (set(), True)
