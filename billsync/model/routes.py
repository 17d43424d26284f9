"""The tables of a kind's calls: paths, lists and bodies, in the form that one server gives them. They are in `api/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from billsync.model.frozen import dataclass
from billsync.model.value import Plain


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Reading of a kind's rows: a stable sort where the list has one, the page size, pages at a time."""

    sort: str | None
    size: int
    at_once: int = 4


@dataclass(frozen=True, slots=True)
class Part:
    """A list of an entity that the API keeps as rows below it: read apart, and posted one by one.

    `field` is the list's name in the entity; `{parent}` in `collection` stands for the entity's id; `create` names the
    fields of the request, and `update` those of the one that changes a member, which alone keeps its labels (none where
    there is no such request). The API wants a `name` that it then forgets: `titled_by` is the reference whose name is
    sent.
    """

    field: str
    collection: str
    listing: ListQuery
    create: tuple[str, ...]
    titled_by: str
    update: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attachments:
    """Rows below a link of a chain: other entities, each in a quantity over time. They end with their link.

    `part` is their list; `quantity` is the field of its members that says how many. `offers` is the part of the pinned
    kind that names what may be attached, `since` and `most` the fields of its members for the phase from which on and
    the largest quantity; `phases` lists the phases in the pinned entity and in the link. An attached entity with the
    value `single` of its field is had once. The call `set_quantity` doesn't take entities with one of the fields
    `unshown` in a card.
    """

    part: Part
    quantity: str
    offers: str
    since: str
    most: str
    phases: str
    single: tuple[str, str]
    unshown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HiddenLabels:
    """A list of the server's older API that shows the labels hidden in a kind's rows.

    `collection` is a list that is read with `query`; `labels` is what it calls them, there and in the members of
    `lists`, whose names it spells as given. Rows with a member that has one of the fields `unshown`, or whose field
    `fiat` is no code of three letters, are not in it.
    """

    collection: str
    query: tuple[tuple[str, str], ...]
    size: int
    labels: str
    lists: Mapping[str, str]
    unshown: tuple[str, ...]
    fiat: str


@dataclass(frozen=True, slots=True)
class Renaming:
    """A call of the server's older API that changes an entity's key: a PUT of the whole entity, with other field names.

    `names` are those that aren't ours in camel case.
    """

    collection: str
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CallForm:
    """The form in which one server offers a call, for a capability that core asks for by name.

    `{id}` in the path stands for the entity's symbol, `{parent}` for its parent's, and `{earlier}` for that of the link
    before a chain's head. A form of the older API says how its
    body is spelled: `names` are its field names by ours, `bare` the references sent as an id alone, and `keyed` those
    sent as key and version; `implied` are the values of fields that it doesn't take and always makes so. No names means
    that the body is spelled as ours.
    """

    method: str
    path: str
    names: Mapping[str, str] = field(default_factory=dict)
    bare: tuple[str, ...] = ()
    keyed: tuple[str, ...] = ()
    implied: Mapping[str, Plain] = field(default_factory=dict)

    def on(self, symbol: str, parent: str = "") -> str:
        """The path of the call on one entity."""
        return self.path.replace("{id}", symbol).replace("{parent}", parent)


@dataclass(frozen=True, slots=True)
class Routes:
    """The calls of one kind in one dialect; `{parent}` and `{id}` stand for server ids.

    `create` and `update` name the fields that the request bodies have; `calls` are the other calls on an entity, by
    the name of the capability: a name that is absent is something that this server can't do;
    `claim_filter` finds who holds a claimed name;
    `parts` are lists of the kind that have rows of their own; `hidden` shows labels that its rows hide;
    `renaming` changes a key; `spelled` are fields, by dotted path, that this server has under another path;
    `attachments` are rows below a link that its own row doesn't show;
    `shown` are dotted fields that only the server sets; `replaces` are those that a request for the whole entity, or
    for its next version, sets or clears, where the server itself names them.
    """

    collection: str
    listing: ListQuery
    key_filter: str | None
    create: tuple[str, ...]
    update: tuple[str, ...] = ()
    update_verb: str = ""
    delete: bool = False
    calls: Mapping[str, CallForm] = field(default_factory=dict)
    parent_filter: str | None = None
    claim_filter: str | None = None
    parts: tuple[Part, ...] = ()
    hidden: HiddenLabels | None = None
    renaming: Renaming | None = None
    spelled: Mapping[str, str] = field(default_factory=dict)
    attachments: Attachments | None = None
    shown: tuple[str, ...] = ()
    replaces: frozenset[str] | None = None

    def item(self, symbol: str) -> str:
        """The path of one entity."""
        return f"{self.collection}/{symbol}"

    def can(self, name: str) -> bool:
        """Whether this server has the call of this name."""
        return name in self.calls

    def part(self, name: str) -> Part:
        """The part that holds a list of the kind. Raises StopIteration for a field that isn't a part."""
        attached: tuple[Part, ...] = (self.attachments.part,) if self.attachments else ()
        return next(part for part in (*self.parts, *attached) if part.field == name)
