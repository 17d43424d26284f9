"""The tables that kinds are made of. The kinds themselves are in `kinds/`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TypeAlias

from billsync.model.address import Address
from billsync.model.shape import Effect, Record
from billsync.model.value import Fields, Plain

Path: TypeAlias = tuple[str | int, ...]
"""A path in an entity's fields: names and list indexes."""

Names: TypeAlias = Mapping[str, Address]
"""Server id -> address of what is known to be live (a bound symbol too)."""


class Archetype(Enum):
    """The life cycles of entities (design.md §5)."""

    RECORD = "record"
    VERSIONED = "versioned"
    CHAINED = "chained"
    APPEND_ONLY = "append-only"


class State(Enum):
    """The part of its life that an entity is in, whatever word a server has for it."""

    DRAFT = "draft"  # a version that subscribers cannot get yet
    COMING = "coming"  # takes effect later
    CURRENT = "current"  # in force; a version: the one that new subscribers get
    ENDING = "ending"  # in force, with an end that is known
    OVER = "over"  # ended for good
    TAKEN_BACK = "taken-back"  # ended for good, by being taken back


class Absent(Enum):
    """Meanings of an absent field (design.md §3)."""

    DEFAULT = "default"
    NOT_MANAGED = "not-managed"


class LabelPolicy(Enum):
    """Whether labels can be read back, and changed.

    `HIDDEN` ones are kept and can't be changed; only another API of the server shows them, if it has that.
    """

    NONE = "none"
    HIDDEN = "hidden"
    FIXED = "fixed"
    MUTABLE = "mutable"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem in an entity's canonical fields; the caller knows the field's position in a file."""

    path: Path
    code: str
    detail: str
    hint: str = ""


Check: TypeAlias = Callable[[Fields], Iterable[Problem]]

Find: TypeAlias = Callable[[str, str], Fields | None]
"""Kind and key -> the declared fields of that entity, or None where the files don't declare it."""

Mentions: TypeAlias = Callable[[Fields], Iterable[tuple[Path, str, str]]]
"""Texts in declared fields that name an entity although they aren't references: path, kind and key."""

Trait: TypeAlias = tuple[Hashable, ...]
"""A mark of an entity's identity other than its key: `("name", "acme inc.")`."""

Cross: TypeAlias = Callable[[Address, Fields, Find], Iterable[Problem]]
"""Checks an entity's declared fields together with the entities it refers to. The fields may be of any type."""


Lost: TypeAlias = Callable[[Fields], Iterable[tuple[str, str, str]]]
"""What a live row has that no file carries: its sort, the field beside which that is said, and the rest of a sentence
that begins with the entity's name."""


@dataclass(frozen=True, slots=True)
class TakingBack:
    """A call that takes an entity back for good: declared by a value of one field.

    `call` is the capability, and the name of the guard; `verb` is the word for the change. `loss` says what is lost
    with a row, as a clause; `hindrance` is the reason why a row can't be taken back at a moment, with a hint.
    """

    field: str
    value: str
    call: str
    verb: str
    loss: Callable[[Fields], str]
    hindrance: Callable[[Fields, datetime], tuple[str, str] | None]


@dataclass(frozen=True, slots=True)
class Progress:
    """A state that only moves forward: declared in a field, and shown as the fact of the same name (`Kind.facts`).

    `states` are in their order; a new entity is in the first one, which no file declares. `call` is the capability,
    whose body has the wanted state as `sent`; `verb` is the word for the change.
    """

    field: str
    states: tuple[str, ...]
    call: str
    sent: str
    verb: str


@dataclass(frozen=True, slots=True)
class Parent:
    """The kind that an entity belongs to: its field, and the names under which it nests there.

    `one` is the nested single map, `many` the nested list (either may be empty).
    """

    kind: str
    one: str = ""
    many: str = ""


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


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind as a table.

    * `read` turns a server row into raw fields in the file's shape, with references still as ids or keys.
    * `respell` takes what the view will be compared with, the view, and the row as the server gave it, and returns the
      view in the other's spelling where both mean the same.
    * `status` names the row's lifecycle field, and `statuses` are all the values of it that are known, with what they
      mean.
    * `lost` names what a dumped file doesn't carry of a row, `lost_by_all` what it carries of none.
    * `at_creation` turns a wanted view into one that the API can be sent at a moment; None where nothing is left to
      make.
    * `unique` says that the server itself keeps the key unique, so that a create may be repeated.
    * `stages` gives the views on the way to a wanted one, itself last, where one call can't do it.
    * `facts` are the moments in a row that no view has and that a step may depend on.
    * `may_end_at` says whether the server lets a live row end at a moment.
    * `taking_back` is the call that takes an entity back for good.
    * `progress` is a state that only moves forward.
    * `cadence` is the field that says how often an entity is billed.
    * `frozen` names fields that can't change while a child of that kind is in force.
    * `inherits` are fields that come from the pinned entity's declaration where the own one is silent.
    * `successor` is the server's label of a link that was changed into another, `predecessor` the label of that other:
      each holds the other's id.
    * `pins` is the reference whose version is fixed at creation and noted in the label `billsync_<pins>`.
    * `after` are soft edges: kinds whose entities of the same parent go first (this one's parent if it is named).
    * `claims` yields names that only one live entity may hold at a time.
    * `traits` yields further marks of an entity's identity: two entities that share a trait may be the same under two
      keys.
    * `shared`: files of other owners normally refer to it, so that a reference to it is no evidence of the referring
      entity's owner.
    * `answers` says what the server's own codes for a refused call mean, and what to do.
    * `irreversible` are the verbs of changes that can't be undone, each with the capability that takes such a change
      back as long as it lies ahead, empty for none.
    * `personal` are fields that identify a person: their values stay out of journals.
    """

    name: str
    collection: str
    archetype: Archetype
    record: Record
    doc: str
    example: Plain
    key: str = "key"
    default_key: str | None = None
    absent: Absent = Absent.DEFAULT
    labels: LabelPolicy = LabelPolicy.NONE
    parent: Parent | None = None
    read: Callable[[Fields, Names], Fields] | None = None
    respell: Callable[[Fields, Fields, Fields], Fields] | None = None
    at_creation: Callable[[Fields, datetime], Fields | None] | None = None
    status: str | None = None
    statuses: Mapping[str, State] = field(default_factory=dict)
    lost: Lost | None = None
    lost_by_all: str = ""
    unique: bool = True
    after: tuple[str, ...] = ()
    claims: Callable[[Fields], tuple[str, ...]] | None = None
    traits: Callable[[Fields], frozenset[Trait]] | None = None
    checks: tuple[Check, ...] = ()
    cross: tuple[Cross, ...] = ()
    mentions: Mentions | None = None
    stages: Callable[[Fields, Fields], tuple[Fields, ...]] | None = None
    facts: Callable[[Fields], Fields] | None = None
    may_end_at: Callable[[Fields, datetime], bool] | None = None
    taking_back: TakingBack | None = None
    progress: Progress | None = None
    cadence: str | None = None
    frozen: Mapping[str, str] = field(default_factory=dict)
    pins: str | None = None
    successor: str | None = None
    predecessor: str | None = None
    inherits: tuple[str, ...] = ()
    created_verb: str = "creating"
    deleted_verb: str = "deleting"
    immutable_hint: str = ""
    irreversible: Mapping[str, str] = field(default_factory=dict)
    shared: bool = False
    answers: Mapping[str, str] = field(default_factory=dict)
    personal: frozenset[str] = frozenset()

    def words(self, *states: State) -> tuple[str, ...]:
        """The statuses that mean one of these states, in the table's order."""
        return tuple(status for status, state in self.statuses.items() if state in states)

    @property
    def title(self) -> str:
        """The name of one entity of the kind in a sentence."""
        return self.name.replace("_", " ")

    @property
    def titles(self) -> str:
        """The name of several entities of the kind in a sentence."""
        return self.collection.replace("_", " ")


def attached_fields(kind: Kind) -> tuple[str, ...]:
    """The lists of a kind of which each member is a row of its own below a link."""
    return tuple(name for name, known in kind.record.fields.items() if known.effect is Effect.ATTACHED)


Registry: TypeAlias = Mapping[str, Kind]
"""Kind name -> kind, in the order in which they are created."""
