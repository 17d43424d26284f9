"""A run as values: changes for people, steps for the executor, and the plan file that holds both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import Enum

from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.kind import Path
from billsync.model.since import Since
from billsync.model.value import Fields, Plain


class Action(Enum):
    """The action of a change, in decK's three words; `NONE` for notes and refusals."""

    CREATE = "creating"
    UPDATE = "updating"
    DELETE = "deleting"
    NONE = "none"


class Outcome(Enum):
    """The outcome of a change before it runs (design.md §5)."""

    PENDING = "pending"
    REFUSED = "refused"
    BLOCKED = "blocked"
    WAITING = "waiting"
    UNMANAGEABLE = "unmanageable"
    NOTE = "note"


class Effect(Enum):
    """The effect of a pending change, for the person who approves it."""

    IN_PLACE = "in place"
    NEW_VERSION = "new version"
    REVERSIBLE = "reversible"
    UNTIL_USED = "reversible until used"
    IRREVERSIBLE = "irreversible"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs; `old` or `new` is None where the field is absent. Symbols are shown by key."""

    path: Path
    old: Plain
    new: Plain

    @property
    def name(self) -> str:
        """The path as text: `phases.default.rate_cards.api.price.amount`."""
        return ".".join(str(part) for part in self.path)


@dataclass(frozen=True, slots=True)
class Change:
    """One entity's change, or a note about it.

    `verb` is the billing word (publishing, granting, …); `reason` says why it is refused, waiting or a note,
    and `hint` what to do. `steps` are ids of its steps; `old` is the view of the
    version that a new one takes the place of. No place in a file stands in it: the same state written in
    other files is the same change (law 6). `timing` says when the change of a chain takes effect: `immediate`,
    `at_renewal`, or a time (RFC 3339); empty for all other changes. `effect` is None unless it is pending; `staying`
    counts the subscribers who stay on older versions where it publishes a new one. `lasting` says what stays when a
    reversible change is taken back.
    """

    address: Address
    action: Action
    verb: str
    outcome: Outcome = Outcome.PENDING
    fields: tuple[FieldChange, ...] = ()
    reason: str = ""
    hint: str = ""
    code: str = ""
    steps: tuple[str, ...] = ()
    old: Fields | None = None
    timing: str = ""
    effect: Effect | None = None
    staying: int | None = None
    lasting: str = ""

    @property
    def is_pending(self) -> bool:
        """Whether a run would carry it out."""
        return self.outcome is Outcome.PENDING


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something that must not exist when a step is carried out (core/changes/obstacles.py).

    `rule` names the check, made on the rows of `kind` or the document at `path`, in which symbols stand for ids.
    `known` is how many there were when the step was decided.
    """

    rule: str
    kind: str = ""
    path: str = ""
    known: int = 0


@dataclass(frozen=True, slots=True)
class Expectation:
    """The expected form of an observed entity: absent (`view` None), or with this view and one of the statuses.

    No statuses means that any will do. The view's references are Symbols. `at_least` names lists of which the entity
    may show more members than the view: later steps add those. `without` must not be there, right before the call.
    `marked` are marks of members that must be there afterwards, which no view has
    (`core.observed.ownership.member_mark`). `facts` are moments that the entity must show, by name
    (`Kind.facts`), and the quantities of what is attached to it (`core.observed.attached`); None where it must
    show none. `partial`: before the call, the entity may have fields that the view doesn't name.
    """

    view: Fields | None
    statuses: tuple[str, ...] = ()
    at_least: tuple[str, ...] = ()
    without: tuple[Obstacle, ...] = ()
    marked: tuple[str, ...] = ()
    facts: Mapping[str, Plain] = field(default_factory=dict)
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One API call: `{kind/name}` in the path and Symbols in the body are bound to ids when it runs."""

    method: str
    path: str
    body: Plain = None


@dataclass(frozen=True, slots=True)
class Step:
    """One call on one entity, with what must be true before and after it.

    `needs` are ids of steps that must be done first. `repeatable`: the server keeps the entity unique by key,
    so that after an unclear outcome and a look that shows nothing, the call may be made again.
    """

    id: str
    address: Address
    verb: str
    call: Call
    before: Expectation
    after: Expectation
    needs: tuple[str, ...] = ()
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Guard:
    """A rule that stops the run before its first write; `flag` is what lets it pass, and without one, `hint` says what
    to do where the policy isn't to be changed."""

    code: str
    reason: str
    flag: str
    addresses: tuple[Address, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """Something that was read to decide, and isn't the own entity of the steps that were decided on it.

    `steps` are ids; `fields` are the top-level fields of the expected view that count, or None where all do. An
    entity that is as one of the plan file's own steps leaves it is as expected, too.
    """

    address: Address
    expected: Expectation
    steps: tuple[str, ...]
    fields: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class PlanFile:
    """The reviewable list of steps, in an order that runs. No server id stands in it.

    Times are RFC 3339 in UTC. `intended` is what the files say of the server that they are for, by name; `moved` are
    the older keys under which entities may be live. `dialect` is the generation of the server's API, `allowed` the
    flags that let guards pass, `billsync` the version that wrote it; `readings` are what its steps were decided on
    besides their own entities, and `secrets` keyed digests of values that stand in the environment or in other files.
    `selection` has the patterns of `--select`; where it is empty, the changes are those of the files as a whole. With
    `since`, it names each entity that has changed since a commit, or depends on one. `policy` is `_info.policy` of the
    files, for the journal: an undo keeps it. `owners` are those of the entities, where they aren't all of the one
    `owner`; what is left out has none.
    """

    target: str
    owner: str | None
    mode: str
    changes: tuple[Change, ...]
    steps: tuple[Step, ...]
    guards: tuple[Guard, ...] = ()
    created_at: str = ""
    expires_at: str = ""
    format_version: str = "1.0"
    intended: Mapping[str, str] = field(default_factory=dict)
    moved: Mapping[Address, tuple[Address, ...]] = field(default_factory=dict)
    dialect: str = ""
    allowed: tuple[str, ...] = ()
    billsync: str = ""
    readings: tuple[Reading, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    selection: tuple[str, ...] = ()
    since: Since | None = None
    policy: Fields = field(default_factory=dict)
    owners: Mapping[Address, str] = field(default_factory=dict)

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that a run would carry out."""
        return tuple(change for change in self.changes if change.is_pending)
