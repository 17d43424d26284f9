"""Refusals: each of the table is used, and is given just the values that its texts have places for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

import billsync
from billsync.core.observed import chain_refusals, refusals
from billsync.core.observed.refusals import Refusal

PACKAGE = Path(billsync.__file__).parent
TABLES = (refusals, chain_refusals)
TABLE = {name: value for table in TABLES for name, value in vars(table).items() if isinstance(value, Refusal)}
OF_THE_CHANGE = {"fields", "action", "verb"}
"""What `planned.refused` takes beside the values."""


def places(refusal: Refusal) -> set[str]:
    """The names of the values that the texts of a refusal have places for."""
    texts = refusal.reason + refusal.hint
    return {name for _, name, _, _ in Formatter().parse(texts) if name}


@cache
def given() -> tuple[tuple[str, set[str]], ...]:
    """The name of each refusal in a call of the package, and the values that it is given there."""
    return tuple(_given())


def _given() -> Iterator[tuple[str, set[str]]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text("utf-8")
        for node in ast.walk(ast.parse(text)) if any(table.__name__ in text for table in TABLES) else ():
            if isinstance(node, ast.Call):
                named = [arg.id for arg in node.args if isinstance(arg, ast.Name) and arg.id in TABLE]
                values = {str(keyword.arg) for keyword in node.keywords} - OF_THE_CHANGE
                yield from ((name, values) for name in named)


CHOSEN = {
    "VERSION_DIFFERS": {"version", "digest"},
    "VERSION_NOT_COMPARED": {"version", "digest"},
    "NO_TIMING": {"kind", "names"},
    "TRANSITION_REFUSED": {"kind", "names", "source", "target", "message"},
}
"""Refusals that `lifecycle/proof.py` and `timing.py` choose before their one call, and the values of that call."""


def test_every_refusal_is_given_just_the_values_of_its_texts() -> None:
    wrong = [(name, values) for name, values in given() if values != places(TABLE[name])]

    assert wrong == []


def test_every_refusal_is_used() -> None:
    assert TABLE.keys() - {name for name, _ in given()} == CHOSEN.keys()


@pytest.mark.parametrize("name", sorted(CHOSEN))
def test_what_is_chosen_has_the_places_of_its_one_call(name: str) -> None:
    assert places(TABLE[name]) == CHOSEN[name]


def test_a_value_with_braces_is_taken_as_it_is() -> None:
    assert Refusal("claimed", "it claims {name!r}").texts(name="{holder}") == ("it claims '{holder}'", "")
