"""A server that does exactly what a test wrote down: rows to show, and a reaction to each call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from billsync.model.ports import Answer, RemoteError
from billsync.model.value import Fields, Plain

Reaction = Callable[["Scripted", str, str, Plain], Answer]


@dataclass(slots=True)
class Scripted:
    """Implements `ports.Remote`. `rows` are by collection; each call takes the next reaction of its path.

    A read of an `unreadable` path fails, and one of a `refused` path is answered with an error.
    """

    rows: dict[str, list[Fields]] = field(default_factory=dict)
    reactions: dict[str, list[Reaction]] = field(default_factory=dict)
    unreadable: dict[str, RemoteError] = field(default_factory=dict)
    refused: dict[str, Answer] = field(default_factory=dict)
    shown_later: list[tuple[str, Fields]] = field(default_factory=list)
    called: list[tuple[str, str, Plain]] = field(default_factory=list)
    reads: int = 0

    def call(self, method: str, path: str, body: Plain = None) -> Answer:
        """The next reaction to this path; a path without one keeps what is sent."""
        self.called.append((method, path, body))
        waiting = self.reactions.get(path)
        reaction = waiting.pop(0) if waiting else obeys
        return reaction(self, method, path, body)

    def get(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Answer:
        """All rows of a collection that the key filter lets through, as one page."""
        self.reads += 1
        if path in self.unreadable:
            raise self.unreadable[path]
        if path in self.refused:
            return self.refused[path]
        wanted = dict(query).get("filter[key][eq]")
        rows = [row for row in self.rows.get(path, []) if wanted in (None, row.get("key"))]
        if self.shown_later and self.called:
            later, row = self.shown_later.pop()
            self.rows.setdefault(later, []).append(row)
        return Answer(200, {"data": rows, "meta": {"page": {"size": 100, "number": 1, "total": len(rows)}}})

    def keep(self, path: str, row: Fields) -> Fields:
        """Store a row under a new id."""
        rows = self.rows.setdefault(path, [])
        kept = {"id": f"id-{path.rsplit('/', 1)[-1]}-{len(rows) + 1}", **row}
        rows.append(kept)
        return kept


def obeys(server: Scripted, method: str, path: str, body: Plain) -> Answer:
    """Do what is asked, and say so."""
    collection, _, item = path.rpartition("/")
    if method == "POST":
        return Answer(201, server.keep(path, body))
    rows = server.rows[collection]
    number = next(index for index, row in enumerate(rows) if row["id"] == item)
    if method == "DELETE":
        del rows[number]
        return Answer(204)
    rows[number] = {**rows[number], **body}
    return Answer(200, rows[number])


def only_says_so(server: Scripted, method: str, path: str, body: Plain) -> Answer:
    """A success that nothing was done for."""
    return Answer(201, {"id": "id-of-nothing", **(body or {})})


def keeps_another(**other: Plain) -> Reaction:
    """Store something else than what was sent."""

    def reaction(server: Scripted, method: str, path: str, body: Plain) -> Answer:
        return obeys(server, method, path, {**body, **other})

    return reaction


def answers(status: int, message: str = "") -> Reaction:
    """An answer, and nothing done."""
    return lambda server, method, path, body: Answer(status, None, message)


def acts_but(after: Reaction) -> Reaction:
    """Do what is asked, and then react in another way."""

    def reaction(server: Scripted, method: str, path: str, body: Plain) -> Answer:
        obeys(server, method, path, body)
        return after(server, method, path, body)

    return reaction


def fails(error: RemoteError) -> Reaction:
    """No answer."""

    def reaction(server: Scripted, method: str, path: str, body: Plain) -> Answer:
        raise error

    return reaction


def shows_it_later(server: Scripted, method: str, path: str, body: Plain) -> Answer:
    """Do what is asked, but let one more read pass before it is seen."""
    server.shown_later.append((path, {"id": "id-shown-later", **body}))
    return Answer(201, {"id": "id-shown-later", **body})


@dataclass(slots=True)
class Notebook:
    """Implements `ports.Journal`; keeps the events' names."""

    events: list[tuple[str, Mapping[str, Plain]]] = field(default_factory=list)

    def record(self, event: str, facts: Mapping[str, Plain]) -> None:
        """Keep an event."""
        self.events.append((event, facts))

    def names(self) -> Iterator[str]:
        """What happened, in words."""
        return (name for name, _ in self.events)
