"""The POSTs that create a whole configuration, ten at a time, by one client or another."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from benchmarks.reconcile.declared import OWNER, Fields

AT_ONCE = 10
OWNED = {"billsync_owner": OWNER}

Post = tuple[str, Fields]
Took = Callable[[Fields], Iterator["Request"]]
Request = tuple[Post, Took]
"""A POST, and what follows from its answer."""

Ask = Callable[[Iterator[Request]], None]


def created(whole: Fields, ask: Ask) -> None:
    """Create all of a configuration. `ask` makes requests, and those that follow from their answers."""
    ids: dict[str, str] = {}

    def noted(name: str, row: Fields) -> Iterator[Request]:
        ids[name] = row["id"]
        yield from ()

    for collection, body in CATALOG.items():
        ask(
            (("/" + collection, body(one, ids)), partial(noted, f"{collection}/{one['key']}"))
            for one in whole[collection]
        )
    ask(((f"/plans/{ids['plans/' + plan['key']]}/publish", {}), _nothing) for plan in whole["plans"])
    ask(_customer(one, ids) for one in whole["customers"])


def _customer(customer: Fields, ids: Mapping[str, str]) -> Request:
    body = {name: value for name, value in customer.items() if name not in ("subscription", "grants")}

    def rest(row: Fields) -> Iterator[Request]:
        plan = ids[f"plans/{customer['subscription']['plan']}"]
        labels = {**OWNED, "billsync_key": "default", "billsync_plan": plan}
        yield ("/subscriptions", {"customer": {"id": row["id"]}, "plan": {"id": plan}, "labels": labels}), _nothing
        for grant in customer.get("grants", ()):
            yield (f"/customers/{row['id']}/credits/grants", _owned(grant)), _nothing

    return ("/customers", _owned(body)), rest


def _nothing(_: Fields) -> Iterator[Request]:
    yield from ()


def _owned(fields: Fields) -> Fields:
    return {**fields, "labels": {**fields.get("labels", {}), **OWNED}}


def _feature(fields: Fields, ids: Mapping[str, str]) -> Fields:
    return _owned({**fields, "meter": {"id": ids[f"meters/{fields['meter']}"]}})


def _plan(fields: Fields, ids: Mapping[str, str]) -> Fields:
    (phase,) = fields["phases"]
    cards = [
        {**card, "feature": {"id": ids[f"features/{card['feature']}"]}} if "feature" in card else card
        for card in phase["rate_cards"]
    ]
    return {**fields, "phases": [{**phase, "rate_cards": cards}]}


CATALOG: Mapping[str, Callable[[Fields, Mapping[str, str]], Fields]] = {
    "meters": lambda fields, ids: _owned(fields),
    "features": _feature,
    "plans": _plan,
}


def by_pycurl(base: str) -> Ask:
    """Requests by libcurl, in one thread."""
    import pycurl

    multi = pycurl.CurlMulti()
    idle = [_handle(pycurl) for _ in range(AT_ONCE)]

    def ask(requests: Iterator[Request]) -> None:
        todo, running = _Queue(requests), {}
        while True:
            while idle and (request := todo.next()):
                (path, body), took = request
                handle, answer = idle.pop(), []
                handle.setopt(pycurl.URL, base + path)
                handle.setopt(pycurl.POSTFIELDS, json.dumps(body).encode())
                handle.setopt(pycurl.WRITEFUNCTION, answer.append)
                running[handle] = (answer, took)
                multi.add_handle(handle)
            if not running:
                return
            multi.perform()
            _, good, bad = multi.info_read()
            assert not bad, bad
            for handle in good:
                answer, took = running.pop(handle)
                multi.remove_handle(handle)
                idle.append(handle)
                todo.follow(took(json.loads(b"".join(answer))))
            if not good:
                multi.select(1.0)

    return ask


def _handle(pycurl: Any) -> Any:
    handle = pycurl.Curl()
    handle.setopt(pycurl.HTTPHEADER, ["Content-Type: application/json", "Expect:"])
    handle.setopt(pycurl.TCP_NODELAY, 1)
    return handle


class _Queue:
    """Requests that are still to be made: first those that follow from answers."""

    def __init__(self, requests: Iterator[Request]) -> None:
        self._requests = requests
        self._following: list[Request] = []

    def follow(self, requests: Iterator[Request]) -> None:
        self._following += requests

    def next(self) -> Request | None:
        return self._following.pop(0) if self._following else next(self._requests, None)


def by_httpx(base: str) -> Ask:
    """Requests by httpx, in as many threads."""
    import httpx

    client = httpx.Client(limits=httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE))

    def one(request: Request) -> None:
        (path, body), took = request
        headers = {"Content-Type": "application/json"}
        answer = client.post(base + path, content=json.dumps(body).encode(), headers=headers)
        assert answer.status_code < 300, answer.text
        for following in took(json.loads(answer.content)):
            one(following)

    def ask(requests: Iterator[Request]) -> None:
        together: Sequence[Request] = list(requests)
        with ThreadPoolExecutor(AT_ONCE) as threads:
            for _ in threads.map(one, together):
                pass

    return ask


CLIENTS: Mapping[str, Callable[[str], Ask]] = {"pycurl": by_pycurl, "httpx": by_httpx}
