"""How the embedded server's own work grows with its rows: CPU of requests in this process, without a socket or client.

Run it as `python -m benchmarks.embedded [ROWS...]`. It makes that many customers with a subscription each, that many
events of many customers, and that many of one. A growth of 1 is in step with the rows. `1000 100000 1000000 --only
events` shows meter queries over a million events, in four minutes.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from math import log
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote

from benchmarks.reconcile import declared
from billsync.local.app import create_app

ROOT = "/api/v3/openmeter"
START = datetime(2026, 11, 1, tzinfo=UTC)
MONTH = {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}
LOT = 100
PAGE = 100
SIZES = (1_000, 10_000)
SUBJECTS = 1_000
SPREAD = 2_000_000
"""Seconds over which events lie."""

Fields = dict[str, Any]


@dataclass(slots=True)
class Embedded:
    """An embedded server over a file, and its clock. `seconds` is the CPU of the last request."""

    file: Path
    now: datetime = START
    seconds: float = 0.0
    app: Any = field(init=False)

    def __post_init__(self) -> None:
        self.app = create_app(str(self.file), clock=lambda: self.now)

    def ask(self, method: str, target: str, body: object = None) -> Any:
        """The body of the answer. Raises RuntimeError unless it is a success."""
        path, _, query = target.partition("?")
        content = b"" if body is None else json.dumps(body).encode()
        environ = {
            "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": unquote(ROOT + path), "QUERY_STRING": query,
            "SERVER_NAME": "local", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "local",
            "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(content)), "wsgi.input": BytesIO(content),
            "wsgi.url_scheme": "http", "wsgi.errors": BytesIO(), "wsgi.version": (1, 0), "wsgi.multithread": False,
            "wsgi.multiprocess": False, "wsgi.run_once": False,
        }  # fmt: skip
        status: list[str] = []
        began = time.process_time()
        answer = b"".join(self.app(environ, lambda line, headers, error=None: status.append(line)))
        self.seconds = time.process_time() - began
        if not status[0].startswith("2"):
            raise RuntimeError(f"{method} {target}: {status[0]} {answer[:500]!r}")
        return json.loads(answer) if answer else None


def with_catalog(file: Path) -> tuple[Embedded, str, str]:
    """A server with a plan that bills a meter; the ids of the meter and the plan."""
    server = Embedded(file)
    meter = server.ask("POST", "/meters", {**declared.meter(0), "key": "meter"})["id"]
    feature = server.ask("POST", "/features", {"key": "used", "name": "Used", "meter": {"id": meter}})["id"]
    price = {"type": "unit", "amount": "0.01"}
    card = {"key": "used", "name": "Used", "feature": {"id": feature}, "billing_cadence": "P1M", "price": price}
    phases = [{"key": "default", "name": "Default", "rate_cards": [card]}]
    body = {"key": "plan", "name": "Plan", "currency": "USD", "billing_cadence": "P1M", "phases": phases}
    plan = server.ask("POST", "/plans", body)["id"]
    server.ask("POST", f"/plans/{plan}/publish")
    return server, meter, plan


def event(number: int, subject: str) -> Fields:
    """A record of usage."""
    moment = START + timedelta(seconds=number * 7919 % SPREAD)
    return {
        "id": f"event-{number}",
        "source": "bench",
        "specversion": "1.0",
        "type": "used_0",
        "subject": subject,
        "time": moment.isoformat().replace("+00:00", "Z"),
        "data": {"amount": number % 17, "route": f"route-{number % 5}", "model": "m"},
    }


def ingested(server: Embedded, count: int, subject: Callable[[int], str]) -> float:
    """CPU seconds of sending so many events, in lots."""
    spent = 0.0
    for begin in range(0, count, LOT):
        server.ask("POST", "/events", [event(number, subject(number)) for number in range(begin, begin + LOT)])
        spent += server.seconds
    server.now = START + timedelta(seconds=SPREAD)
    return spent


def lists(rows: int, file: Path) -> Iterator[tuple[str, float]]:
    """All customers and subscriptions, page by page; counting those of a plan; making them."""
    server, _, plan = with_catalog(file)
    made = 0.0
    for number in range(rows):
        customer = server.ask("POST", "/customers", declared.customer(number))["id"]
        made += server.seconds
        server.ask("POST", "/subscriptions", {"customer": {"id": customer}, "plan": {"id": plan}})
        made += server.seconds
    yield "creates of customers and subscriptions", made
    for name in ("customers", "subscriptions"):
        yield f"list of {name}", sum(_pages(server, name, rows))
    server.ask("GET", f"/subscriptions?filter[plan_id]={plan}&page[size]=1")
    yield "count of a plan's subscriptions", server.seconds


def _pages(server: Embedded, name: str, rows: int) -> Iterator[float]:
    for number in range(1, -(-rows // PAGE) + 1):
        found = server.ask("GET", f"/{name}?sort=id&page[size]={PAGE}&page[number]={number}")
        assert found["data"]
        yield server.seconds


def events(rows: int, file: Path) -> Iterator[tuple[str, float]]:
    """Events of many customers, and what meters are asked."""
    server, meter, _ = with_catalog(file)
    for number in range(min(rows, SUBJECTS)):
        server.ask("POST", "/customers", declared.customer(number))
    yield "events in lots of 100", ingested(server, rows, lambda number: f"subject-{number % SUBJECTS:06}-a")
    for name, more in QUERIES.items():
        server.ask("POST", f"/meters/{meter}/query", {**MONTH, **more})
        yield f"meter query, {name}", server.seconds


QUERIES: Mapping[str, Fields] = {
    "total": {},
    "by customer": {"group_by_dimensions": ["customer_id"]},
    "by hour and route": {"granularity": "PT1H", "group_by_dimensions": ["route"]},
}


def balances(rows: int, file: Path) -> Iterator[tuple[str, float]]:
    """The balance of one customer, who has used credit that often."""
    server, _, plan = with_catalog(file)
    customer = server.ask("POST", "/customers", declared.customer(0))["id"]
    grant = {"key": "all", "name": "All", "amount": "1000000", "currency": "USD", "funding_method": "none"}
    server.ask("POST", f"/customers/{customer}/credits/grants", grant)
    mode = {"settlement_mode": "credit_only"}
    server.ask("POST", "/subscriptions", {"customer": {"id": customer}, "plan": {"id": plan}, **mode})
    ingested(server, rows, lambda number: "subject-000000-a")
    for name in ("first", "again"):
        server.ask("GET", f"/customers/{customer}/credits/balance")
        yield f"balance of one customer, {name}", server.seconds


PARTS = (lists, events, balances)


def main() -> None:
    """Print a line for each request and size."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.embedded", description=__doc__)
    options.add_argument("rows", type=int, nargs="*", help=f"default: {SIZES}")
    options.add_argument("--only", choices=[part.__name__ for part in PARTS], action="append")
    given = options.parse_args()
    print(f"{'request':40} {'rows':>9} {'CPU s':>9} {'µs/row':>9} {'rows/s':>11}  growth")
    for part in PARTS:
        if not given.only or part.__name__ in given.only:
            _print_part(part, given.rows or SIZES)


def _print_part(part: Callable[[int, Path], Iterator[tuple[str, float]]], sizes: tuple[int, ...]) -> None:
    before: dict[str, tuple[int, float]] = {}
    for rows in sizes:
        with TemporaryDirectory() as folder:
            for name, seconds in part(rows, Path(folder) / "local.db"):
                line = f"{name:40} {rows:9,} {seconds:9.3f} {seconds / rows * 1e6:9.1f} {rows / seconds:11,.0f}"
                print(f"{line}  {_growth(before.get(name), rows, seconds)}".rstrip(), flush=True)
                before[name] = (rows, seconds)


def _growth(before: tuple[int, float] | None, rows: int, seconds: float) -> str:
    return f"{log(seconds / before[1]) / log(rows / before[0]):.2f}" if before else ""


if __name__ == "__main__":
    main()
