"""The tables that kinds are made of. The kinds themselves are in `kinds/`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import field
from datetime import datetime
from enum import Enum
from typing import TypeAlias

from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.said import Said
from billsync.model.shape import FieldEffect, Record
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

Named: TypeAlias = Mapping[str, Mapping[str, frozenset[str] | None]]
"""By kind of what no file declares, the keys of what is live, each with the names in which a unit of it has a worth;
None where that isn't shown. Of a kind that isn't in it nothing is known."""

Lacking: TypeAlias = Callable[[Fields, Find, Named], Iterable[Problem]]
"""Finds things that an entity's declared fields need of a server, no file declares, and the server certainly lacks."""

Trait: TypeAlias = tuple[Hashable, ...]
"""A mark of an entity's identity other than its key: `("name", "acme inc.")`."""

Cross: TypeAlias = Callable[[Address, Fields, Find], Iterable[Problem]]
"""Checks an entity's declared fields together with the entities it refers to. The fields may be of any type. Whether
there is a problem depends on the parent's fields, and on its name only where that is looked up."""


Lost: TypeAlias = Callable[[Fields], Iterable[tuple[str, str, Said]]]
"""Parts of a live row that no file carries: the sort of each, the field above which that is said, and the rest of a
sentence that begins with the entity's name."""


@dataclass(frozen=True, slots=True)
class TakingBack:
    """A call that takes an entity back for good: declared by a value of one field.

    `call` is the capability, and the name of the guard; `verb` is the word for the change. `loss` says what is lost
    with a row, as a clause; `hindrance` is the reason why a row can't be taken back at a moment, with a hint.
    `not_before` is the time, as text, before which what is declared so can't be: empty for none, and None where it
    never can, as it is over when it is made.
    """

    field: str
    value: str
    call: str
    verb: str
    loss: Callable[[Fields], str]
    hindrance: Callable[[Fields, datetime], tuple[str, str] | None]
    not_before: Callable[[Fields, datetime], str | None]


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

    `one` is the nested single map, `many` the nested list (either may be empty); `decides` are the fields of the parent
    on which its children are decided, as in `Reference`. `fills` are those of them that the server may fill in
    when a child is made, each with the path of the value in the child's view, which may lead through a reference.
    """

    kind: str
    one: str = ""
    many: str = ""
    decides: tuple[str, ...] = ()
    fills: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind as a table.

    * `read` turns a server row into raw fields in the file's shape, with references still as ids or keys.
    * `joint` are the fields that `read`, `respell` and the record's rules look at or make, of the record and of a row:
      what a view shows in any other field depends on that field alone.
    * `only_without` are joint fields of a row that count only where another one, which is named, is absent.
    * `respell` takes what the view will be compared with, the view, and the row as the server gave it, and returns the
      view in the other's spelling where both mean the same.
    * `restored` does the same afterwards for a row with the label of a restore: it may only make more rows equal.
    * `status` names the row's lifecycle field, and `statuses` are all the values of it that are known, with what they
      mean.
    * `lost` names what a dumped file doesn't carry of a row, `lost_by_all` what it carries of none.
    * `at_creation` turns a wanted view into one that the API can be sent at a moment; None where nothing is left to
      make.
    * `unique` says that the server itself keeps the key unique (409), so that a create may be repeated, and made
      without a look before.
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
    * `lacking` yields what the entity needs of `mentions` and a server lacks; a run can't make it.
    * `plain_key` is the pattern of keys in which the `checks` that look at the key alone find nothing.
    * `claims` yields names that only one live entity may hold at a time, from the fields `claimed` alone.
    * `cross_live` are those rules of `cross` that also read a live entity's view.
    * `cross_claimed` are those rules of `cross` that find nothing unless an entity claims another's key.
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
    plain_key: str = ""
    default_key: str | None = None
    absent: Absent = Absent.DEFAULT
    labels: LabelPolicy = LabelPolicy.NONE
    parent: Parent | None = None
    read: Callable[[Fields, Names], Fields] | None = None
    joint: tuple[str, ...] = ()
    only_without: Mapping[str, str] = field(default_factory=dict)
    respell: Callable[[Fields, Fields, Fields], Fields] | None = None
    restored: Callable[[Fields, Fields, Fields], Fields] | None = None
    at_creation: Callable[[Fields, datetime], Fields | None] | None = None
    status: str | None = None
    statuses: Mapping[str, State] = field(default_factory=dict)
    lost: Lost | None = None
    lost_by_all: str = ""
    unique: bool = True
    after: tuple[str, ...] = ()
    claims: Callable[[Fields], tuple[str, ...]] | None = None
    claimed: tuple[str, ...] = ()
    traits: Callable[[Fields], frozenset[Trait]] | None = None
    checks: tuple[Check, ...] = ()
    cross: tuple[Cross, ...] = ()
    cross_live: tuple[Cross, ...] = ()
    cross_claimed: tuple[Cross, ...] = ()
    mentions: Mentions | None = None
    lacking: Lacking | None = None
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
    return tuple(name for name, known in kind.record.fields.items() if known.effect is FieldEffect.ATTACHED)


Registry: TypeAlias = Mapping[str, Kind]
"""Kind name -> kind, in the order in which they are created."""
