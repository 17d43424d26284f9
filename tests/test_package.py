"""The package itself: importable, versioned, its tests named in one way."""

import ast
import importlib.metadata
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import billsync

TESTS = Path(__file__).parent
PACKAGE = Path(billsync.__file__).parent
LONGEST_NAME = 70
CLAUSE = re.compile(r"(?:In |On |For |To )?(?:what|who|whom|whose|how|that|which|when|where)\b", re.IGNORECASE)
"""The beginning of a docstring that is a clause instead of a noun or a verb."""


@cache
def functions_of_tests(folder: Path) -> tuple[tuple[str, str, str], ...]:
    """The place, the name and the docstring of each test; they stand in modules and classes, and nowhere deeper."""
    found = []
    for path in sorted(folder.rglob("test_*.py")):
        top = ast.parse(path.read_text(encoding="utf-8")).body
        classes = [each for each in top if isinstance(each, ast.ClassDef)]
        for node in (*top, *(member for each in classes for member in each.body)):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                place = f"{path.relative_to(folder)}:{node.lineno}"
                found.append((place, node.name, ast.get_docstring(node) or ""))
    return tuple(found)


def test_the_version_in_the_package_is_the_installed_one() -> None:
    assert importlib.metadata.version("billsync") == billsync.__version__


def test_a_tests_name_is_short() -> None:
    """A test's name has at most 70 characters; a longer sentence is its docstring, under a shorter name."""
    found = functions_of_tests(TESTS)

    assert len(found) > 1000
    assert [(name, place) for place, name, _ in found if len(name) > LONGEST_NAME] == []


def test_a_tests_docstring_ends_with_a_full_stop() -> None:
    """A test's docstring, where it has one, is made of whole sentences."""
    said = [(place, text) for place, _, text in functions_of_tests(TESTS) if text]

    assert len(said) > 100
    assert [place for place, text in said if not text.endswith(".")] == []


def documentation(folder: Path) -> Iterator[tuple[str, str]]:
    """The docstrings of modules, classes and functions, and the texts that stand alone below attributes."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Expr(value=ast.Constant(value=str() as text)):
                    yield f"{path.relative_to(folder)}:{node.lineno}", text.strip()


def test_a_docstring_begins_with_a_noun_or_a_verb() -> None:
    assert [(place, text) for place, text in documentation(PACKAGE) if CLAUSE.match(text)] == []
