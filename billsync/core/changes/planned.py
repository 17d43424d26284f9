"""The inputs of every lifecycle, and the constructors of changes that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime

from billsync.core.observed.doubts import Doubts
from billsync.core.observed.index import Index
from billsync.core.observed.ownership import is_owned
from billsync.core.observed.refusals import LACKING, Refusal
from billsync.core.views.normalize import normalize
from billsync.core.views.view import view
from billsync.model.address import Address, earlier
from billsync.model.change import Action, Call, Change, FieldChange, Guard, Outcome, Step
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Problem, Registry
from billsync.model.routes import Routes
from billsync.model.state import Desired, Entity, Row, Snapshot
from billsync.model.value import Fields, Plain

UNSHOWN_TIME = "a time that this server doesn't show"


def time_shown(moment: Plain) -> str:
    """A moment that a row shows, for a sentence; the rows of Konnect's subscriptions show none."""
    return str(moment) if moment else UNSHOWN_TIME


@dataclass(frozen=True, slots=True)
class Context:
    """Both states and the tables; `entities` are the declared ones by address, `children` their keys by kind and
    parents.

    `one_chain_per_parent`: the server allows one running chain a parent. `now`: the moment of the decision, for new
    entities. `doubts`: live entities whose state is unclear. `deletes`: this run deletes. `allow`: the flags
    that were given. `wanted` are canonical forms, by the identity of their entity, which is kept alive with them.
    """

    desired: Desired
    entities: Mapping[Address, Entity]
    children: Mapping[tuple[str, tuple[str, ...]], tuple[str, ...]]
    snapshot: Snapshot
    index: Index
    registry: Registry
    routes: Mapping[str, Routes]
    one_chain_per_parent: bool
    now: datetime
    deletes: bool = False
    allow: frozenset[str] = frozenset()
    doubts: Doubts = field(default_factory=dict)
    wanted: dict[int, tuple[Entity, Fields]] = field(default_factory=dict, repr=False, compare=False)

    def siblings(self, address: Address) -> tuple[str, ...]:
        """The keys of the declared entities of the same kind and parent, itself included."""
        return self.children.get((address.kind, address.parents), ())

    def view(self, row: Row, compared_with: Fields | None = None) -> Fields:
        """The canonical view of a live row, in the spelling of the view that it will be compared with."""
        return view(self.registry[row.kind], row.fields, self.index.names, compared_with)

    def want(self, entity: Entity) -> Fields:
        """The canonical form of a declared entity, which is made once."""
        known = self.wanted.get(id(entity))
        if known is None:
            fields = normalize(self.registry[entity.address.kind], entity.fields)
            known = self.wanted[id(entity)] = (entity, fields)
        return known[1]

    def owns(self, row: Row, address: Address) -> bool:
        """Whether a live row is ours."""
        return is_owned(row, address, owner=self.desired.owner, adopted=self.desired.adopted)

    def parent_symbol(self, address: Address) -> str:
        """The symbol of an entity's parent, for its path."""
        parent = self.registry[address.kind].parent
        assert parent is not None
        return Address(parent.kind, address.parents).symbol

    def collection(self, address: Address) -> str:
        """The path to which an entity is posted."""
        path = self.routes[address.kind].collection
        return path.replace("{parent}", self.parent_symbol(address)) if "{parent}" in path else path


def call_of(context: Context, address: Address, name: str, sent: Plain = None) -> Call:
    """The call of this name on an entity. Raises KeyError for one that this server doesn't have."""
    parent = context.parent_symbol(address) if address.parents else ""
    form = context.routes[address.kind].calls[name]
    return Call(form.method, form.on(address.symbol, parent).replace("{earlier}", earlier(address).symbol), sent)


@dataclass(frozen=True, slots=True)
class Planned:
    """One change with its steps in order; `claims` and `frees` are names that it takes and gives up, `guards`
    what stops it unless its flag is given."""

    change: Change
    steps: tuple[Step, ...] = ()
    claims: frozenset[str] = frozenset()
    frees: frozenset[str] = frozenset()
    guards: tuple[Guard, ...] = ()

    def refused(self, refusal: Refusal, **values: object) -> Planned:
        """The change refused: it has no steps, and neither takes nor gives up a name."""
        return Planned(_refused(self.change, refusal, **values))

    def refused_for(self, problems: Sequence[Problem]) -> Planned:
        """The change refused for want of what these problems name; unchanged without any."""
        if not problems:
            return self
        needs, ways = "; ".join(each.detail for each in problems), "; ".join(each.hint for each in problems)
        found = self.refused(LACKING, needs=needs, way_out=ways)
        return replace(found, change=replace(found.change, code=problems[0].code))


def step_id(address: Address, verb: str) -> str:
    """A step's stable name: `plan/pro@3:publish`."""
    return f"{address.text}:{verb}"


def refused(
    address: Address,
    refusal: Refusal,
    *,
    fields: tuple[FieldChange, ...] = (),
    action: Action = Action.UPDATE,
    verb: str = "updating",
    **values: object,
) -> Planned:
    """Return the refused change of an entity, with the reason and a hint."""
    return Planned(_refused(Change(address, action, verb, fields=fields), refusal, **values))


def _refused(change: Change, refusal: Refusal, **values: object) -> Change:
    reason, hint = refusal.texts(**values)
    return replace(change, outcome=refusal.outcome, steps=(), reason=reason, hint=hint, code=refusal.code)


def note(address: Address, *, code: str, reason: str, hint: str = "") -> Planned:
    """Return a note, which is not a pending change."""
    return Planned(Change(address, Action.NONE, "note", Outcome.NOTE, (), reason, hint, code))


def names_of(fields: tuple[FieldChange, ...]) -> str:
    """The top-level fields that changes touch, for a sentence."""
    return ", ".join(sorted({str(change.path[0]) for change in fields}))
