"""Server ids of the addresses of a run: from the snapshot, from an answer, or by reading again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from billsync.core.changes.lookup import Lookup, choose, doubt_about, lookup
from billsync.core.changes.moved import names_of, present_label
from billsync.core.changes.parts import embedded, member_marks
from billsync.core.observed.attached import decoded, member_in
from billsync.core.observed.hidden import with_labels
from billsync.core.observed.index import state_of, status_of
from billsync.core.observed.ownership import labels_of
from billsync.core.observed.row_validation import malformed, shown, unknown_in
from billsync.core.views.hidden_fields import labels_inside
from billsync.core.views.view import view
from billsync.model.address import SYMBOL, Address, Symbol, chain_of, earlier, parse_address, whole_of
from billsync.model.kind import Kind, Registry, State
from billsync.model.malformed import Malformed
from billsync.model.ports import (
    NOTHING_READ,
    ListRead,
    ReadAhead,
    ReadDocument,
    ReadRows,
    ReadTogether,
    RemoteError,
)
from billsync.model.routes import ListQuery, Part, Routes
from billsync.model.state import Moved, Row
from billsync.model.value import Fields, Plain


@dataclass(frozen=True, slots=True)
class Observed:
    """An entity as the server shows it now; `view` is None where it is absent."""

    view: Fields | None
    status: str = ""
    id: str = ""
    marked: frozenset[str] = frozenset()
    facts: Mapping[str, Plain] = field(default_factory=dict)


class Unbound(LookupError):
    """Something that a call needs isn't on the server."""


@dataclass(slots=True)
class Bindings:
    """The ids known so far, by address and by id, and the means to find more.

    `settled_parts` are lists that can't change any more, by their entity's id and their field.
    """

    registry: Registry
    routes: Mapping[str, Routes]
    read_rows: ReadRows
    ids: dict[Address, str] = field(default_factory=dict)
    names: dict[str, Address] = field(default_factory=dict)
    moved: Moved = field(default_factory=dict)
    read_document: ReadDocument | None = None
    settled_parts: dict[tuple[str, str], Sequence[Fields]] = field(default_factory=dict)
    read_together: ReadTogether | None = None

    def at_this_moment(self, ahead: ReadAhead = NOTHING_READ) -> Bindings:
        """The same bindings, for looks that belong together: each list is read once, those read ahead included."""
        found = dict(ahead.rows)

        def rows(path: str, query: Sequence[tuple[str, str]], listing: ListQuery) -> Sequence[Fields]:
            asked = (path, tuple(query))
            if asked not in found:
                found[asked] = self.read_rows(path, query, listing)
            if isinstance(seen := found[asked], RemoteError):
                raise seen
            return seen

        return Bindings(
            self.registry,
            self.routes,
            rows,
            self.ids,
            self.names,
            self.moved,
            self.read_document,
            self.settled_parts,
            self.read_together,
        )

    def bind(self, address: Address, server_id: str) -> None:
        """Remember an id. An id with an earlier address gets the newer one, which the steps use."""
        self.ids[address] = server_id
        self.names[server_id] = address

    def forget(self, address: Address) -> None:
        """Drop an id that is no longer there."""
        self.names.pop(self.ids.pop(address, ""), None)

    def id_of(self, address: Address) -> str | None:
        """The id of an entity, looked up if it isn't known; None where the server has no such entity."""
        if address not in self.ids:
            self._find(chain_of(address))
        return self.ids.get(address)

    def observe(self, address: Address, compared_with: Fields | None, facts: Collection[str] = ()) -> Observed:
        """The entity as it is now, in the spelling of the view it will be compared with.

        What is attached to it is read only if one of the `facts` names it. Raises RemoteError if it can't be read.
        """
        row = self._find(address)
        if row is None:
            self.forget(address)
            return Observed(None)
        kind = self.registry[address.kind]
        if labels_inside(kind.record, compared_with or {}):
            row = self._with_labels(address.kind, row)
        marked = frozenset(member_marks(row, self.routes[kind.name], self.names))
        seen = view(kind, row, self.names, compared_with)
        known = {**(kind.facts(row) if kind.facts else {}), **self._attached(kind, row, facts)}
        return Observed(seen, status_of(kind, row), str(row["id"]), marked, known)

    def answered(self, address: Address, row: Plain, compared_with: Fields | None) -> Observed | None:
        """The entity as the answer to its create shows it; None where a look is needed to be certain.

        An answer without a time of the server's own may only repeat what was sent.
        """
        kind, routes = self.registry[address.kind], self.routes[address.kind]
        if not isinstance(row, Mapping) or not isinstance(row.get("id"), str) or not row.get("created_at"):
            return None
        if routes.parts or labels_inside(kind.record, compared_with or {}) or malformed(kind, row, routes):
            return None
        parent = lookup(address, self.registry, self.routes).parent
        parent_id = self.ids.get(parent, "") if parent else ""
        found = choose(address, (row,), self.registry, routes, parent_id=parent_id)
        if found is None or doubt_about(address, (row,), found, self.registry, routes, parent_id=parent_id):
            return None
        seen = view(kind, row, self.names, compared_with)
        return Observed(seen, status_of(kind, row), row["id"], facts=kind.facts(row) if kind.facts else {})

    def look_of(self, address: Address) -> ListRead | None:
        """The list in which `observe` looks first for an entity; None where that needs an id that isn't known."""
        where = lookup(next(iter(names_of(address, self.moved))), self.registry, self.routes)
        parent = self.ids.get(where.parent) if where.parent else ""
        return None if parent is None else _read_below(where, parent)

    def listed(self, address: Address, server_id: str) -> Fields | None:
        """The row with an id among those under an entity's key; None where it is gone. Raises RemoteError."""
        where = lookup(address, self.registry, self.routes)
        rows = self.read_rows(where.path, where.query, where.listing)
        return next((row for row in rows if row.get("id") == server_id and not row.get("deleted_at")), None)

    def _attached(self, kind: Kind, row: Fields, facts: Collection[str]) -> Fields:
        """The quantities over time of the attached entities that the facts name; None of what was never attached."""
        attachments = self.routes[kind.name].attachments
        named = {fact: member for fact in sorted(facts) if (member := member_in(attachments, fact))}
        if attachments is None or not named:
            return {}
        path = attachments.part.collection.replace("{parent}", str(row["id"]))
        found = decoded(self.read_rows(path, (), attachments.part.listing), attachments)
        if isinstance(found, Malformed):
            raise RemoteError(f"GET {path}: unexpected response: {found.text}")
        shown = {one.of: one.quantities.text for one in found}
        return {fact: shown.get(self.id_of(member) or "") for fact, member in named.items()}

    def _find(self, address: Address) -> Fields | None:
        """The row of the entity with its key, else with a former key; for a member of a list, the member's row."""
        if (part := whole_of(address)) is not None:
            return self._find_member(address, *part)
        found = (self._find_as(address, name) for name in names_of(address, self.moved))
        return next((row for row in found if row is not None), None)

    def _find_member(self, address: Address, entity: Address, field: str, member: Address) -> Fields | None:
        """The row below an entity that stands for a member of a part list."""
        part = self.routes[entity.kind].part(field)
        parent, wanted = self.id_of(entity), self.id_of(member)
        if parent is None or wanted is None:
            return None
        rows = self.read_rows(part.collection.replace("{parent}", parent), (), part.listing)
        same = [
            row for row in rows if not row.get("deleted_at") and (row.get(part.titled_by) or {}).get("id") == wanted
        ]
        if len(same) != 1:
            return None
        self.bind(address, str(same[0]["id"]))
        return same[0]

    def _find_as(self, address: Address, name: Address) -> Fields | None:
        where = lookup(name, self.registry, self.routes)
        parent = self.id_of(where.parent) if where.parent else ""
        if parent is None:
            return None
        each = _read_below(where, parent)
        rows = self.read_rows(each.path, each.query, each.listing)
        for row in rows:
            self._check(address.kind, row, each.path)
        found = choose(name, rows, self.registry, self.routes[address.kind], parent_id=parent)
        if found is None:
            return None
        doubt = doubt_about(name, rows, found, self.registry, self.routes[address.kind], parent_id=parent)
        if doubt is not None:
            raise RemoteError(f"{address.text}: {doubt.reason}")
        self.bind(address, str(found["id"]))
        self._bind_earlier(address, found)
        return self._whole(address.kind, present_label(found, name, address))

    def _bind_earlier(self, address: Address, head: Fields) -> None:
        """Remember the link that a chain's head follows, which the head names in a label."""
        kind = self.registry.get(address.kind)
        before = labels_of(head).get(kind.predecessor) if kind and kind.predecessor else None
        if before is not None:
            self.bind(earlier(address), str(before))

    def _whole(self, kind: str, row: Fields) -> Fields:
        """A row with its part lists, which are read."""
        for part in self.routes[kind].parts:
            path = part.collection.replace("{parent}", str(row["id"]))
            row = embedded(row, part, self.read_rows(path, (), part.listing))
            if faults := unknown_in(self.registry[kind], row):
                raise RemoteError(f"GET {path}: unexpected response: {shown(faults)}")
        return row

    def part_rows(self, row: Fields, part: Part, kind: Kind) -> Sequence[Fields]:
        """The rows of a part list. Those of an active version never change, and are read once."""
        place = (str(row["id"]), part.field)
        if place in self.settled_parts:
            return self.settled_parts[place]
        found = self.read_rows(part.collection.replace("{parent}", place[0]), (), part.listing)
        if state_of(kind, row) is State.CURRENT:
            self.settled_parts[place] = found
        return found

    def _with_labels(self, kind: str, row: Fields) -> Fields:
        """A row with its hidden labels added. Raises RemoteError if they can't be read."""
        where = self.routes[kind].hidden
        document = self.read_document(where, str(row["id"])) if where and self.read_document else None
        found = with_labels(Row(kind, str(row["id"]), row), document, where) if where and document else None
        if found is None:
            raise RemoteError(f"the labels of the {kind} {row['id']} can't be read")
        return found.fields

    def _check(self, kind: str, row: Fields, path: str) -> None:
        if fault := malformed(self.registry.get(kind), row, self.routes[kind]):
            raise RemoteError(f"GET {path}: unexpected response: {fault}")

    def path(self, template: str) -> str:
        """A call's path with ids in the place of symbols. Raises Unbound."""
        return SYMBOL.sub(lambda match: self._needed(_parsed(match[1])), template)

    def body(self, value: Plain) -> Plain:
        """A call's body with ids in the place of symbols. Raises Unbound."""
        if isinstance(value, str):  # most values: the question whether it is a Mapping takes longest
            return value
        if isinstance(value, Symbol):
            return self._needed(value.address)
        if type(value) is dict or isinstance(value, Mapping):
            return {name: self.body(item) for name, item in value.items()}
        if isinstance(value, tuple | list):
            return [self.body(item) for item in value]
        return value

    def _needed(self, address: Address) -> str:
        server_id = self.id_of(address)
        if server_id is None:
            raise Unbound(f"{address.text} is not on the server")
        return server_id


_parsed = lru_cache(parse_address)
"""A step's symbols stand in several paths."""


def _read_below(where: Lookup, parent: str) -> ListRead:
    """A look-up with the id of the parent."""
    query = tuple((name, value.replace("{parent}", parent)) for name, value in where.query)
    return ListRead(where.path.replace("{parent}", parent), query, where.listing)
