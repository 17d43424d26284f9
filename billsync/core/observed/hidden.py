"""Labels that a kind's rows hide: added to the rows from the older API's documents, or left unknown.

A row with known labels has them as a field, even if they are empty; in a row without that field they are unknown.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from billsync.core.observed.index import is_over, version_of
from billsync.core.observed.ownership import LABELS
from billsync.model.frozen import replace
from billsync.model.kind import Kind, LabelPolicy, Registry
from billsync.model.labels import key_problem, value_problem
from billsync.model.routes import HiddenLabels, Routes
from billsync.model.state import Desired, Row, Snapshot
from billsync.model.value import Fields, Plain

FIAT = re.compile(r"[A-Z]{3}", re.ASCII)


def hides_labels(kind: Kind) -> bool:
    """Whether the rows of a kind hide its labels."""
    return kind.labels is LabelPolicy.HIDDEN


def labels_are_known(row: Fields) -> bool:
    """Whether a row shows its labels, be it none."""
    return isinstance(row.get(LABELS), Mapping)


def wanted_kinds(
    desired: Desired, registry: Registry, routes: Mapping[str, Routes], *, deletes: bool
) -> tuple[str, ...]:
    """The kinds whose hidden labels matter in this run: declared kinds, and kinds of entities that may have to be
    deleted."""
    wanted = {entity.address.kind for entity in desired.entities} | (desired.named if deletes else frozenset())
    return tuple(name for name in registry if name in wanted and routes[name].hidden is not None)


def with_labels(row: Row, document: Fields, where: HiddenLabels) -> Row | None:
    """The row with the labels that the document shows, also in the lists inside of it; None for a strange document."""
    fields = _labelled(row.fields, document, where)
    return None if fields is None else replace(row, fields=fields)


def _labelled(fields: Fields, document: Plain, where: HiddenLabels) -> Fields | None:
    labels = document.get(where.labels) or {} if isinstance(document, Mapping) else None
    if not isinstance(labels, Mapping):
        return None
    whole: dict[str, Plain] = {**fields, LABELS: _legal(labels)}
    for name, spelling in where.lists.items():
        if isinstance(fields.get(name), list | tuple):
            members = _members(fields[name], document.get(spelling), where)
            if members is None:
                return None
            whole[name] = members
    return whole


def _members(members: Plain, documents: Plain, where: HiddenLabels) -> list[Fields] | None:
    if not isinstance(documents, list | tuple):
        return None if members else []
    by_key = {str(item.get("key")): item for item in _maps(documents)}
    found = [_labelled(member, by_key.get(str(member.get("key"))), where) for member in _maps(members)]
    whole = [member for member in found if member is not None]
    return whole if len(whole) == len(members) else None


def _legal(labels: Fields) -> Fields:
    """Return the labels that API v3 can show: others are written through the older API only, and v3 refuses them."""
    return {
        name: value
        for name, value in labels.items()
        if isinstance(value, str) and key_problem(name) is None and value_problem(value) is None
    }


def labelled(snapshot: Snapshot, kind: str, where: HiddenLabels, documents: Mapping[str, Fields]) -> Snapshot:
    """The snapshot, the rows of a kind with the labels of their documents; a strange document leaves its row as is."""
    rows = tuple(
        (with_labels(row, documents[row.id], where) or row) if row.id in documents else row for row in snapshot.of(kind)
    )
    return replace(snapshot, rows={**snapshot.rows, kind: rows})


def still_hidden(
    snapshot: Snapshot, kind: Kind, where: HiddenLabels, *, known: Collection[str], used: Collection[str]
) -> tuple[Row, ...]:
    """The rows without a document that are worth asking for by id: `used`, not over or the newest of their key, and
    such as the older API shows."""
    newest: dict[str, int] = {}
    for row in snapshot.of(kind.name):
        key = str(row.fields.get(kind.key))
        newest[key] = max(newest.get(key, 0), version_of(row))
    return tuple(
        row
        for row in snapshot.of(kind.name)
        if row.id not in known
        and (
            row.id in used or not is_over(kind, row.fields) or version_of(row) == newest[str(row.fields.get(kind.key))]
        )
        and is_shown(row.fields, where)
    )


def is_shown(fields: Fields, where: HiddenLabels) -> bool:
    """Whether the older API has words for a row or a view with these fields (catalog-facts.md §14.2)."""
    code = fields.get(where.fiat)
    return (code is None or FIAT.fullmatch(str(code)) is not None) and not _has_unshown(fields, where)


def _has_unshown(fields: Fields, where: HiddenLabels) -> bool:
    for name in where.lists:
        for member in _maps(fields.get(name)):
            if any(member.get(field) is not None for field in where.unshown) or _has_unshown(member, where):
                return True
    return False


def _maps(members: Plain) -> Iterator[Fields]:
    """Return the maps in a list; other shapes are reported elsewhere."""
    yield from (
        member for member in (members if isinstance(members, list | tuple) else ()) if isinstance(member, Mapping)
    )
