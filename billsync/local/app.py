"""The WSGI application: routes each request to its resource, inside one transaction."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from billsync.local.front_door import READING, check_form, check_visitor, content_of
from billsync.local.registry import routes_of
from billsync.local.seeds import catch_up, plant
from billsync.local.server.clock import Clock, ServerTime
from billsync.local.server.contract import accepted_body, checked_body, parsed
from billsync.local.server.editions import AUGUST, Edition
from billsync.local.server.identifiers import Mint, is_ulid
from billsync.local.server.problems import (
    Invalid,
    Problem,
    api_error,
    bad_request,
    unknown_entity,
    unknown_route,
    wrong_method,
)
from billsync.local.server.resource import JSON, V3, Answer, Call, Route
from billsync.local.server.url_map import NoRoute, OtherMethod, UrlMap
from billsync.local.server.wsgi import Request, Response
from billsync.local.store.documents import text_of
from billsync.local.store.store import Busy, Store
from billsync.local.store.times import instant_of, rfc3339

CLOCK_PATH = "/local/clock"
Randomness = Callable[[int], bytes]


def create_app(
    database: str | Path,
    *,
    clock: Clock,
    randomness: Randomness = os.urandom,
    test_clock: bool = False,
    faithful_faults: bool = False,
    own_names: Collection[str] | None = None,
    edition: Edition = AUGUST,
) -> LocalServer:
    """Return the server over this SQLite file (or ":memory:"), with a fresh server's rows; a WSGI app for any thread.

    `clock` gives aware instants; `randomness(n)` gives n bytes for ids. With `test_clock`, `POST /local/clock` sets the
    time. With `faithful_faults` it answers 500 where the real server breaks (customer-facts.md §9 and others).
    `own_names` are the host names under which it is served; without them it answers under any host name. `edition` is
    the state of the API that it speaks.
    """
    return LocalServer(
        Store(database),
        clock=clock,
        randomness=randomness,
        test_clock=test_clock,
        faithful_faults=faithful_faults,
        own_names=own_names,
        edition=edition,
    )


class LocalServer:
    """The WSGI callable. Requests run one after another, each whole or not at all."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        randomness: Randomness,
        test_clock: bool,
        faithful_faults: bool,
        own_names: Collection[str] | None,
        edition: Edition,
    ) -> None:
        self._store = store
        self._faithful_faults = faithful_faults
        self._own_names = own_names
        self._time = ServerTime(store, clock)
        self._mint = Mint(randomness)
        self._request_ids = Mint(randomness)
        self._edition = edition
        self._urls = url_map(edition, test_clock=test_clock)
        with store.transaction():
            moment = self._time.now()
            plant(store, now=moment, mint=partial(self._mint, moment))
            catch_up(store)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        return self._response(request).start(request, start_response, self._time.last)

    def close(self) -> None:
        """Closes the database; the server can't be called any more."""
        self._store.close()

    def _response(self, request: Request) -> Response:
        try:
            answer = self._answer(request)
        except Problem as problem:
            return self._problem(problem)
        return response_of(answer)

    def _answer(self, request: Request) -> Answer:
        """Check everything that needs no row before the transaction, so that a slow or wrong client holds no lock."""
        if self._own_names is not None:
            check_visitor(request, self._own_names)
        content = content_of(request)
        route, values = matched(self._urls, request)
        if route is None:
            return self._clock_answer(request, content)
        check_path(route, values)
        body = body_of(route, request, content, self._edition)
        with self._transaction(writes=route.settles or request.method not in READING):
            return route.answer(self._call(request, route, values, body))

    def _call(self, request: Request, route: Route, values: Mapping[str, str], body: Any) -> Call:
        moment = self._time.now()
        return Call(
            operation=route.operation,
            store=self._store,
            now=moment,
            mint=partial(self._mint, moment),
            path=values,
            query=request.query,
            body=body,
            accept=request.header("Accept"),
            faithful_faults=self._faithful_faults,
            edition=self._edition,
        )

    def _clock_answer(self, request: Request, content: bytes) -> Answer:
        check_form(request, content)
        moment = clock_of(parsed(content)) if request.method == "POST" else None
        with self._transaction(writes=moment is not None):
            if moment is not None:
                self._time.set(moment)
            return Answer(200, {"now": rfc3339(self._time.now())})

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[None]:
        """Raises Problem (503) when another process holds the file for too long."""
        try:
            with self._store.transaction(writes=writes):
                yield
        except Busy:
            raise api_error(503, "The database is in use by another process") from None

    def _problem(self, problem: Problem) -> Response:
        body = {**problem.body, "instance": f"urn:request:{self._request_ids(self._time.last)}"}
        return json_response(problem.status, body, kind="application/problem+json")


@cache
def url_map(edition: Edition, *, test_clock: bool) -> UrlMap[Route | None]:
    """Return the URL map of the edition's routes; the clock's endpoint is None."""
    routes = [(route.method, route.version + route.path, route) for route in routes_of(edition)]
    clock = [(method, CLOCK_PATH, None) for method in ("GET", "POST")] if test_clock else []
    return UrlMap([*routes, *clock])


def clock_of(given: Any) -> datetime:
    """The time to set. Raises Problem (400) for an invalid time."""
    moment = instant_of(str(given.get("now"))) if isinstance(given, dict) else None
    if moment is None:
        raise bad_request(Invalid(field="now", reason="must be an RFC 3339 time", rule="format"))
    return moment


def body_of(route: Route, request: Request, content: bytes, edition: Edition) -> Any:
    """Return the body, checked against the operation's schema; None for an operation without one. Raises Problem
    (400)."""
    check_form(request, content)
    if request.method in READING:
        return None
    if route.version == V3:
        content_type = request.header("Content-Type")
        return checked_body(route.operation, content=content, content_type=content_type, edition=edition)
    return None if route.accepts is None else accepted_body(route.accepts, content=content)


def matched(urls: UrlMap[Route | None], request: Request) -> tuple[Route | None, Mapping[str, str]]:
    try:
        return urls.match(request.method, request.path)
    except OtherMethod:
        raise wrong_method() from None
    except NoRoute:
        raise unknown_route() from None


def check_path(route: Route, values: Mapping[str, str]) -> None:
    """Raises Problem (404) when a value in the path has not its form (catalog-facts.md §1.2)."""
    for name, value in values.items():
        if name not in route.values:
            fits = is_ulid(value)
        else:
            allowed = route.values[name]
            fits = allowed is None or value in allowed
        if not fits:
            raise unknown_entity()


def response_of(answer: Answer) -> Response:
    if answer.body is None:
        return Response(answer.status)
    if answer.kind == JSON:
        return json_response(answer.status, answer.body)
    return Response(answer.status, answer.body, answer.kind)


def json_response(status: int, body: Any, kind: str = JSON) -> Response:
    return Response(status, text_of(body), kind)
