"""The doors to the outside: the remote server, the journal, the clock. Each has a real and a faked side.

RemoteError
├── Unclear        the call may or may not have reached the server: look before doing anything
│   └── TimedOut   its answer took too long
│       └── GaveUp its answer went past a limit, and would again
└── Unreachable    it certainly did not: nothing was written
    └── Busy       the server asks for a pause: wait, look, and then try again
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Generic, Protocol, TypeAlias, TypeVar

from billsync.model.frozen import dataclass
from billsync.model.routes import HiddenLabels, ListQuery
from billsync.model.value import Fields, Plain


class RemoteError(Exception):
    """A call got no usable answer; the message is readable by a person and holds no secret."""


class Unclear(RemoteError):
    """The answer was lost, cut off, or not the server's own: the call may have been carried out."""


class TimedOut(Unclear):
    """The answer took too long. A page of several rows isn't asked for again like this: fewer rows may come in time."""


class GaveUp(TimedOut):
    """The answer went past a limit (model/limits.py): it is never asked for again like this."""


class Unreachable(RemoteError):
    """No connection could be made, or the answer says that nothing was tried (401, 429): nothing was written."""


class Busy(Unreachable):
    """The server was asked, and did nothing (429), or it wasn't asked, as it had asked for a pause before.

    `wait` waits for the end of the pause. It takes the number of times that the server was asked, and raises
    Unreachable where that is enough.
    """

    def __init__(self, text: str, wait: Callable[[int], None], *, was_asked: bool) -> None:
        super().__init__(text)
        self.wait = wait
        self.was_asked = was_asked


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. `body` is parsed JSON with Decimal numbers, or None; `message` is an error made readable."""

    status: int
    body: Plain = None
    message: str = ""

    @property
    def ok(self) -> bool:
        """Whether the answer has a status of success."""
        return 200 <= self.status < 300

    @property
    def unclear(self) -> bool:
        """Whether the server's state is unknown after it: 408 and every 5xx but 501 (customer-facts.md §20)."""
        return self.status == 408 or (self.status >= 500 and self.status != 501)


class ParsedMemory(Protocol):
    """Remembers the values of files that were certainly read, by the files' content. It may forget any of them."""

    def recall(self, content: bytes) -> bytes | None:
        """The values as JSON, exactly as they were kept; None where none are remembered."""

    def keep(self, content: bytes, values: bytes) -> None:
        """Remember the values of a file."""


class Identified(Protocol):
    """A row of a list that isn't plain JSON."""

    @property
    def id(self) -> str:
        """The server's id of the row."""


R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Page(Generic[R_co]):
    """The rows of one page, and the number of rows that match over all pages."""

    rows: Sequence[R_co]
    total: int


Decode: TypeAlias = Callable[[bytes], Page[R] | None]
"""Reads the body of a page. None means doubt: the page is then read as JSON, with every number exact."""


@dataclass(frozen=True, slots=True)
class Get:
    """One read. Paths begin after the API's base."""

    path: str
    query: tuple[tuple[str, str], ...] = ()


class Reader(Protocol):
    """A server that is only read. Paths begin after the API's base: `/openmeter/plans`."""

    def get(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Answer:
        """Read, repeated on what is safe to repeat; but a page of several rows that times out raises TimedOut at once.

        Raises RemoteError.
        """


class StreamingReader(Reader, Protocol):
    """A server that is only read, several answers at a time."""

    def stream(
        self, gets: Iterable[Get], decode: Decode[R] | None = None, *, at_once: int
    ) -> Iterator[Page[R] | Answer | RemoteError]:
        """The outcome of each read, in their order; errors are values. `at_once` reads are under way together.

        An answer is a page where `decode` reads one from a plain success. All rules of `get` hold for each.
        """


class Remote(Reader, Protocol):
    """A server."""

    def call(self, method: str, path: str, body: Plain = None) -> Answer:
        """Make one call, once: after a pause the server may hold something else. Raises RemoteError; Busy, too."""


class Journal(Protocol):
    """Evidence of what a run did; never read back to decide anything."""

    def record(self, event: str, facts: Mapping[str, Plain]) -> None:
        """Append one event."""


class Clock(Protocol):
    """The time, and waiting."""

    def now(self) -> datetime:
        """The present, aware and in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class ReadRows(Protocol):
    """Reads a whole list, page by page."""

    def __call__(self, path: str, query: Sequence[tuple[str, str]], listing: ListQuery) -> Sequence[Fields]:
        """All rows that match. Raises RemoteError when the list can't be read."""


@dataclass(frozen=True, slots=True)
class ListRead:
    """A list that is read whole."""

    path: str
    query: tuple[tuple[str, str], ...]
    listing: ListQuery


@dataclass(frozen=True, slots=True)
class ReadAhead:
    """The rows of lists, by path and filters, and answers, by path; an error is a value. What isn't in it wasn't
    read."""

    rows: Mapping[tuple[str, tuple[tuple[str, str], ...]], Sequence[Fields] | RemoteError]
    answers: Mapping[str, Answer | RemoteError]


NOTHING_READ = ReadAhead({}, {})


class ReadTogether(Protocol):
    """Reads what belongs together, under way at once where the server can be read so."""

    def __call__(self, lists: Sequence[ListRead], documents: Sequence[str]) -> ReadAhead:
        """All that was read, up to the first read that failed."""


class ReadDocument(Protocol):
    """Reads what another API of the server shows of one row."""

    def __call__(self, where: HiddenLabels, server_id: str) -> Fields | None:
        """The document; None where that API has no words for it. Raises RemoteError when it can't be read."""
