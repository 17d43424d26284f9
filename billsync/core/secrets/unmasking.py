"""Puts the values of sources back into a plan file that is to be carried out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from billsync.core.secrets.source_forms import FORMS, OTHER, SCALARS, proof
from billsync.model.change import Expectation, PlanFile, Step
from billsync.model.frozen import replace
from billsync.model.source import Source
from billsync.model.value import Masked, Plain, leaves, with_leaves


def unmasked(plan_file: PlanFile, texts: Mapping[Source, str]) -> PlanFile:
    """The plan file as it is carried out, with the sources' values in its steps and readings.

    An older value stays masked: `recognized` knows it by its proof. Raises KeyError for a source without a text.
    """
    return replace(
        plan_file,
        steps=tuple(_revealed_step(step, texts) for step in plan_file.steps),
        readings=tuple(replace(of, expected=_revealed(of.expected, texts)) for of in plan_file.readings),
    )


def _revealed_step(step: Step, texts: Mapping[Source, str]) -> Step:
    call = replace(step.call, body=revealed(step.call.body, texts))
    return replace(step, call=call, before=_revealed(step.before, texts), after=_revealed(step.after, texts))


def _revealed(expected: Expectation, texts: Mapping[Source, str]) -> Expectation:
    return replace(expected, view=revealed(expected.view, texts), facts=revealed(expected.facts, texts))


def revealed(value: Plain, texts: Mapping[Source, str]) -> Plain:
    """The value with the sources' values in the place of masked ones."""
    return with_leaves(value, partial(_revealed_leaf, texts=texts))


def _revealed_leaf(leaf: Plain, texts: Mapping[Source, str]) -> Plain:
    is_present = isinstance(leaf, Masked) and leaf.form != OTHER
    return FORMS[leaf.form](texts[leaf.source]) if is_present else leaf


def sources_of(plan_file: PlanFile) -> tuple[Source, ...]:
    """Every source whose value a run of the plan file needs, sorted."""
    found = [masked for step in plan_file.steps for masked in masked_in_step(step)]
    found += [masked for reading in plan_file.readings for masked in _masked_in(*_values(reading.expected))]
    return tuple(sorted({masked.source for masked in found if masked.form != OTHER}))


def masked_in_step(step: Step) -> Iterator[Masked]:
    """Every masked value in a step's body and in its expectations."""
    return _masked_in(step.call.body, *_values(step.before), *_values(step.after))


def _values(expected: Expectation) -> tuple[Plain, ...]:
    return (expected.view, expected.facts)


def _masked_in(*values: Plain) -> Iterator[Masked]:
    return (leaf for leaf in leaves(values) if isinstance(leaf, Masked))


def recognized(value: Plain, expected: Plain) -> Plain:
    """An observed value with masked ones in the places where an expected one has them and their proofs hold."""
    if isinstance(expected, Masked) and expected.proof:
        salt = expected.proof.rpartition(":")[0]
        return expected if isinstance(value, SCALARS) and proof(value, salt) == expected.proof else value
    if isinstance(expected, Mapping) and isinstance(value, Mapping):
        return {name: recognized(item, expected.get(name)) for name, item in value.items()}
    if isinstance(expected, list | tuple) and isinstance(value, list | tuple) and len(expected) == len(value):
        return tuple(recognized(item, other) for item, other in zip(value, expected, strict=True))
    return value
