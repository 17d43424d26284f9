"""`ping`: whether a server answers, what it can do, and what the token may read. Reads only.

The right to write can't be seen without writing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from billsync.api.generations import CAPABILITIES
from billsync.api.permissions import roles_for
from billsync.api.served import served_by
from billsync.app.ending import error
from billsync.app.server.connection import Connection
from billsync.core.views.unlisted import unlisted
from billsync.live.snapshot import PARENT
from billsync.local.server.editions import EDITIONS
from billsync.local.server.openapi import openapi_document
from billsync.model.pinged import MissingRight, Pinged, Unlisted
from billsync.model.ports import Answer, RemoteError
from billsync.model.value import Fields

ROWS = 20
FORBIDDEN, NOT_FOUND = 403, 404


def ping(connection: Connection, *, names_unlisted: bool) -> Pinged:
    """Return the capabilities of a server.

    Raises RemoteError where it can't be read at all; Ended where it should name what it takes and doesn't.
    """
    answers = _answers(connection)
    readable = [kind for kind, answer in answers.items() if answer.ok]
    if not readable:
        kind, answer = next(iter(answers.items()))
        raise RemoteError(f"GET {connection.routes[kind].collection}: {answer.message}")
    generation = connection.generation
    return Pinged(
        connection.target,
        generation.dialect,
        generation.name,
        connection.is_assumed,
        {name: generation.can(name) for name in sorted(CAPABILITIES)},
        tuple(_missing(connection, kind) for kind, answer in answers.items() if answer.status == FORBIDDEN),
        tuple(kind for kind, answer in answers.items() if answer.status == NOT_FOUND),
        _unlisted(connection, answers) if names_unlisted else None,
    )


def _answers(connection: Connection) -> Mapping[str, Answer]:
    """By kind, the answer to a read of a few rows. Raises RemoteError for one that says nothing about rights."""
    found: dict[str, Answer] = {}
    for kind, routes in connection.routes.items():
        if PARENT in routes.collection:
            continue
        answer = connection.remote.get(routes.collection, [("page[size]", str(min(ROWS, routes.listing.size)))])
        if not answer.ok and answer.status not in (FORBIDDEN, NOT_FOUND):
            raise RemoteError(f"GET {routes.collection}: {answer.message}")
        found[kind] = answer
    return found


def _missing(connection: Connection, kind: str) -> MissingRight:
    path = connection.routes[kind].collection
    return MissingRight(f"GET {path}", roles_for("GET", path))


def _unlisted(connection: Connection, answers: Mapping[str, Answer]) -> Unlisted:
    """List what the server has beyond the tables of the API that billsync carries, and its rows beyond the kinds."""
    served = connection.generation.served
    if served is None:
        raise error("no-openapi", f"{connection.target} serves no OpenAPI document of itself.")
    known = _known()
    more = {call: tuple(sorted(names - known.get(call, names))) for call, names in sorted(served.operations.items())}
    return Unlisted(
        tuple(sorted(served.operations.keys() - known.keys())),
        {call: names for call, names in more.items() if names},
        _in_rows(connection, answers),
    )


def _known() -> Mapping[str, frozenset[str]]:
    """By operation, the request fields in the tables of OpenMeter's API that the embedded server has."""
    known: dict[str, frozenset[str]] = {}
    for edition in EDITIONS:
        served = None if edition.is_konnect else served_by(openapi_document(edition))
        for call, names in served.operations.items() if served else ():
            known[call] = known.get(call, frozenset()) | names
    return known


def _in_rows(connection: Connection, answers: Mapping[str, Answer]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, set[str]] = defaultdict(set)
    for kind, answer in answers.items():
        for row in _rows(answer):
            inside = set(unlisted(connection.kinds[kind].record, row)) - set(connection.routes[kind].shown)
            found[kind] |= inside
    return {kind: tuple(sorted(names)) for kind, names in found.items() if names}


def _rows(answer: Answer) -> Sequence[Fields]:
    data = answer.body.get("data") if answer.ok and isinstance(answer.body, Mapping) else None
    return [row for row in data if isinstance(row, Mapping)] if isinstance(data, list | tuple) else []
