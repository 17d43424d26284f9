"""Hides sourced values in what becomes of a plan file: results, evidence, and differences that were met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from billsync.core.secrets.masked_paths import places_in
from billsync.core.secrets.masking import NOTHING, Scope
from billsync.core.secrets.unmasking import masked_in_step
from billsync.model.change import FieldChange, PlanFile, Step
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Registry
from billsync.model.result import StepResult
from billsync.model.source import Source
from billsync.model.value import Plain


@dataclass(frozen=True, slots=True)
class StepMasking:
    """Knows from a masked plan file what is hidden in each of its steps; `texts` are those of the sources."""

    steps: Mapping[str, Step] = field(default_factory=dict)
    texts: Mapping[Source, str] = field(default_factory=dict, repr=False)
    registry: Registry = field(default_factory=dict, repr=False)

    def result(self, result: StepResult) -> StepResult:
        """The end of a step, whatever the server said."""
        if not self.steps:
            return result
        mask = self._scope(result.step).mask
        return replace(result, step=self.steps.get(result.step.id, result.step), reason=mask.whole(result.reason))

    def shown(self, step: Step) -> Step:
        """A step as it may be shown."""
        return self.steps.get(step.id, step)

    def difference(self, step: Step, change: FieldChange) -> FieldChange:
        """A field in which an entity isn't as a step expects."""
        return self._scope(step).change(change)

    def facts(self, facts: Mapping[str, Plain]) -> Mapping[str, Plain]:
        """The facts that a journal keeps of an event; `step` names the step."""
        step = self.steps.get(str(facts.get("step")))
        scope = self._scope(step) if step else NOTHING
        if scope is NOTHING:
            return facts
        return {name: _kept(scope, name, item) for name, item in facts.items()}

    def _scope(self, step: Step) -> Scope:
        shown = self.steps.get(step.id) if self.texts else None
        if shown is None:
            return NOTHING
        views = (shown.before.view, shown.after.view)
        sources = frozenset(masked.source for masked in masked_in_step(shown))
        kind = self.registry.get(step.address.kind)
        places = [found for view in views if kind for found in places_in(kind.record, view)]
        return Scope(sources & self.texts.keys(), self.texts, tuple(dict.fromkeys(places))) if sources else NOTHING


UNMASKED = StepMasking()
"""The masking of a run without sourced values."""


def _kept(scope: Scope, name: str, item: Plain) -> Plain:
    if name == "step":
        return item
    return scope.mask.whole(item) if isinstance(item, str) else scope.value(item)


def step_masking(shown: PlanFile, texts: Mapping[Source, str], registry: Registry) -> StepMasking:
    """The masking of a run of a plan file, from the file as it is shown."""
    return StepMasking({step.id: step for step in shown.steps} if texts else {}, texts, registry)
