"""A client of API v3. Repeats only calls that are safe to repeat; separates lost answers from calls not made.

Every way in which a request can fail ends in one of ports.RemoteError, Unclear or Unreachable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from itertools import islice
from types import TracebackType
from typing import ClassVar, Self

from billsync.live.fibers import Fibers, PatientClock
from billsync.live.protocol.dated import ahead_of
from billsync.live.protocol.encoding import NotJson, decode_quickly, encode
from billsync.live.protocol.exchange import Failed, NotSent, Overdue, Silent, TooLong
from billsync.live.protocol.messages import error_message
from billsync.live.protocol.pause import Pause
from billsync.live.protocol.received import Received
from billsync.live.protocol.requested import Requested, unheard
from billsync.live.protocol.target import Target, token_problem
from billsync.live.threads import in_order, reading_threads
from billsync.live.transports.fetch import Fetch
from billsync.live.transports.plain_body import Failure
from billsync.live.transports.settings import Settings
from billsync.live.transports.ways import Ways
from billsync.live.understanding import Understanding
from billsync.model.limits import ANSWER_BYTES, READS_AT_ONCE
from billsync.model.ports import (
    Answer,
    Busy,
    Clock,
    Decode,
    GaveUp,
    Get,
    Page,
    R,
    RemoteError,
    TimedOut,
    Unclear,
    Unreachable,
)
from billsync.model.value import Plain

__all__ = ["Client", "ReadingClient", "Settings"]

OK = 200
NOT_FOUND = 404
BUSY = 429
PASSING = (408, 500, 502, 503, 504)
TOO_SLOW = (408, 504)
OVERDUE = "the answer took longer than {seconds:.0f} seconds"
TOO_MANY = "the server answered 429 (too many requests)"
TOO_LONG = f"the answer is longer than {ANSWER_BYTES // 2**20} MiB"


class ReadingClient:
    """Implements `ports.Reader`; threads may share one. Its transport sends nothing but reads.

    Raises Unreachable when the CA bundle or the proxy that the environment names can't be used, ValueError for a
    token that `target.token_problem` refuses.
    """

    _METHODS: ClassVar[frozenset[str] | None] = frozenset({"GET"})
    """The methods that may be sent; None is any."""

    def __init__(self, target: Target, clock: Clock, settings: Settings) -> None:
        problem = token_problem(target, settings.token)
        if problem and not (settings.insecure_token and problem.code == "insecure-token"):
            raise ValueError(problem.summary)
        self._target = target
        self._clock = PatientClock(clock)
        self._pause = Pause(self._clock)
        self._settings = settings
        self._understood = Understanding(target, settings)
        self._ways = Ways(target, clock, settings, self._METHODS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._ways.close()

    @property
    def reads_at_once(self) -> int:
        """The number of reads worth having under way together, where they are few: one, if each takes a thread."""
        return READS_AT_ONCE if self._ways.quick is not None else 1

    def fibers(self) -> Fibers | None:
        """A thread for tasks that give way to each other while they wait for the server; None where each of them would
        block."""
        if self._ways.quick is None:
            return None
        try:
            return Fibers()
        except ImportError:
            return None

    def ahead(self, path: str, query: Sequence[tuple[str, str]]) -> timedelta:
        """The time by which the server's clock is ahead of this machine's, by the date of an answer; nothing where that
        shows none, or is lost."""
        self._pause.wait_out()
        try:
            date = self._send("GET", path, query=query).headers.get("date")
        except RemoteError:
            return timedelta()
        return ahead_of(date, self._clock.now()) if date else timedelta()

    def get(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Answer:
        """Read; lost answers, 429 and passing server errors are tried again with growing waits.

        Raises RemoteError when no usable answer came in the end; error answers in JSON come back.
        """
        answer: Page[object] | Answer | RemoteError = next(self.stream([Get(path, tuple(query))], at_once=1))
        if isinstance(answer, RemoteError):
            raise answer
        assert isinstance(answer, Answer)
        return answer

    def stream(
        self, gets: Iterable[Get], decode: Decode[R] | None = None, *, at_once: int
    ) -> Iterator[Page[R] | Answer | RemoteError]:
        """The outcome of each read, in their order. See `ports.StreamingReader`."""
        remaining, decode = iter(gets), decode or _doubt
        quick = self._ways.quick
        if quick is None:
            yield from self._slowly(remaining, decode, at_once)
            return
        if not quick.is_proved:
            for outcome in self._slowly(islice(remaining, 1), decode, 1):
                quick.is_proved = not isinstance(outcome, RemoteError)
                yield outcome
        self._pause.wait_out()
        for fetch, get in quick.fetch(remaining, at_once):
            found = self._plain(get, fetch, decode)
            was_plain = found is not None
            outcome = self._again(get, fetch, decode) if found is None else found
            if not isinstance(outcome, RemoteError):
                quick.judge(fetch, was_plain=was_plain)
            yield outcome

    def _plain(self, get: Get, fetch: Fetch, decode: Decode[R]) -> Page[R] | Answer | RemoteError | None:
        """The outcome of a quick read: a plain answer, or one that took or was too much. None: to be made again."""
        if fetch.url and self._settings.on_request is not unheard:
            took = round(fetch.seconds * 1000)
            self._settings.on_request(Requested("GET", self._understood.clean(get.path), fetch.status, took))
        if fetch.content is not None and fetch.status == NOT_FOUND:
            return self._not_found(get, fetch.types, fetch.content)
        if fetch.content is not None:
            page = decode(fetch.content)
            if page is not None:
                return page
            try:
                return Answer(OK, decode_quickly(fetch.content))
            except NotJson:
                return None
        match fetch.failure:
            case Failure.OVERDUE:
                return GaveUp(f"GET {get.path}: {self._overdue}")
            case Failure.TOO_LONG:
                return GaveUp(f"GET {get.path}: {TOO_LONG}")
            case Failure.SILENT if _asks_for_rows(get.query):
                return TimedOut(f"GET {get.path}: the answer was lost (no byte came for too long)")
        if fetch.status in TOO_SLOW and _asks_for_rows(get.query):
            return TimedOut(f"GET {get.path}: {error_message(fetch.status, None)}")
        return None

    def _not_found(self, get: Get, types: list[str], content: bytes) -> Answer | RemoteError | None:
        """The outcome of a quick read that was answered with 404."""
        if len(types) > 1:
            return None
        try:
            return self._settled(get.path, Received(NOT_FOUND, {"content-type": types[0]} if types else {}, content))
        except RemoteError as error:
            return error

    def _again(self, get: Get, fetch: Fetch, decode: Decode[R]) -> Page[R] | Answer | RemoteError:
        """The outcome of a read without a plain answer, by the full client.

        Where the server was busy, that was the first try, and the wait after it comes first. After the wait for an
        earlier read, the others that were under way with it need none.
        """
        if fetch.status != 429 and fetch.status not in PASSING:
            return self._outcome(get, decode)
        if not fetch.is_stale:
            wait = self._wait_with_all if fetch.status == 429 else self._wait
            wait(1, fetch.retry_after)
        return self._outcome(get, decode, attempt=2)

    def _slowly(self, gets: Iterable[Get], decode: Decode[R], at_once: int) -> Iterator[Page[R] | Answer | RemoteError]:
        """The outcomes of full reads. The embedded server gains nothing by threads."""
        ask = partial(self._outcome, decode=decode)
        if at_once <= 1 or self._settings.embedded is not None:
            yield from map(ask, gets)
            return
        with reading_threads(at_once) as threads:
            yield from in_order(threads, ask, gets, at_once)

    def _outcome(self, get: Get, decode: Decode[R], attempt: int = 1) -> Page[R] | Answer | RemoteError:
        try:
            return self._asked(get.path, get.query, decode, attempt)
        except RemoteError as error:
            return error

    def _asked(self, path: str, query: Sequence[tuple[str, str]], decode: Decode[R], first: int) -> Page[R] | Answer:
        """The answer, as a page where `decode` reads one. `first` is the number of the first try. Raises
        RemoteError."""
        patience = self._settings.patience
        for attempt in range(first, patience.busy_tries + 1):
            outcome = self._read(path, query, decode)
            if isinstance(outcome, Page):
                return outcome
            if isinstance(outcome, GaveUp) or (isinstance(outcome, TimedOut) and _asks_for_rows(query)):
                raise outcome
            if isinstance(outcome, Received) and outcome.status == BUSY:
                self._wait_with_all(attempt, outcome.retry_after)
            elif attempt >= patience.tries or not _may_pass(outcome):
                return self._settled(path, outcome)
            else:
                self._wait(attempt, outcome.retry_after if isinstance(outcome, Received) else None)
        raise self._still_busy("GET", path)

    def _read(self, path: str, query: Sequence[tuple[str, str]], decode: Decode[R]) -> Page[R] | Received | RemoteError:
        """The answer, or the failure as a value; a success that can't be understood is a failure."""
        self._pause.wait_out()
        try:
            response = self._send("GET", path, query=query)
        except RemoteError as error:
            return error
        if response.status == OK and (page := decode(response.content)) is not None:
            return page
        if response.status in TOO_SLOW and _asks_for_rows(query):
            return TimedOut(f"GET {path}: {self._understood.answer('GET', path, response).message}")
        if response.ok and response.parsed is None:
            return Unclear(f"GET {path}: {self._understood.strange(response)}")
        return response

    def _settled(self, path: str, outcome: Received | RemoteError) -> Answer:
        if isinstance(outcome, RemoteError):
            raise outcome
        self._understood.refuse("GET", path, outcome)
        if outcome.parsed is None and outcome.status < 500:
            raise RemoteError(f"GET {path}: {self._understood.strange(outcome)}")
        return self._understood.answer("GET", path, outcome)

    def _send(
        self, method: str, path: str, *, query: Sequence[tuple[str, str]] = (), content: bytes | None = None
    ) -> Received:
        began, status = self._clock.now(), None
        try:
            response = self._sent(method, path, query=query, content=content)
            status = response.status
            return response
        finally:
            if self._settings.on_request is not unheard:
                took = (self._clock.now() - began) // timedelta(milliseconds=1)
                self._settings.on_request(Requested(method, self._understood.clean(path), status, took))

    def _sent(self, method: str, path: str, *, query: Sequence[tuple[str, str]], content: bytes | None) -> Received:
        url = self._target.url(path)
        if url is None:
            raise Unreachable(
                f"{method} {path}: {self._target.name} does not end in /v3, so the address of its API v1 is unknown"
            )
        try:
            return self._ways.send(method, url, tuple(query), content)
        except NotSent as error:
            raise Unreachable(self._understood.clean(f"{self._target.name} can't be reached: {error}")) from error
        except Overdue as error:
            raise GaveUp(f"{method} {path}: {self._overdue}") from error
        except TooLong as error:
            raise GaveUp(f"{method} {path}: {TOO_LONG}") from error
        except Silent as error:
            raise TimedOut(self._understood.clean(f"{method} {path}: the answer was lost ({error})")) from error
        except Failed as error:
            raise Unclear(self._understood.clean(f"{method} {path}: the answer was lost ({error})")) from error

    @property
    def _overdue(self) -> str:
        return OVERDUE.format(seconds=self._settings.request_seconds)

    def _wait(self, attempt: int, retry_after: str | None) -> None:
        self._clock.sleep(self._settings.patience.wait(attempt, retry_after, self._clock.now()))

    def _wait_with_all(self, attempt: int, retry_after: str | None) -> None:
        """Wait as a 429 asks; so does every other request of this client."""
        seconds = self._settings.patience.wait(attempt, retry_after, self._clock.now())
        self._pause.begin(seconds)
        self._clock.sleep(seconds)

    def _still_busy(self, method: str, path: str) -> Unreachable:
        tries = self._settings.patience.busy_tries
        return Unreachable(f"{method} {path}: {TOO_MANY} {tries} times; try later")


class Client(ReadingClient):
    """Implements `ports.Remote`; threads may share one."""

    _METHODS = None

    def call(self, method: str, path: str, body: Plain = None) -> Answer:
        """Make one call, unless the server has asked for a pause.

        Raises Busy for a pause, before the call or in place of its answer (429), Unreachable when nothing was written
        for another reason (no connection, 401, a redirect), and Unclear when the answer was lost or isn't the server's
        own. Every other answer comes back, errors too.
        """
        if self._pause.is_on:
            text = f"{method} {path}: the server asked for a pause"
            raise Busy(text, lambda asked: self._pause.wait_out(), was_asked=False)
        response = self._send(method, path, content=None if body is None else encode(body))
        if response.status != BUSY:
            return self._written(method, path, response)
        wait = partial(self._wait_as_asked, method, path, response.retry_after)
        raise Busy(f"{method} {path}: {TOO_MANY}", wait, was_asked=True)

    def _wait_as_asked(self, method: str, path: str, retry_after: str | None, asked: int) -> None:
        """Wait after a 429. Raises Unreachable after as many of them as a call may get."""
        self._wait_with_all(asked, retry_after)
        if asked >= self._settings.patience.busy_tries:
            raise self._still_busy(method, path)

    def _written(self, method: str, path: str, response: Received) -> Answer:
        self._understood.refuse(method, path, response)
        if response.ok and response.parsed is None:
            raise Unclear(f"{method} {path}: {self._understood.strange(response)}")
        return self._understood.answer(method, path, response)


def _doubt(content: bytes) -> None:
    """Decode no page."""


def _asks_for_rows(query: Sequence[tuple[str, str]]) -> bool:
    """Whether the read is a page of several rows, so that less could be asked for."""
    return any(name == "page[size]" and value != "1" for name, value in query)


def _may_pass(outcome: Received | RemoteError) -> bool:
    return isinstance(outcome, RemoteError) or outcome.status in PASSING
