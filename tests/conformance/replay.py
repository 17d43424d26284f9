"""Sends a recorded scenario to a server under test and tells where its answers differ from the recorded ones."""

import json
import time
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import httpx

from tests.conformance.bindings import Bindings, Clockwork
from tests.conformance.compare import Comparison, Difference, difference
from tests.conformance.scenario import Exchange, Scenario
from tests.support.recorder import WRONG_ON_PURPOSE

ATTEMPTS = 3
PAUSE_SECONDS = 0.02


class ErrorBodies(Enum):
    """How much of a recorded error must be equal."""

    IN_FULL = "in full"
    STATUS_AND_TYPE = "status and content type"


@dataclass(slots=True)
class Replay:
    """One scenario against one server that starts empty; `client` has the server's address."""

    client: httpx.Client
    errors: ErrorBodies = ErrorBodies.IN_FULL
    bindings: Bindings = field(default_factory=Bindings)
    clockwork: Clockwork = field(default_factory=Clockwork)

    def run(self, scenario: Scenario) -> tuple[str, ...]:
        """One readable line for each difference; none when the server answers as recorded."""
        return tuple(
            f"#{exchange.number} {exchange.request.method} {exchange.request.path} {found}"
            for exchange in scenario.exchanges()
            for found in self.exchange(exchange)
        )

    def exchange(self, exchange: Exchange) -> tuple[Difference, ...]:
        """Sets the clock, sends one request (again, where the real server needed time too) and compares."""
        self.clockwork.begin(exchange.at)
        self._set_clock(exchange.at)
        request = self._request(exchange)
        found, learned = self._compare(exchange, self.client.send(request))
        for _ in range(ATTEMPTS if exchange.eventually and found else 0):
            time.sleep(PAUSE_SECONDS)
            found, learned = self._compare(exchange, self.client.send(self._request(exchange)))
            if not found:
                break
        self.bindings = learned
        return found

    def _set_clock(self, at: str) -> None:
        answer = self.client.post("/local/clock", json={"now": at})
        assert answer.status_code == 200, f"the clock can't be set: {answer.status_code} {answer.text}"

    def _request(self, exchange: Exchange) -> httpx.Request:
        recorded = exchange.request
        query, body = self.bindings.replayed(dict(recorded.query)), self.bindings.replayed(recorded.body)
        self.clockwork.send([dict(recorded.query), recorded.body], [query, body])
        headers = {WRONG_ON_PURPOSE: "replay"}
        if recorded.has_body or recorded.content_type:
            headers["content-type"] = recorded.content_type or "application/json"
        content = body if isinstance(body, str) else json.dumps(body)
        path = self.bindings.replayed_text(recorded.path)
        return self.client.build_request(
            recorded.method,
            path,
            params=query or None,
            headers=headers,
            content=content.encode() if recorded.has_body else None,
        )

    def _compare(self, exchange: Exchange, answer: httpx.Response) -> tuple[tuple[Difference, ...], Bindings]:
        """The differences of one answer, and the bindings as they are after it."""
        recorded, bindings = exchange.response, self.bindings.copy()
        if recorded.status == 500:
            fits = 400 <= answer.status_code <= 500
            return (() if fits else (difference("status", "4xx", answer.status_code),)), bindings
        found = list(head_differences(exchange, answer))
        if not found and (recorded.status < 400 or self.errors is ErrorBodies.IN_FULL):
            is_error = recorded.status >= 400
            comparison = Comparison(bindings, self.clockwork, exchange.unordered, is_error)
            found += comparison.differences(recorded.body, body_of(answer))
        return tuple(found), bindings


def head_differences(exchange: Exchange, answer: httpx.Response) -> list[Difference]:
    """Status and content type; an answer without a body has the content type ""."""
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    pairs = (
        ("status", exchange.response.status, answer.status_code),
        ("content type", exchange.response.content_type, media_type),
    )
    found = [difference(place, want, have) for place, want, have in pairs if want != have]
    return found and [*found, difference("body", exchange.response.body, body_of(answer))]


def body_of(answer: httpx.Response) -> Any:
    """The JSON that was answered, or its text where it isn't JSON; None for an empty body."""
    if not answer.content:
        return None
    try:
        return json.loads(answer.content)
    except ValueError:
        return answer.text
