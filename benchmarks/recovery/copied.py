"""A server that shows a noted one many times over, for reads only: `copied EXCHANGES TIMES`.

Customers and all that is theirs are there `TIMES` times, each time under other ids; the catalog is there once. It costs
little, so that a snapshot of very many customers can be measured. It prints its address once it listens, and stops on
SIGTERM.
"""

from __future__ import annotations

import json
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from benchmarks.recovery.exchanges import exchanges
from billsync.local.http_server import LoopbackServer

ID = re.compile(r"\b01[0-9A-HJKMNP-TV-Z]{24}\b")
LISTS = ("/api/v3/openmeter/customers", "/api/v3/openmeter/subscriptions")
EVENTS = "/api/v3/openmeter/events"
KEY = re.compile('"key": "c[0-9]+')
DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Copied:
    """A WSGI application with the answers of noted exchanges."""

    def __init__(self, path: Path, times: int) -> None:
        self._times = times
        self._answers: dict[tuple[str, str], tuple[str, str]] = {}
        self._rows: dict[str, dict[str, str]] = {name: {} for name in LISTS}
        self._usage: dict[str, dict[str, str]] = {}
        noted = [(one.line.decode(), one.status.decode(), one.answer.decode()) for one in exchanges(path)]
        self._once = set(_catalog_ids(noted))
        for line, status, answer in (
            (self._as(line, 0), status, self._as(answer, 0)) for line, status, answer in noted
        ):
            method, _, address = line.partition(" ")
            place, _, query = address.partition("?")
            if place in LISTS:
                self._rows[place].update((row["id"], json.dumps(row)) for row in json.loads(answer)["data"])
            elif method == "POST":
                usage = ((row["dimensions"]["customer_id"], row["value"]) for row in json.loads(answer)["data"])
                self._usage.setdefault(place, {}).update(usage)
            else:
                self._answers[place, _without_time(query)] = status, answer
        self._listed = {name: tuple(rows[key] for key in sorted(rows)) for name, rows in self._rows.items()}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        place, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        if environ["REQUEST_METHOD"] == "POST":
            body = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
            status, answer = "200 OK", self._used(place, body)
        elif place in LISTS:
            status, answer = "200 OK", self._page(place, parse_qs(query))
        else:
            status, answer = self._noted(place, query)
        start_response(status, [("Content-Type", "application/json")])
        return [answer.encode()]

    def _noted(self, place: str, query: str) -> tuple[str, str]:
        copies = [name for name in ID.findall(place + query) if name not in self._once]
        copy = _copy(copies[0]) if copies else 0
        back = (self._as(text, 0) if copies else text for text in (place, _without_time(query)))
        status, answer = self._answers[tuple(back)]  # type: ignore[index]
        return status, self._as(answer, copy)

    def _page(self, place: str, query: dict[str, list[str]]) -> str:
        rows, size = self._listed[place], int(query["page[size]"][0])
        first = (int(query["page[number]"][0]) - 1) * size
        total = len(rows) * self._times
        shown = (self._row(rows[at % len(rows)], at // len(rows)) for at in range(first, min(first + size, total)))
        return f'{{"data":[{",".join(shown)}],"meta":{{"page":{{"total":{total}}}}}}}'

    def _row(self, row: str, copy: int) -> str:
        return KEY.sub(lambda found: f"{found[0]}-{copy}", self._as(row, copy), count=1)

    def _used(self, place: str, body: dict[str, Any]) -> str:
        named = body.get("filters", {}).get("dimensions", {}).get("customer_id", {}).get("in")
        span = {name: body[name] for name in ("from", "to")}
        rows = [
            {**span, "value": self._usage[place][known], "dimensions": {"customer_id": name}}
            for name in named or self._everybody(place)
            if (known := self._as(name, 0)) in self._usage[place]
        ]
        return json.dumps({**span, "data": rows})

    def _everybody(self, place: str) -> Iterator[str]:
        return (self._as(name, copy) for name in self._usage[place] for copy in range(self._times))

    def _as(self, text: str, copy: int) -> str:
        """The text with the ids of a copy; those of the catalog stay."""
        digits = "".join(DIGITS[copy >> shift & 31] for shift in (10, 5, 0))
        return ID.sub(
            lambda found: found[0] if found[0] in self._once else found[0][:10] + digits + found[0][13:], text
        )


def _catalog_ids(noted: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    """The ids in answers about nobody, and of the plans whose add-ons are read."""
    for line, _, answer in noted:
        address = line.partition("?")[0]
        if "/plans/" in address or (not ID.search(address) and not address.endswith((*LISTS, EVENTS))):
            yield from ID.findall(address + answer)


def _copy(name: str) -> int:
    return sum(DIGITS.index(digit) << shift for digit, shift in zip(name[10:13], (10, 5, 0), strict=True))


def _without_time(query: str) -> str:
    return re.sub("filter%5Btime%5D[^&]*", "", query)


def main() -> None:
    """Serve until a signal asks to stop."""
    path, times = sys.argv[1:]
    app = Copied(Path(path), int(times))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = LoopbackServer(app, listener)
        signal.signal(signal.SIGTERM, lambda number, frame: server.stop())
        print(f"http://127.0.0.1:{server.port}/api/v3", flush=True)
        server.run()
        server.close_all()


if __name__ == "__main__":
    main()
