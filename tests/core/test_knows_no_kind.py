"""The core names no kind: what it needs to know of one stands in the kind's table."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import billsync.core
from billsync.kinds.registry import KINDS

CORE = Path(billsync.core.__file__).parent
NAMES = {word for kind in KINDS.values() for word in (kind.name, kind.collection)}
NAMED = re.compile(rf"(?<![a-z])({'|'.join(sorted(NAMES, key=len, reverse=True))})(?![a-z])")
OTHER_MEANINGS = re.compile(r"plan[ _]file")
"""A plan file is no plan (design.md §2)."""


def words(text: str) -> str:
    """A text or an identifier in lower case, its words apart: `PlanFile` as `plan_file`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text).lower()


def docstrings(tree: ast.AST) -> set[int]:
    """The nodes of all texts that stand by themselves, which may speak of kinds."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def names_and_texts(tree: ast.AST) -> Iterator[str]:
    """Every identifier, and every text but the docstrings."""
    skipped = docstrings(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in skipped:
                yield text
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.alias(name=name):
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.ImportFrom(module=str(name)):
                yield name


def named_in(source: str) -> list[str]:
    """The kinds that a source text names."""
    return [
        found
        for text in names_and_texts(ast.parse(source))
        for found in NAMED.findall(OTHER_MEANINGS.sub("", words(text)))
    ]


@pytest.mark.parametrize("path", sorted(CORE.rglob("*.py")), ids=lambda path: str(path.relative_to(CORE)))
def test_a_module_of_the_core_names_no_kind(path: Path) -> None:
    assert named_in(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        'flag = "customer-credit"',
        "def plan_of(row): ...",
        "class GrantDraft: ...",
        "from billsync.kinds.plan import PLAN",
        'f"{number} subscriptions stay"',
        "case.features",
        "change(meter=1)",
    ],
)
def test_a_kind_is_found_in_texts_and_identifiers(source: str) -> None:
    assert named_in(source)


@pytest.mark.parametrize(
    "source", ['"""Two plans."""', "planned", "class PlanFile: ...", '"not a plan file: "', "granted"]
)
def test_docstrings_and_words_that_only_begin_alike_name_none(source: str) -> None:
    assert named_in(source) == []
