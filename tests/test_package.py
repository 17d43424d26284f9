"""The package itself: importable, versioned, its tests named in one way."""

import ast
import importlib.metadata
import re
from collections.abc import Iterator
from pathlib import Path

import billsync

TESTS = Path(__file__).parent
PACKAGE = Path(billsync.__file__).parent
LONGEST_NAME = 70
CLAUSE = re.compile(r"(?:In |On |For |To )?(?:what|who|whom|whose|how|that|which|when|where)\b", re.IGNORECASE)
"""The beginning of a docstring that is a clause instead of a noun or a verb."""


def functions_of_tests(folder: Path) -> Iterator[tuple[Path, ast.FunctionDef]]:
    for path in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield path.relative_to(folder), node


def test_the_version_in_the_package_is_the_installed_one() -> None:
    assert importlib.metadata.version("billsync") == billsync.__version__


def test_a_tests_name_is_short() -> None:
    """A test's name has at most 70 characters; a longer sentence is its docstring, under a shorter name."""
    names = ((test.name, f"{path}:{test.lineno}") for path, test in functions_of_tests(TESTS))

    assert [(name, place) for name, place in names if len(name) > LONGEST_NAME] == []


def test_a_tests_docstring_ends_with_a_full_stop() -> None:
    """A test's docstring, where it has one, is made of whole sentences."""
    documented = ((path, test, ast.get_docstring(test)) for path, test in functions_of_tests(TESTS))

    assert [f"{path}:{test.lineno}" for path, test, said in documented if said and not said.endswith(".")] == []


def documentation(folder: Path) -> Iterator[tuple[str, str]]:
    """The docstrings of modules, classes and functions, and the texts that stand alone below attributes."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Expr(value=ast.Constant(value=str() as text)):
                    yield f"{path.relative_to(folder)}:{node.lineno}", text.strip()


def test_a_docstring_begins_with_a_noun_or_a_verb() -> None:
    assert [(place, text) for place, text in documentation(PACKAGE) if CLAUSE.match(text)] == []
