"""Several desired states, one after the other, as one plan file: each is compared with the live state that the one
before it will leave.

A version of a plan can only be subscribed to while it is active, so that subscribers of several versions need several
states of the intended.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from billsync.core.changes.conflicts import block_dependents
from billsync.core.changes.order import linked, symbols_of, with_soft_edges
from billsync.core.changes.planned import Planned
from billsync.core.changes.versions import offered
from billsync.core.diffing.diff import Mode, Server, context_of, diff
from billsync.core.diffing.predicted import predicted
from billsync.core.lifecycle.attached import stops
from billsync.core.lifecycle.chain_steps import FROM, RENEWS
from billsync.core.lifecycle.versioned import archive_step
from billsync.core.observed.index import Index, index
from billsync.core.observed.refusals import BLOCKED, DANGLING, NO_ACTIVE_VERSION
from billsync.core.views.normalize import normalize
from billsync.model.address import Address, chain_of, symbols_in
from billsync.model.change import Action, Change, Effect, Outcome, PlanFile, Reading, Step
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Archetype, Registry, State
from billsync.model.state import Desired, Snapshot

MISSING = (DANGLING.code, NO_ACTIVE_VERSION.code)
"""Codes of refusals for want of something else."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A desired state of some entities, and the versioned entities of which no version stays active after it."""

    desired: Desired
    archives: tuple[Address, ...] = ()


NOTHING = Stage(Desired(None, ()))
"""The stage of a server on which nothing is declared."""


@dataclass(frozen=True, slots=True)
class Staged:
    """The plan file of all stages, and the changes of each stage, refused ones and notes too."""

    plan_file: PlanFile
    changes: tuple[tuple[Change, ...], ...]


def staged(
    stages: Sequence[Stage], found: Snapshot, registry: Registry, *, server: Server, mode: Mode, now: datetime
) -> Staged:
    """The plan file that goes through all stages; later steps need the earlier ones that they build on. What needs
    something that an earlier stage was refused is blocked."""
    if not stages:
        return Staged(
            _compared(
                NOTHING, found, index(found, registry, server.routes), registry, server=server, mode=mode, now=now
            ),
            (),
        )
    several: list[PlanFile] = []
    refused: dict[Address, Planned] = {}
    for stage in stages:
        known = index(found, registry, server.routes)
        intended = _compared(stage, found, known, registry, server=server, mode=mode, now=now)
        intended = _blocked(stage, intended, refused, registry)
        refused = _refused_after(stage, intended, refused)
        several.append(intended)
        found = predicted(found, intended, known, registry, server.routes)
    return Staged(_joined(several, registry), tuple(intended.changes for intended in several))


def _compared(
    stage: Stage, found: Snapshot, known: Index, registry: Registry, *, server: Server, mode: Mode, now: datetime
) -> PlanFile:
    part = _part_of(stage.desired, found, known, registry, server)
    intended = diff(stage.desired, part, registry, server=server, mode=mode, now=now)
    archived = tuple(_archived(stage, part, registry, server=server, mode=mode, now=now))
    return replace(
        intended,
        changes=(*intended.changes, *(p.change for p in archived)),
        steps=(*intended.steps, *(step for p in archived for step in p.steps)),
    )


def _blocked(stage: Stage, intended: PlanFile, refused: Mapping[Address, Planned], registry: Registry) -> PlanFile:
    """The plan file without what needs something that was refused before; a chain that was isn't changed either."""
    if not refused:
        return intended
    planned = [_unchained(one, refused, registry) for one in _with_steps([intended])]
    others = [_with_cause(change, stage, refused, registry) for change in intended.changes if not change.steps]
    found = block_dependents((*refused.values(), *others, *planned))[len(refused) :]
    kept = {step.id for one in found for step in one.steps}
    return replace(
        intended,
        changes=tuple(one.change for one in found),
        steps=tuple(step for step in intended.steps if step.id in kept),
    )


def _unchained(one: Planned, refused: Mapping[Address, Planned], registry: Registry) -> Planned:
    address = one.change.address
    is_chain = registry[address.kind].archetype is Archetype.CHAINED
    return one.refused(BLOCKED, cause=address.text) if is_chain and address in refused else one


def _with_cause(change: Change, stage: Stage, refused: Mapping[Address, Planned], registry: Registry) -> Planned:
    """A change without steps; one that is refused for what isn't there names what was refused before."""
    if change.code not in MISSING:
        return Planned(change)
    kind, address = registry[change.address.kind], change.address.unversioned()
    wanted = [normalize(kind, one.fields) for one in stage.desired.entities if one.address == address]
    cause = next((one for one in map(Address.unversioned, symbols_in(wanted)) if one in refused), None)
    return Planned(change).refused(BLOCKED, cause=cause.text) if cause else Planned(change)


def _refused_after(stage: Stage, intended: PlanFile, before: Mapping[Address, Planned]) -> dict[Address, Planned]:
    """The refused changes after a stage, by address without a version: a later state of the same entity may be taken,
    and of what is made, a part may be refused."""
    declared = {entity.address for entity in stage.desired.entities}
    left = {address: one for address, one in before.items() if address not in declared}
    made = {change.address for change in intended.pending}
    stopped = [change for change in intended.changes if stops(change) and change.address not in made]
    return {**left, **{change.address.unversioned(): Planned(change) for change in stopped}}


def _part_of(desired: Desired, found: Snapshot, known: Index, registry: Registry, server: Server) -> Snapshot:
    """The rows on which a stage is decided: of kinds that belong to a parent, those of the parents that it declares
    something of, and of append-only ones those that it declares itself."""
    declared = {entity.address for entity in desired.entities}
    parents = {address.parents for address in declared if address.parents}
    rows = dict(found.rows)
    for kind in registry.values():
        if kind.parent is None:
            continue
        if kind.archetype is Archetype.APPEND_ONLY:
            ids = {known.records[address].id for address in declared if address in known.records}
        else:
            homes = {Address(kind.parent.kind, names) for names in parents}
            ids = {row.id for home in homes for row in known.chains.get(home, ())}
        rows[kind.name] = tuple(row for row in found.of(kind.name) if row.id in ids)
    return replace(found, rows=rows)


def _archived(
    stage: Stage, found: Snapshot, registry: Registry, *, server: Server, mode: Mode, now: datetime
) -> Iterator[Planned]:
    context = context_of(stage.desired, found, registry, server=server, mode=mode, now=now)
    for address in stage.archives:
        kind = registry[address.kind]
        active = offered(kind, context.index.versions.get(address, ()))
        if active is None:
            continue
        step = archive_step(context, context.index.names[active.id], context.view(active))
        change = Change(step.address, Action.DELETE, "archiving", steps=(step.id,), effect=Effect.IRREVERSIBLE)
        yield Planned(change, (step,))


def _joined(several: Sequence[PlanFile], registry: Registry) -> PlanFile:
    """One plan file of all: steps in the order of the stages, with the needs between them."""
    first = several[0]
    changes = [change for intended in several for change in intended.changes if change.outcome is not Outcome.NOTE]
    whole = tuple(_with_steps(several))
    needing = _after_earlier(with_soft_edges(linked(whole), registry), registry)
    steps = _overtaken(tuple(step for planned in needing for step in planned.steps), registry)
    named = {intended.owner for intended in several if intended.steps}
    owners = named - {None}
    guards = dict.fromkeys(guard for intended in several for guard in intended.guards)
    return replace(
        first,
        owner=next(iter(owners)) if len(owners) == 1 else None,
        owners=_owners(several) if len(named) > 1 else {},
        changes=tuple(changes),
        steps=steps,
        guards=tuple(guards),
        readings=tuple(_readings(several)),
    )


def _owners(several: Iterable[PlanFile]) -> Mapping[Address, str]:
    """The owners of the entities that steps are about, without those that nobody owns."""
    return {
        chain_of(step.address).unversioned(): intended.owner
        for intended in several
        for step in intended.steps
        if intended.owner is not None
    }


def _with_steps(several: Iterable[PlanFile]) -> Iterator[Planned]:
    """The pending changes with their steps, in the order of each plan file's first steps."""
    for intended in several:
        by_step = {name: change for change in intended.pending for name in change.steps}
        own: dict[int, list[Step]] = defaultdict(list)
        changes: dict[int, Change] = {}
        for step in intended.steps:
            change = by_step[step.id]
            changes[id(change)] = change
            own[id(change)].append(step)
        yield from (Planned(change, tuple(own[key])) for key, change in changes.items())


def _after_earlier(planned: Iterable[Planned], registry: Registry) -> Iterator[Planned]:
    """The changes, each after the earlier ones of the same entity. A new version, or an archive, waits for everything
    that refers to the version before it: a chain that couldn't begin on it would never begin on it."""
    last: dict[Address, str] = {}
    users: dict[Address, list[str]] = defaultdict(list)
    for one in planned:
        address = one.change.address.unversioned()
        is_versioned = registry[address.kind].archetype is Archetype.VERSIONED
        needs = [*([last[address]] if address in last else []), *(users[address] if is_versioned else ())]
        steps = (_needing(one.steps[0], needs), *one.steps[1:])
        yield replace(one, steps=steps)
        last[address] = steps[-1].id
        for step in steps:
            for referred in {found.unversioned() for found in symbols_of(step)} - {address}:
                users[referred].append(step.id)


def _needing(step: Step, needs: Iterable[str]) -> Step:
    return replace(step, needs=tuple(dict.fromkeys((*step.needs, *needs))))


def _overtaken(steps: Sequence[Step], registry: Registry) -> tuple[Step, ...]:
    """The steps; those of a version that a later one replaces are done, too, where it is replaced already. Moments that
    were only predicted are expected of nothing."""
    newest: dict[Address, int] = {}
    for step in steps:
        if step.address.version is not None:
            newest[step.address.unversioned()] = max(newest.get(step.address.unversioned(), 0), step.address.version)
    archived = {step.address for step in steps if _is_over(step, registry)}
    begun = {step.address for step in steps if step.before.view is None}
    return tuple(
        _timeless(_with_over(step, registry, newest, archived), begun if _is_later(step) else frozenset())
        for step in steps
    )


def _is_later(step: Step) -> bool:
    return step.before.view is not None


def _is_over(step: Step, registry: Registry) -> bool:
    kind = registry.get(step.address.kind)
    return kind is not None and bool(step.after.statuses) and set(step.after.statuses) <= set(kind.words(State.OVER))


def _with_over(step: Step, registry: Registry, newest: Mapping[Address, int], archived: set[Address]) -> Step:
    version = step.address.version
    if version is None or not step.after.statuses or step.address.kind not in registry:
        return step
    if version == newest[step.address.unversioned()] and step.address not in archived:
        return step
    over = registry[step.address.kind].words(State.OVER)
    statuses = tuple(dict.fromkeys((*step.after.statuses, *over)))
    return replace(step, after=replace(step.after, statuses=statuses))


def _timeless(step: Step, begun: Iterable[Address]) -> Step:
    """A step on a chain that this plan file begins, without the moments and the fields that only the server fills."""
    if step.address not in begun:
        return step
    before = {name: value for name, value in step.before.facts.items() if name not in (FROM, RENEWS)}
    after = {name: value for name, value in step.after.facts.items() if name != FROM or value is not None}
    return replace(
        step,
        before=replace(step.before, facts=before, partial=True),
        after=replace(step.after, facts=after),
    )


def _readings(several: Iterable[PlanFile]) -> Iterator[Reading]:
    """The readings of entities that no earlier stage writes, each once."""
    written: set[Address] = set()
    found: dict[tuple[Address, tuple[str, ...] | None], Reading] = {}
    for intended in several:
        for reading in intended.readings:
            place = reading.address, reading.fields
            if reading.address in written or reading.address.unversioned() in written:
                continue
            known = found.get(place)
            found[place] = replace(known, steps=(*known.steps, *reading.steps)) if known else reading
        written |= {step.address for step in intended.steps}
    return iter(found.values())
