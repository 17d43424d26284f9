"""Finds operations on Decimals outside the exact context, with the types that mypy works out.

Outside of it, Python rounds every sum, difference and product to 28 digits without a word.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from mypy import build, find_sources, nodes
from mypy import types as mypy_types
from mypy.options import Options

OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.USub: "-", ast.UAdd: "+",
}  # fmt: skip
FUNCTIONS = ("sum", "abs", "round", "divmod", "pow")
METHODS = ("quantize", "normalize", "sqrt", "fma", "scaleb")
GIVEN_CONTEXT = {"quantize": 3, "normalize": 1, "sqrt": 1, "fma": 3, "scaleb": 2}
"""How many arguments a method has when it is handed a context of its own."""

Place: TypeAlias = tuple[int, int, int, int, str, str]
"""Line and column of the beginning and the end, the operation, and the names in it."""


@dataclass(frozen=True, slots=True, order=True)
class Operation:
    """An operation on Decimals that the exact context doesn't cover."""

    path: str
    line: int
    text: str


def inexact_operations(package: Path) -> tuple[Operation, ...]:
    """All of them in a package, sorted by place."""
    decimal = frozenset(_decimal_places(package))
    found = (operation for path in sorted(package.rglob("*.py")) for operation in _in(path, package, decimal))
    return tuple(sorted(found))


def _in(path: Path, package: Path, decimal: frozenset[Place]) -> Iterator[Operation]:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    covered = _covered(tree)
    lines = text.splitlines()
    for node in ast.walk(tree):
        place = _place(node)
        if place in decimal and place[0] not in covered:
            yield Operation(str(path.relative_to(package.parent)), place[0], lines[place[0] - 1].strip())


def _covered(tree: ast.AST) -> frozenset[int]:
    """The lines inside of `@exactly` functions and `with localcontext(EXACT)`."""
    return frozenset(
        line
        for node in ast.walk(tree)
        if _is_exact(node)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)  # type: ignore[attr-defined]
    )


def _is_exact(node: ast.AST) -> bool:
    if isinstance(node, ast.FunctionDef):
        return not _is_generator(node) and any(
            isinstance(name, ast.Name) and name.id == "exactly" for name in node.decorator_list
        )
    if isinstance(node, ast.With):
        calls = (item.context_expr for item in node.items)
        return any(ast.unparse(call) == "localcontext(EXACT)" for call in calls)
    return False


def _is_generator(function: ast.FunctionDef) -> bool:
    """Whether its body runs only when somebody iterates, when the context is another one again."""
    return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function))


def _place(node: ast.AST) -> Place | None:
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        names = f"{_name(node.left)} {_name(node.right)}"
        return (*_span(node), OPERATORS[type(node.op)], names)
    if isinstance(node, ast.UnaryOp) and type(node.op) in OPERATORS:
        return (*_span(node), OPERATORS[type(node.op)], _name(node.operand))
    if isinstance(node, ast.AugAssign):
        return (*_span(node.target), "name", _name(node.target))
    if isinstance(node, ast.Call):
        return (*_span(node), "()", _name(node.func))
    return None


def _span(node: ast.expr) -> tuple[int, int, int, int]:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _decimal_places(package: Path) -> Iterator[Place]:
    types = _types_of(package)
    for expression in types:
        operation = _operation(expression, types)
        if operation is not None and expression.end_line is not None and expression.end_column is not None:
            span = (expression.line, expression.column, expression.end_line, expression.end_column)
            yield (*span, *operation)


Types: TypeAlias = dict[nodes.Expression, mypy_types.Type]


def _types_of(package: Path) -> Types:
    options = Options()
    options.export_types = True
    options.preserve_asts = False  # so that the bodies of functions of other packages aren't checked
    options.incremental = False
    options.cache_dir = "/dev/null"
    options.follow_imports = "silent"
    options.ignore_missing_imports = True
    options.check_untyped_defs = True
    return build.build(find_sources.create_source_list([str(package)], options), options).types


def _operation(expression: nodes.Expression, types: Types) -> tuple[str, str] | None:
    """The operation and the names in it, for one whose operand or result is a Decimal."""
    match expression:
        case nodes.OpExpr() if _any_decimal((expression.left, expression.right), types):
            return expression.op, f"{_mypy_name(expression.left)} {_mypy_name(expression.right)}"
        case nodes.UnaryExpr() if _any_decimal((expression.expr,), types):
            return expression.op, _mypy_name(expression.expr)
        case nodes.CallExpr():
            return _call(expression, types)
        case nodes.NameExpr() | nodes.MemberExpr() if _any_decimal((expression,), types):
            return "name", expression.name
    return None


def _call(call: nodes.CallExpr, types: Types) -> tuple[str, str] | None:
    callee = call.callee
    if isinstance(callee, nodes.NameExpr) and callee.name in FUNCTIONS and _any_decimal((call, *call.args), types):
        return "()", callee.name
    if not isinstance(callee, nodes.MemberExpr) or callee.name not in METHODS:
        return None
    has_context = len(call.args) >= GIVEN_CONTEXT[callee.name] or "context" in call.arg_names
    return ("()", callee.name) if not has_context and _any_decimal((callee.expr,), types) else None


def _mypy_name(expression: nodes.Expression) -> str:
    return expression.name if isinstance(expression, nodes.NameExpr | nodes.MemberExpr) else ""


def _any_decimal(expressions: Iterable[nodes.Expression], types: Types) -> bool:
    return any(expression in types and _is_decimal(types[expression]) for expression in expressions)


def _is_decimal(of_any_sort: mypy_types.Type) -> bool:
    kind = mypy_types.get_proper_type(of_any_sort)
    if isinstance(kind, mypy_types.Instance):
        return kind.type.fullname in ("decimal.Decimal", "_decimal.Decimal")
    return isinstance(kind, mypy_types.UnionType) and any(_is_decimal(item) for item in kind.items)
