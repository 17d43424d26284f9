"""Lists of an entity that the API stores as rows below it: the reads they need, and their conversion back into fields.

Once in their entity's row, they are ordinary lists to views, differences and users.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from billsync.core.changes.obstacles import holds
from billsync.core.changes.read_set import undeclared
from billsync.core.changes.versions import offered
from billsync.core.declared.referring import referred
from billsync.core.observed.index import Index, is_over
from billsync.core.observed.ownership import LABELS, OWNER, labels_of, member_mark
from billsync.model.address import Address
from billsync.model.frozen import replace
from billsync.model.kind import Kind, Names, Registry
from billsync.model.routes import Part, Routes
from billsync.model.state import Desired, Read, Row, Snapshot
from billsync.model.value import Fields

Tables = Mapping[str, Routes]


def part_reads(
    desired: Desired, found: Index, registry: Registry, routes: Tables, *, deletes: bool
) -> tuple[Read, ...]:
    """Reads of the part lists of declared and removable entities. If an entity to be removed may be attached, also of
    all other entities in force."""
    declared = {entity.address for entity in desired.entities}
    reads: list[Read] = []
    for kind, part in _parts(registry, routes):
        mine = declared | (set(undeclared(desired, found, kind)) if deletes else set())
        all_held = deletes and any(
            True for name in sorted(referred(kind, part)) for _ in undeclared(desired, found, registry[name])
        )
        for address, rows in _versions_of(kind, found):
            if address in mine:
                reads.extend(_read(part, row) for row in rows if row is rows[-1] or not is_over(kind, row.fields))
            elif all_held:
                reads.extend(_read(part, row) for row in rows if holds(kind, row.fields))
    return tuple(reads)


def all_part_reads(found: Index, registry: Registry, routes: Tables) -> tuple[Read, ...]:
    """The part lists of everything that is for new subscribers."""
    return tuple(
        _read(part, row)
        for kind, part in _parts(registry, routes)
        for _, rows in _versions_of(kind, found)
        if (row := offered(kind, rows))
    )


def _parts(registry: Registry, routes: Tables) -> Iterator[tuple[Kind, Part]]:
    for kind in registry.values():
        for part in routes[kind.name].parts:
            yield kind, part


def _versions_of(kind: Kind, found: Index) -> Iterator[tuple[Address, tuple[Row, ...]]]:
    yield from sorted(((a, rows) for a, rows in found.versions.items() if a.kind == kind.name), key=_order)


def _order(item: tuple[Address, tuple[Row, ...]]) -> tuple[str, tuple[str, ...], int]:
    return item[0].order


def _read(part: Part, row: Row) -> Read:
    return Read(row.kind, parent_id=row.id, part=part.field)


def with_parts(snapshot: Snapshot, routes: Tables) -> Snapshot:
    """The snapshot, every part list that was read in its row's fields."""
    read: dict[tuple[str, str | None], list[tuple[str, tuple[Fields, ...]]]] = defaultdict(list)
    for each, found in snapshot.parts.items():
        read[each.kind, each.parent_id].append((each.part, found))
    kinds = {kind for kind, _ in read}
    rows = {
        name: tuple(_whole(row, read.get((name, row.id), ()), routes) for row in members) if name in kinds else members
        for name, members in snapshot.rows.items()
    }
    return replace(snapshot, rows=rows)


def _whole(row: Row, read: Sequence[tuple[str, tuple[Fields, ...]]], routes: Tables) -> Row:
    for field, found in read:
        row = replace(row, fields=_with_list(row.fields, routes[row.kind], field, found))
    return row


def _with_list(fields: Fields, routes: Routes, field: str, found: tuple[Fields, ...]) -> Fields:
    """An entity's fields with one of its lists; rows of what is attached stay (`core.observed.attached`)."""
    if routes.attachments is not None and routes.attachments.part.field == field:
        return {**fields, field: found}
    return embedded(fields, routes.part(field), found)


def member_marks(row: Fields, routes: Routes, names: Names) -> Iterator[str]:
    """The owners' marks on the members of a row's part lists."""
    for part in routes.parts:
        for member in row.get(part.field) or ():
            address = names.get(str((member.get(part.titled_by) or {}).get("id")))
            owner = labels_of(member).get(OWNER)
            if address is not None and owner is not None:
                yield member_mark(part.field, address.key, str(owner))


def embedded(fields: Fields, part: Part, rows: Sequence[Fields]) -> Fields:
    """Return an entity's fields with a part's rows as a list, without deleted rows and undeclared fields.

    Each keeps its id, which tells apart two members with one key.
    """
    live = [row for row in rows if not row.get("deleted_at")]
    shown = ("id", LABELS, *part.create)
    return {**fields, part.field: [{name: row[name] for name in shown if name in row} for row in live]}
