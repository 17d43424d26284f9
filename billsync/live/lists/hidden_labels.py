"""Documents of the server's older API, which show labels that API v3 keeps and hides: a whole list, or one by id."""

from __future__ import annotations

from collections.abc import Mapping

from billsync.live.lists.paging import Refused
from billsync.model.ports import Answer, Reader, RemoteError
from billsync.model.routes import HiddenLabels
from billsync.model.value import Fields

NOT_REPRESENTABLE = 400
"""Answers of the older API for something that it has no words for (catalog-facts.md §14.2)."""

READINGS = 4


def read_documents(remote: Reader, where: HiddenLabels) -> Mapping[str, Fields]:
    """All documents of the list by id. Raises RemoteError.

    A list that changes while it is read is read again, up to three times.
    """
    for _ in range(READINGS):
        if (found := _all_pages(remote, where)) is not None:
            return found
    raise RemoteError(f"GET {where.collection}: the list keeps changing while it is read ({READINGS} readings)")


def read_document_of(remote: Reader, where: HiddenLabels, server_id: str) -> Fields | None:
    """One document by its id; None where the older API has no words for it. Raises RemoteError."""
    path = f"{where.collection}/{server_id}"
    answer = remote.get(path)
    if answer.status == NOT_REPRESENTABLE:
        return None
    if not answer.ok:
        raise Refused(path, answer)
    if not isinstance(answer.body, Mapping) or answer.body.get("id") != server_id:
        raise _strange(path)
    return answer.body


def _all_pages(remote: Reader, where: HiddenLabels) -> Mapping[str, Fields] | None:
    """The documents of all pages by id; None where the list changed meanwhile."""
    found: dict[str, Fields] = {}
    number, total = 0, None
    while total is None or len(found) < total:
        number += 1
        now, rows = _page(remote, where, number)
        fresh = {str(row["id"]): row for row in rows if row["id"] not in found}
        if total not in (None, now) or len(fresh) != len(rows) or (now > len(found) and not fresh):
            return None
        found, total = {**found, **fresh}, now
    return found if len(found) == total else None


def _page(remote: Reader, where: HiddenLabels, number: int) -> tuple[int, list[Fields]]:
    query = [*where.query, ("page", str(number)), ("pageSize", str(where.size))]
    answer = remote.get(where.collection, query)
    if not answer.ok:
        raise Refused(where.collection, answer)
    return _total(where, answer), _items(where, answer)


def _total(where: HiddenLabels, answer: Answer) -> int:
    total = answer.body.get("totalCount") if isinstance(answer.body, Mapping) else None
    if not isinstance(total, int) or isinstance(total, bool) or total < 0:
        raise _strange(where.collection)
    return total


def _items(where: HiddenLabels, answer: Answer) -> list[Fields]:
    items = answer.body.get("items") or ()
    if not isinstance(items, list | tuple):
        raise _strange(where.collection)
    for item in items:
        if not isinstance(item, Mapping) or not isinstance(item.get("id"), str):
            raise _strange(where.collection)
    return list(items)


def _strange(path: str) -> RemoteError:
    return RemoteError(f"GET {path}: the answer is not one of API v1")
