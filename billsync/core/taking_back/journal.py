"""The journal of a run, read for `undo`: the steps that it made, and everything else that it wrote."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, TypeVar

from billsync.core.plan_file import fields_of_object, step_of_object
from billsync.core.taking_back.journal_door import MALFORMED, at_line, checked_fields, checked_names, checked_step
from billsync.core.taking_back.journal_lines import (
    ATTACHED,
    CHANGING,
    OWING,
    OWNERS,
    PINNED,
    SENDING,
    SET_UP,
    NotAJournal,
    unsealed,
)
from billsync.model.address import Address, chain_of, parse_address
from billsync.model.change import Step
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Registry
from billsync.model.value import Fields

T = TypeVar("T")

_MADE = frozenset({"done", "failed"})
"""Ends of steps after which something may have been written; a run that broke off has no end of a step."""


@dataclass(frozen=True, slots=True)
class Made:
    """The steps of a run on one entity, in order; `old` is the version that a new one took the place of.

    `changing` are the fields that they changed, as far as they had an entity before and after. `id` is the server's of
    what they created, where it answered. `attached` are the former quantities of what they attached to it, detached or
    changed in quantity, by key; 0 for none.
    """

    address: Address
    steps: tuple[Step, ...]
    changing: frozenset[str] = frozenset()
    old: Fields | None = None
    id: str = ""
    attached: Mapping[str, int] = field(default_factory=dict)

    @property
    def first(self) -> Fields | None:
        """The entity before the run."""
        return self.steps[0].before.view

    @property
    def last(self) -> Fields | None:
        """The entity as the run left it."""
        return self.steps[-1].after.view


@dataclass(frozen=True, slots=True)
class Owed:
    """A debt that a run made again as a one-off fee, with the fee's reference; it may have died before the call."""

    debtor: Address
    amount: str
    currency: str
    reference: str


@dataclass(frozen=True, slots=True)
class Journaled:
    """A run by its journal: the server, the owner, and what it made. `is_cut`: the journal ends within a line.

    `intended` is what its files say of the server that they are for, and `policy` are their rules (`_info.policy`);
    `ended` is the time of its last event, and `place` names the server in the same way in each directory. `owners` are
    those of the entities, where they have several; what is left out has none. `owed` are debts that it made again as
    fees, `pinned` are entities whose billing it set, `set_up` are custom currencies and billing profiles that it made,
    and `sent`: it sent usage events again.
    """

    target: str
    owner: str | None
    made: tuple[Made, ...]
    is_cut: bool = False
    intended: Mapping[str, str] = field(default_factory=dict)
    policy: Fields = field(default_factory=dict)
    ended: str = ""
    place: str = ""
    owners: Mapping[Address, str] = field(default_factory=dict)
    owed: tuple[Owed, ...] = ()
    pinned: tuple[Address, ...] = ()
    set_up: tuple[Address, ...] = ()
    sent: bool = False

    @property
    def unowned(self) -> tuple[Address, ...]:
        """The entities that nobody owns, where the run says whose the others are."""
        return tuple(one.address for one in self.made if self.owners and one.address not in self.owners)

    @property
    def several(self) -> tuple[str, ...]:
        """The owners of a run for several."""
        return tuple(sorted(set(self.owners.values()))) if self.owner is None else ()

    def of_owner(self, owner: str) -> Journaled:
        """The part of a run for several owners that is one owner's, with what nobody owns."""
        made = tuple(one for one in self.made if self.owners.get(one.address, owner) == owner)
        names = {address for address, name in self.owners.items() if name != owner}
        owed = tuple(one for one in self.owed if one.debtor not in names)
        pinned = tuple(address for address in self.pinned if address not in names)
        return replace(self, owner=owner, made=made, owed=owed, pinned=pinned)


def journaled(text: str, registry: Registry) -> Journaled:
    """The run that a journal is about. Raises NotAJournal."""
    try:
        events = [_event(number, line) for number, line in enumerate(unsealed(_whole_lines(text)), 1)]
        found = _journaled(events, registry)
        return replace(found, is_cut=not text.endswith("\n"))
    except NotAJournal:
        raise
    except MALFORMED as error:
        raise NotAJournal(str(error)) from error


def _event(number: int, line: str) -> Mapping[str, Any]:
    with at_line(number):
        event = json.loads(line, parse_float=_no_float, parse_constant=_no_float)
        if not isinstance(event, Mapping) or not isinstance(event.get("event"), str | None):
            raise NotAJournal("it is no event of a run")
        return event


def _whole_lines(text: str) -> list[str]:
    """The lines that were written whole: a run that was killed may leave a part of one, whose call wasn't made."""
    return [line for line in text.splitlines(keepends=True) if line.endswith("\n") and line.strip()]


def _no_float(text: str) -> Any:
    raise ValueError(f"{text} is a float")


def _journaled(events: Sequence[Mapping[str, Any]], registry: Registry) -> Journaled:
    number, run = next(((n, one) for n, one in enumerate(events, 1) if one.get("event") == "run"), (0, None))
    if run is None:
        raise NotAJournal("it doesn't begin with a run")
    with at_line(number):
        if not isinstance(run["owner"], str | None):
            raise NotAJournal("owner is no text")
        intended = {str(name): str(value) for name, value in run.get("intended", {}).items()}
        policy = fields_of_object(run.get("policy", {}))
        if not isinstance(policy, Mapping):
            raise NotAJournal("policy is no map")
    begun = _begun(events, registry)
    return Journaled(
        str(run["target"]),
        run["owner"],
        tuple(_made(events, begun, registry)),
        intended=intended,
        policy=policy,
        ended=str(events[-1].get("at", "")),
        place=str(run.get("place", "")),
        owners=begun.owners,
        owed=tuple(_each(events, OWING, _owed)),
        pinned=tuple(_each(events, PINNED, _entity_in)),
        set_up=tuple(dict.fromkeys(_each(events, SET_UP, _entity_in))),
        sent=any(event.get("event") == SENDING for event in events),
    )


@dataclass(frozen=True, slots=True)
class _Begun:
    """Former values and owners of entities, as the beginnings of a run's parts name them."""

    replaced: Mapping[str, Fields]
    attached: Mapping[str, Mapping[str, int]]
    owners: Mapping[Address, str]


def _each(events: Iterable[Mapping[str, Any]], name: str, read: Callable[[Mapping[str, Any]], T]) -> Iterator[T]:
    """Yield the content of the events of a name. Raises NotAJournal, with the line."""
    for number, event in enumerate(events, 1):
        if event.get("event") == name:
            with at_line(number):
                yield read(event)


def _begun(events: Iterable[Mapping[str, Any]], registry: Registry) -> _Begun:
    replaced: dict[str, Fields] = {}
    attached: dict[str, Mapping[str, int]] = {}
    owners: dict[Address, str] = {}
    for number, event in enumerate(events, 1):
        if event.get("event") == "begin":
            with at_line(number):
                replaced |= {name: _former(name, old, registry) for name, old in event["replaced"].items()}
                attached |= {name: _quantities(old) for name, old in event.get(ATTACHED, {}).items()}
                owners |= {parse_address(name): str(owner) for name, owner in event.get(OWNERS, {}).items()}
    return _Begun(replaced, attached, owners)


def _former(name: str, old: Mapping[str, Any], registry: Registry) -> Fields:
    """The former version of an entity."""
    fields, kind = fields_of_object(old), registry.get(parse_address(name).kind)
    return fields if kind is None else checked_fields(kind, fields, f"replaced.{name}")


def _made(events: Sequence[Mapping[str, Any]], begun: _Begun, registry: Registry) -> Iterator[Made]:
    """The steps that may have written something, by entity. The rows of an entity's lists are no entities."""
    answered = {str(event["step"]): str(event["made"]) for event in events if "made" in event}
    by_entity: dict[Address, dict[str, Step]] = defaultdict(dict)
    changing: dict[Address, set[str]] = defaultdict(set)
    for name, step, changed in _called(events, registry):
        entity = _entity(step.address)
        by_entity[entity][name] = step
        changing[entity].update(changed)
    for address, steps in by_entity.items():
        if "." not in address.kind:
            found, old, attached = tuple(steps.values()), begun.replaced, begun.attached
            changed_there, made_id = frozenset(changing[address]), _id(found, answered)
            yield Made(address, found, changed_there, old.get(address.text), made_id, attached.get(address.text, {}))


def _called(events: Sequence[Mapping[str, Any]], registry: Registry) -> Iterator[tuple[str, Step, Iterable[str]]]:
    """The name of each step that was called and may have written something, the step, and the fields it changes."""
    ends = dict(_each(events, "result", lambda event: (str(event["step"]), event["status"])))

    def called(event: Mapping[str, Any]) -> tuple[str, Step, Iterable[str]] | None:
        name = str(event["step"])
        if ends.get(name, "done") not in _MADE:
            return None
        planned = dict(event["planned"])
        changed = checked_names(planned.pop(CHANGING), f"planned.{CHANGING}")
        return name, checked_step(step_of_object(planned), registry), changed

    yield from (one for one in _each(events, "call", called) if one is not None)


def _quantities(old: Mapping[str, Any]) -> Mapping[str, int]:
    return {str(key): int(number) for key, number in old.items()}


def _owed(event: Mapping[str, Any]) -> Owed:
    return Owed(_entity_in(event), *(str(event[name]) for name in ("amount", "currency", "reference")))


def _entity_in(event: Mapping[str, Any]) -> Address:
    return parse_address(str(event["entity"]))


def _id(steps: Iterable[Step], answered: Mapping[str, str]) -> str:
    """The id of what steps created last; empty where no answer has it."""
    return next((answered[step.id] for step in reversed([*steps]) if step.id in answered), "")


def _entity(address: Address) -> Address:
    return chain_of(address).unversioned()
