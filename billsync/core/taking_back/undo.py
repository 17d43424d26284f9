"""Undo: from the journal of a run to the state that takes back what the run did, where that can be taken back.

An undo is a desired state of a few entities, so that the difference, the guards, the steps and their execution are
those of any other run. What can't be desired, or isn't in the journal, is named with the reason.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Set
from dataclasses import field
from typing import Any

from billsync.core.dump.document import plain_fields
from billsync.core.dump.items import Item
from billsync.core.lifecycle.chain_end import ENDS
from billsync.core.lifecycle.chain_steps import FROM, RENEWS, TO
from billsync.core.lifecycle.proof import VERSION
from billsync.core.observed.ownership import LABELS
from billsync.core.taking_back.journal import Journaled, Made
from billsync.model.address import Address, Symbol
from billsync.model.change import Expectation
from billsync.model.diagnostic import Position
from billsync.model.frozen import dataclass, replace
from billsync.model.globs import Patterns, literal
from billsync.model.kind import Absent, Archetype, Kind, Registry, State
from billsync.model.selection import Selection
from billsync.model.state import Desired, Entity, Row
from billsync.model.transition import AT_RENEWAL, IMMEDIATE
from billsync.model.value import Fields, Masked, leaves

_MASK = re.compile(r"\(withheld\)|\(e-mail \d+\)")
OUTSIDE = "what it was can't be named: the journal withholds values that come from outside of the files"
_NOWHERE = Position("", 1, 1)


@dataclass(frozen=True, slots=True)
class Lasting:
    """Something of a run that can't be taken back, and why."""

    address: Address
    reason: str


@dataclass(frozen=True, slots=True)
class Undone:
    """The state that takes back what a run made, and what of it lasts. `gone` are entities that are to go again."""

    desired: Desired
    lasting: tuple[Lasting, ...]
    gone: frozenset[Address] = frozenset()


@dataclass(frozen=True, slots=True)
class _Versions:
    """The versions that chains go back to: `published` are entities of which the run published one, so that their
    content is published again; `instead` has the number of the version that has the former content, by chain."""

    published: Set[Address]
    instead: Mapping[Address, int]

    def of(self, chain: Address, pinned: Address) -> int | str | None:
        """The version to which a chain goes back that was on another one, `pinned`."""
        if pinned.unversioned() in self.published:
            return "latest"
        return self.instead.get(chain, pinned.version)


@dataclass(frozen=True, slots=True)
class Known:
    """Facts about chains that the journal doesn't hold: `instead` has the number of the version to go back to, where
    another one has the former content now, and `attached` the fields that say what was attached. `endless` are those
    whose former end can't be set again, with the reasons. `nobodys` are entities without an owner that are taken back
    all the same, as nobody but the run needs them."""

    instead: Mapping[Address, int] = field(default_factory=dict)
    attached: Mapping[Address, Fields] = field(default_factory=dict)
    endless: Mapping[Address, str] = field(default_factory=dict)
    nobodys: frozenset[Address] = frozenset()


NOTHING_KNOWN = Known()


def undone(run: Journaled, registry: Registry, known: Known = NOTHING_KNOWN) -> Undone:
    """The state of the entities before the run, as far as it can be wanted."""
    versions = _Versions({made.address for made in run.made if made.old is not None}, known.instead)
    owned = [made for made in run.made if not run.owners or made.address in {*run.owners, *known.nobodys}]
    found = [(made, _before(made, registry[made.address.kind], versions, known)) for made in owned]
    entities = [_with(item, known.attached.get(item.address, {})) for _, item in found if isinstance(item, Entity)]
    gone = [made.address for made, item in found if item is None]
    lasting = [item for _, item in found if isinstance(item, Lasting)]
    for made, item in found:
        if isinstance(item, Entity):
            lasting += _partly(made, registry[made.address.kind], known)
    ordered = tuple(sorted(entities, key=lambda entity: entity.address.order))
    chosen = (*(entity.address for entity in ordered), *gone)
    desired = Desired(
        owner=run.owner,
        entities=ordered,
        adopted=_literally(one for one in chosen if one in known.nobodys),
        named=frozenset(address.kind for address in gone),
        selection=Selection(patterns=tuple((a.kind, "/".join(map(literal, a.names))) for a in chosen)),
    )
    return Undone(desired, tuple(lasting), frozenset(gone))


def _literally(addresses: Iterable[Address]) -> Patterns:
    """The patterns that name these entities alone."""
    found: dict[str, list[str]] = defaultdict(list)
    for address in addresses:
        found[address.kind].append("/".join(map(literal, address.names)))
    return Patterns({kind: tuple(sorted(several)) for kind, several in found.items()})


def _with(entity: Entity, fields: Fields) -> Entity:
    return replace(entity, fields={**entity.fields, **fields}) if fields else entity


def only_gone(found: Undone, live: Iterable[Address]) -> Desired:
    """The desired state in which nothing that is live goes but what is to go: all else is left alone, also by what
    ends with it."""
    kinds = found.desired.named
    others = (address for address in live if address.kind in kinds and address not in found.gone)
    return replace(found.desired, forgotten=frozenset(others))


def without(run: Journaled, addresses: Container[Address]) -> Journaled:
    """The run without what it made of these entities."""
    return replace(run, made=tuple(made for made in run.made if made.address not in addresses))


def _before(made: Made, kind: Kind, versions: _Versions, known: Known) -> Entity | Lasting | None:
    """The entity as it is wanted again; None where it is to go; what lasts."""
    found = _wanted(made, kind, versions, known)
    fields = found.fields if isinstance(found, Entity) else {}
    return Lasting(made.address, OUTSIDE) if is_withheld(fields) else found


def _wanted(made: Made, kind: Kind, versions: _Versions, known: Known) -> Entity | Lasting | None:
    if any(_MASK.search(name) for name in made.address.names):
        return Lasting(made.address, "it can't be named: the journal withholds e-mail addresses, which its key has")
    match kind.archetype:
        case Archetype.RECORD:
            return _record_before(made, kind)
        case Archetype.VERSIONED:
            fields = made.old if made.old is not None else made.first
            return _entity_of(made, kind, fields) if fields is not None else None
        case Archetype.APPEND_ONLY:
            return _taken_back(made, kind)
        case Archetype.CHAINED:
            return _chain_before(made, kind, versions, is_endless=made.address in known.endless)


def _record_before(made: Made, kind: Kind) -> Entity | Lasting | None:
    if made.first is None:
        return None
    if made.last is not None:
        return _entity_of(made, kind, _known(made, kind))
    if is_withheld(made.first):
        return Lasting(
            made.address, "it was deleted, and its personal data isn't in the journal: create it from its file"
        )
    return _entity_of(made, kind, made.first)


def _known(made: Made, kind: Kind) -> Fields:
    """The former values of the fields that changed, without those that the journal withholds; where an absent field
    means its default, all fields."""
    first = made.first or {}
    if kind.absent is Absent.DEFAULT:
        return first
    changing = made.changing - {kind.key}
    return {name: first.get(name) for name in sorted(changing) if not _is_unknown(made, name)}


def _is_unknown(made: Made, name: str) -> bool:
    """Whether the journal withholds what a field was or became."""
    return is_withheld(((made.first or {}).get(name), _last(made, name)))


def _last(made: Made, name: str) -> Any:
    return (made.last or {}).get(name)


def _partly(made: Made, kind: Kind, known: Known) -> Iterator[Lasting]:
    """The parts of a change that last: fields whose former values the journal doesn't hold, and labels that were
    added."""
    first = made.first or {}
    names = [name for name in sorted(made.changing) if _is_unknown(made, name)]
    if names:
        yield Lasting(made.address, f"the former {', '.join(names)} can't be named: the journal withholds it")
    if kind.key in made.changing:
        yield Lasting(
            made.address, f"its key stays, which was {first.get(kind.key)!r}: list it under `moved` to rename it"
        )
    before, after = first.get(LABELS) or {}, _last(made, LABELS) or {}
    added = sorted(after.keys() - before.keys()) if LABELS in made.changing and LABELS not in names else []
    moments = {FROM, TO, RENEWS}
    facts = {name for step in made.steps for name in (*step.before.facts, *step.after.facts)}
    if made.first is not None and facts - moments and made.address not in known.attached:
        yield Lasting(made.address, "what was attached to it or detached stays as it is")
    if why := known.endless.get(made.address):
        moment = end_before(made, kind)
        back = f"its {kind.pins} is taken back, and its end isn't ({why})"
        yield Lasting(made.address, f"{back}: it was to end at {moment}; declare `ends: {moment}` after this undo")
    if added and made.first is not None and kind.archetype is Archetype.RECORD:
        yield Lasting(made.address, f"labels that it got stay ({', '.join(added)}): billsync never removes any")


def _taken_back(made: Made, kind: Kind) -> Entity | Lasting:
    """An entity that was created once and for all, as it is taken back."""
    form = kind.taking_back
    if made.first is not None or made.last is None or form is None:
        verbs = ", ".join(dict.fromkeys(step.verb for step in made.steps))
        return Lasting(made.address, f"{verbs} can't be taken back")
    return _entity_of(made, kind, {**made.last, form.field: form.value})


def _chain_before(made: Made, kind: Kind, versions: _Versions, *, is_endless: bool) -> Entity:
    """A chain as it was, with the change or the end that was scheduled; one that began ends."""
    if made.first is None:
        last_version = _Versions(frozenset(), {})
        return _entity_of(made, kind, {**_pinned(made, kind, made.last or {}, last_version), ENDS: IMMEDIATE})
    is_later = was(kind, made.steps[-1].after, State.COMING)
    timing: Fields = {} if is_later else {"change": IMMEDIATE}
    match former(made, kind):
        case (State.COMING, _):
            timing = {"change": AT_RENEWAL}
        case (State.ENDING, moment) if not is_endless:
            timing = {**timing, ENDS: moment or AT_RENEWAL}
    return _entity_of(made, kind, {**_pinned(made, kind, made.first, versions), **timing})


def was(kind: Kind, end: Expectation, state: State) -> bool:
    """Whether an end of a step is in no other state than this one."""
    return bool(end.statuses) and set(end.statuses) <= set(kind.words(state))


def former(made: Made, kind: Kind) -> tuple[State, str] | None:
    """The state that was scheduled for a chain before a run that took that back, and the moment; None without one."""
    first, last = made.steps[0].before, made.steps[-1].after
    for state, name in ((State.COMING, FROM), (State.ENDING, TO)):
        if made.first is not None and was(kind, first, state) and not was(kind, last, State.ENDING):
            return state, str(first.facts.get(name) or "")
    return None


def end_before(made: Made, kind: Kind) -> str | None:
    """The end that a chain had before a run that took it back and changed what it is on; None where there is none."""
    found = former(made, kind) if kind.archetype is Archetype.CHAINED else None
    return (found[1] or AT_RENEWAL) if found and found[0] is State.ENDING and kind.pins in made.changing else None


def _pinned(made: Made, kind: Kind, view: Fields, versions: _Versions) -> Fields:
    """The fields of a link as a file has them: the version of what it is on by its number, unless that is published
    again."""
    found = {name: value for name, value in view.items() if name != "labels"}
    pinned = view.get(kind.pins or "")
    if not isinstance(pinned, Symbol):
        return found
    return {**found, VERSION: versions.of(made.address, pinned.address)}


def _entity_of(made: Made, kind: Kind, fields: Fields) -> Entity:
    item = Item(made.address, fields, Row(kind.name, "", {}))
    return Entity(made.address, dict(_declared(kind, plain_fields(kind, item), fields)), _NOWHERE)


def _declared(kind: Kind, plain: Fields, fields: Fields) -> Iterator[tuple[str, Any]]:
    """The fields as a file declares them; null clears those that weren't there."""
    yield from plain.items()
    if kind.absent is Absent.NOT_MANAGED:
        yield from ((name, None) for name, value in fields.items() if value is None)


def is_withheld(value: Any) -> bool:
    """Whether a journal withholds a value, or a part of it."""
    return any(isinstance(leaf, Masked) or (isinstance(leaf, str) and _MASK.search(leaf)) for leaf in leaves(value))
