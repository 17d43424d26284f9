"""Hides values that came from `!env` and `!file` in plan files and results, each by where it came from.

What is hidden is scoped to the entity that has the value, to what nests in it, and to what refers to it: `USD` from a
variable in one entity hides nothing in another. Rendering, journals and plan files see masked values only; a run is
carried out with the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TypeAlias

from billsync.core.secrets.hiding import Mask, source_mask
from billsync.core.secrets.masked_paths import Place, covered, covered_change, paths_of
from billsync.core.secrets.source_forms import FORMS, OTHER, SCALARS, proof
from billsync.model.address import Address, chain_of, symbols_in, whole_of
from billsync.model.change import Change, Expectation, FieldChange, Guard, PlanFile, Reading, Step
from billsync.model.kind import Registry
from billsync.model.shape import Reference
from billsync.model.source import Source
from billsync.model.state import Desired, Entity
from billsync.model.value import Fields, Masked, Plain, with_leaves
from billsync.model.walk import visit

Known: TypeAlias = Mapping[tuple[str, Plain], Masked]
"""The values to hide: the masked value by the type and the value."""


@dataclass(frozen=True)
class Scope:
    """The hidden part of one entity: the values of its sources, and the paths of its own."""

    sources: frozenset[Source]
    texts: Mapping[Source, str]
    paths: tuple[tuple[Place, Source], ...] = ()
    salt: str = ""

    @cached_property
    def known(self) -> Known:
        """The values that are hidden wherever they stand in the entity."""
        found: dict[tuple[str, Plain], Masked] = {}
        for source in sorted(self.sources):
            for form, made in FORMS.items():
                value = made(self.texts[source])
                if value is not None:
                    found.setdefault((type(value).__name__, value), Masked(source, form))
        return found

    @cached_property
    def mask(self) -> Mask:
        """The mask of texts about the entity. A bare number of up to three digits could be any count in them."""
        texts = {source: self.texts[source] for source in self.sources}
        return source_mask(
            {source: text for source, text in texts.items() if len(text) > 3 or not text.isdigit()}, shortest=1
        )

    def value(self, value: Plain) -> Plain:
        """The value with every scalar masked that equals a hidden one."""
        return with_leaves(value, self._leaf)

    def _leaf(self, value: Plain) -> Plain:
        return self.known.get((type(value).__name__, value), value) if isinstance(value, SCALARS) else value

    def view(self, view: Fields | None) -> Fields | None:
        """A view of the entity; at the path of a sourced value, whatever stands there is hidden."""
        if view is None:
            return None
        found = view
        for place, source in self.paths:
            found = covered(found, place, partial(self.replaced, source=source))
        hidden: Fields = self.value(found)
        return hidden

    def replaced(self, value: Plain, source: Source) -> Plain:
        """A scalar at the place of a sourced value: the value itself, or another, such as an older secret."""
        if value is None or isinstance(value, Masked):
            return value
        known = self.known.get((type(value).__name__, value))
        return known or Masked(source, OTHER, proof(value, self.salt) if self.salt else "")

    def change(self, change: FieldChange) -> FieldChange:
        """The change of a field; at the path of a sourced value, both sides are hidden."""
        old, new = change.old, change.new
        for place, source in self.paths:
            hide = partial(self.replaced, source=source)
            old, new = (covered_change(value, change.path, place, hide) for value in (old, new))
        path = tuple(self.mask.whole(part) if isinstance(part, str) else part for part in change.path)
        return FieldChange(path, self.value(old), self.value(new))


NOTHING = Scope(frozenset(), {})
"""The scope of an entity without any sourced value."""


@dataclass(frozen=True)
class Masking:
    """Hides the sourced values of a desired state. `salt` goes into the proofs of older values; without it, none."""

    desired: Desired
    registry: Registry
    salt: str = ""

    @cached_property
    def _own(self) -> Mapping[Address, Entity]:
        return {entity.address: entity for entity in self.desired.entities if entity.sources}

    @cached_property
    def _by_names(self) -> Mapping[tuple[str, ...], frozenset[Source]]:
        found: dict[tuple[str, ...], frozenset[Source]] = {}
        for address, entity in self._own.items():
            found[address.names] = found.get(address.names, frozenset()) | set(entity.sources.values())
        return found

    @cached_property
    def _declared(self) -> Mapping[Address, Entity]:
        return {entity.address: entity for entity in self.desired.entities}

    def _referred(self, address: Address) -> Iterator[Address]:
        """The entities that the declaration of an entity refers to."""
        entity = self._declared.get(address)
        for _, shape, value in visit(self.registry[address.kind].record, entity.fields) if entity else ():
            if isinstance(shape, Reference) and isinstance(value, str):
                yield Address(shape.kind, (value,))

    def scope(self, address: Address, *values: Plain) -> Scope:
        """The scope of an entity, with those of what it nests in, and of what it and the values refer to."""
        if not self._own:
            return NOTHING
        whole = whole_of(chain_of(address))
        here = (whole[0] if whole else chain_of(address)).unversioned()
        own = self._own.get(here)
        sources = set(own.sources.values()) if own else set()
        for length in range(1, len(here.names)):
            sources |= self._by_names.get(here.names[:length], frozenset())
        for other in (*symbols_in(values), *self._referred(here)):
            if found := self._own.get(other.unversioned()):
                sources |= set(found.sources.values())
        if not sources:
            return NOTHING
        paths = tuple(paths_of(self.registry[here.kind], own)) if own and not whole else ()
        return Scope(frozenset(sources), self.desired.sourced, paths, self.salt)

    def plan_file(self, plan_file: PlanFile) -> PlanFile:
        """The plan file without sourced values."""
        if not self._own:
            return plan_file
        steps = {step.id: step for step in plan_file.steps}
        return replace(
            plan_file,
            changes=tuple(
                self._change(change, [steps[name] for name in change.steps if name in steps])
                for change in plan_file.changes
            ),
            steps=tuple(map(self.step, plan_file.steps)),
            guards=tuple(map(self._guard, plan_file.guards)),
            readings=tuple(map(self._reading, plan_file.readings)),
        )

    def _change(self, change: Change, steps: Iterable[Step]) -> Change:
        scope = self.scope(change.address, *(step.call.body for step in steps), *(step.after.view for step in steps))
        if scope is NOTHING:
            return change
        fields = tuple(map(scope.change, change.fields))
        reason, hint = scope.mask.whole(change.reason), scope.mask.whole(change.hint)
        return replace(change, fields=fields, old=scope.view(change.old), reason=reason, hint=hint)

    def step(self, step: Step) -> Step:
        """The step without sourced values."""
        scope = self._scope_of(step)
        if scope is NOTHING:
            return step
        call = replace(step.call, body=scope.value(step.call.body))
        return replace(step, call=call, before=_expectation(step.before, scope), after=_expectation(step.after, scope))

    def _scope_of(self, step: Step) -> Scope:
        return self.scope(step.address, step.call.body, step.before.view, step.after.view)

    def _guard(self, guard: Guard) -> Guard:
        """A guard speaks of amounts that live entities pay, declared or not: every source is hidden in it."""
        mask = source_mask(self.desired.sourced)
        for scope in map(self.scope, guard.addresses):
            mask = mask.also(scope.mask)
        return replace(guard, reason=mask.whole(guard.reason))

    def _reading(self, reading: Reading) -> Reading:
        scope = self.scope(reading.address, reading.expected.view)
        return replace(reading, expected=_expectation(reading.expected, scope))


def masked(plan_file: PlanFile, desired: Desired, registry: Registry, *, salt: str = "") -> PlanFile:
    """The plan file without the values that came from `!env` and `!file`; with a salt, older ones have a proof."""
    return Masking(desired, registry, salt).plan_file(plan_file)


def _expectation(expected: Expectation, scope: Scope) -> Expectation:
    return replace(expected, view=scope.view(expected.view), facts=scope.value(expected.facts))
