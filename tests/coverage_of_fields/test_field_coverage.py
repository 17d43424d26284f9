"""Law 11: each field of each kind, mutated, comes to a difference that converges, or to a refusal in the table.

The cases come from walking the schemas, so that a new field is covered without a change here. What is silent must
mean the same as what is live, by a pattern in `silences.txt` that has a reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

from billsync.kinds.registry import KINDS
from tests.coverage_of_fields import bases
from tests.coverage_of_fields.cases import cases, untried
from tests.coverage_of_fields.mutations import Mutation
from tests.coverage_of_fields.table import refusals, silences
from tests.coverage_of_fields.trial import CONVERGES, SILENT, Bench, is_valid


@cache
def cases_of(name: str) -> tuple[Mutation, ...]:
    """All cases of the kind of this name."""
    return cases(KINDS[name])


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize("name", bases.names())
def test_a_base_is_a_right_file(name: str) -> None:
    assert is_valid(bases.read(name))


def test_every_kind_has_a_base() -> None:
    assert {base.kind.name for base in bases.bases()} == set(KINDS)


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_every_field_of_the_schema_is_tried(name: str) -> None:
    assert untried(KINDS[name], cases_of(name)) == ()


@pytest.mark.slow
@pytest.mark.parametrize("name", bases.names())
def test_each_field_converges_or_is_refused(name: str, bench: Bench) -> None:
    """Each operation on each field of a kind, on the first base that has the field. The rest is exhaustive."""
    check(bench, [case for case in cases_at(name) if is_first(case)])


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", bases.names())
def test_each_field_of_each_base_converges_or_is_refused(name: str, bench: Bench) -> None:
    check(bench, cases_at(name))


def check(bench: Bench, own: Sequence[Mutation]) -> None:
    """Each case converges, or is refused by the table."""
    trials = {case.name: bench.try_out(case) for case in own}

    assert {case: trial.trouble for case, trial in trials.items() if trial.trouble} == {}
    assert {case: trial.code for case, trial in trials.items()} == {case.name: _expected(case) for case in own}


def cases_at(name: str) -> list[Mutation]:
    """The cases of a base, and of those that were made from it."""
    return [case for case in cases_of(bases.read(name).kind.name) if case.base.name.partition("+")[0] == name]


def is_first(case: Mutation) -> bool:
    """Whether no case of the kind before this one has the same place and operation."""
    return first_cases(case.base.kind.name)[case.place, case.operation] == case.name


@cache
def first_cases(kind: str) -> Mapping[tuple[str, str], str]:
    """(place, operation) -> the name of the first case."""
    return {(case.place, case.operation): case.name for case in reversed(cases_of(kind))}


@pytest.mark.slow
def test_every_line_of_the_tables_names_a_case() -> None:
    names = {case.name for kind in KINDS for case in cases_of(kind)}

    unused = [line for line in refusals() if line not in names]
    unused += [pattern.pattern for pattern in silences() if not any(map(pattern.fullmatch, names))]

    assert unused == []


def _expected(case: Mutation) -> str:
    if any(pattern.fullmatch(case.name) for pattern in silences()):
        return SILENT
    return refusals().get(case.name, CONVERGES)
