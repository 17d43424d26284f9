"""An open connection to a server, and the ways of reading it: rows of a kind, other lists, and documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cache
from typing import TypeVar

from billsync.api.documents import SUBSCRIPTION_ADDONS
from billsync.api.generations import KONNECT, Generation, dated
from billsync.api.routes import routes_of
from billsync.core.views.adapted import adapted
from billsync.kinds.registry import KINDS
from billsync.live.lists.paging import Refused, count_rows, read_document, read_list
from billsync.live.lists.streams import read_documents, read_lists, read_together
from billsync.live.organization import Organization
from billsync.live.snapshot import PARENT, Source
from billsync.model.frozen import dataclass
from billsync.model.kind import Registry
from billsync.model.ports import Clock, Decode, Identified, ListRead, ReadAhead, Reader, Remote
from billsync.model.routes import ListQuery, Routes
from billsync.model.state import Read, Row
from billsync.model.value import Fields


@cache
def _kinds_of(generation: Generation) -> Registry:
    return adapted(KINDS, routes_of(generation))


BY_CREATION = ListQuery(sort="created_at", size=100)
BY_ID = ListQuery(sort="id", size=100, at_once=1)


R = TypeVar("R", bound=Identified)


@dataclass(frozen=True, slots=True)
class ReadingConnection:
    """A server to read. `target` is its name as it stands in plan files and output; it holds no secret.

    `found` is the generation of the API that it speaks; without it, the one that is assumed for its dialect.
    `is_assumed`: it was asked, and didn't say. `read_organization` reads whose token it is, where an address leads to
    several organizations. `known` are the rows of reads that were made already.
    """

    remote: Reader
    clock: Clock
    target: str
    dialect: str
    found: Generation | None = None
    is_assumed: bool = False
    read_organization: Callable[[], Organization] | None = None
    known: Mapping[Read, tuple[Row, ...]] = field(default_factory=dict, repr=False)

    @property
    def generation(self) -> Generation:
        """The generation of the API, with what it can do."""
        return self.found or dated(self.dialect)

    @property
    def routes(self) -> Mapping[str, Routes]:
        """The routes of all kinds, also of those that are only referred to."""
        return routes_of(self.generation)

    @property
    def kinds(self) -> Registry:
        """The tables of all kinds as this server has them."""
        return _kinds_of(self.generation)

    @property
    def source(self) -> Source:
        """The connection as a source of snapshots."""
        return Source(self.remote, self.routes, self.clock, self.dialect == KONNECT, self.known)

    def rows(self, kind: str, **equal: str) -> tuple[Fields, ...]:
        """Every row of a kind of which these fields have these values, deleted rows included.

        Raises RemoteError."""
        where = self.routes[kind]
        query = tuple((f"filter[{name}][eq]", value) for name, value in equal.items())
        return self.listed(where.collection, query, listing=where.listing)

    def rows_as(self, kind: str, decode: Decode[R], **equal: str) -> tuple[R | Fields, ...]:
        """The same as `decode` gives them, or plain where it has doubts. Raises RemoteError."""
        where = self.routes[kind]
        query = tuple((f"filter[{name}][eq]", value) for name, value in equal.items())
        return read_list(self.remote, where.collection, query, where.listing, self.clock, decode)

    def count(self, kind: str) -> int:
        """The number of rows of a kind; one row is fetched. Raises RemoteError."""
        return count_rows(self.remote, self.routes[kind].collection, ())

    def part(self, kind: str, field: str, row_id: str) -> tuple[Fields, ...]:
        """A list of one row of a kind that the API keeps as rows of its own. Raises RemoteError, Refused."""
        where = self.routes[kind].part(field)
        return self.listed(where.collection.replace(PARENT, row_id), listing=where.listing)

    def item(self, kind: str, row_id: str) -> Fields:
        """One row by its id, also a deleted one that no list shows. Raises RemoteError, Refused."""
        return self.document(self.routes[kind].item(row_id))

    def items(self, kind: str, row_ids: Iterable[str]) -> tuple[Fields, ...]:
        """Rows by their ids, also deleted ones that no list shows. Raises RemoteError, Refused."""
        found = tuple(self.documents(map(self.routes[kind].item, row_ids)))
        for one in found:
            if isinstance(one, Refused):
                raise one
        return tuple(one for one in found if not isinstance(one, Refused))

    def addons_of(self, subscription_id: str) -> tuple[Fields, ...]:
        """The add-ons that a subscription has or had. Raises RemoteError, Refused."""
        return self.listed(SUBSCRIPTION_ADDONS.replace(PARENT, subscription_id), listing=BY_ID)

    def addons_of_all(self, subscription_ids: Iterable[str]) -> Iterator[tuple[Fields, ...] | Refused]:
        """The add-ons of each subscription, or the refusal; in order, several at a time. Raises RemoteError."""
        paths = (SUBSCRIPTION_ADDONS.replace(PARENT, one) for one in subscription_ids)
        return read_lists(self.remote, paths, (), BY_ID, self.clock)

    def listed(
        self, path: str, query: Sequence[tuple[str, str]] = (), *, listing: ListQuery = BY_CREATION
    ) -> tuple[Fields, ...]:
        """Every row of a list. Raises RemoteError; Refused where the server answers with an error."""
        return read_list(self.remote, path, tuple(query), listing, self.clock)

    def read_together(self, lists: Sequence[ListRead], documents: Sequence[str]) -> ReadAhead:
        """Lists and documents that belong together, up to the first that can't be read."""
        at_once = getattr(self.remote, "reads_at_once", 1)
        return read_together(self.remote, lists, documents, self.clock, at_once=at_once)

    def document(self, path: str) -> Fields:
        """One object that isn't in a list. Raises RemoteError; Refused where the server answers with an error."""
        return read_document(self.remote, path)

    def documents(self, paths: Iterable[str]) -> Iterator[Fields | Refused]:
        """Objects that aren't in a list, or their refusals; in order, several at a time. Raises RemoteError."""
        return read_documents(self.remote, paths)


@dataclass(frozen=True, slots=True)
class Connection(ReadingConnection):
    """A server that can also be written to."""

    remote: Remote
