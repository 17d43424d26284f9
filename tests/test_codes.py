"""One registry of diagnostic codes: every code in the package stands in it, and each that stands in it is used."""

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

from billsync.core.guards.doubling import doubled_code
from billsync.core.guards.guards import flags
from billsync.core.guards.taken_back_guards import taking_back_codes
from billsync.core.lifecycle.chain_end import REVERT
from billsync.core.observed import chain_refusals, refusals
from billsync.kinds.registry import KINDS
from billsync.model.codes.code import AS_ERROR
from billsync.rating import errors as rating
from billsync.report.moves.guards import FLAGS
from billsync.schema.codes import chapters, guard_names, pages

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "billsync"
REGISTRY = (PACKAGE / "model" / "codes", PACKAGE / "kinds" / "codes.py")
"""Where codes are described; everywhere else they are used."""
WITNESS = PACKAGE / "local"
"""The embedded server answers with the codes of the API, which are not billsync's."""

TAKERS = {
    "diagnostic": 0, "finding": 0, "warning": 0, "findings.add": 0, "report": 0, "_report": 0, "_stop": 0, "_one": 0,
    "Unfit": 0,    "_problem": 0, "usage": 0, "error": 0, "Loss": 0, "Guard": 0, "Doubt": 0, "Problem": 1, "Refusal": 0,
    "loss_of": 0, "Note": 0, "NoValue": 0, "fated": 2, "Accounted": 4, "_given_up": 1,
}  # fmt: skip
"""Functions that take a code, and which argument it is; any other takes it as `code=`."""

CODES = {name: code for name, (_, code) in pages().items()}
KINDS_OF_NAMES = ("topic", "field", "kind")
COMPUTED = {
    "f'unknown-{what}'": tuple(f"unknown-{what}" for what in KINDS_OF_NAMES),
    "doubled_code(kind)": tuple(doubled_code(kind) for kind in KINDS.values() if kind.traits),
    "credit_code(context.registry[address.kind])": tuple(flag for flag in flags(KINDS) if flag.endswith("-credit")),
    "taking_back_code(kind)": taking_back_codes(KINDS),
    "lost_code(field)": tuple(flag for flag in flags(KINDS) if flag.endswith("-lost")),
    "unmarked_code(context.registry[kind])": tuple(flag for flag in flags(KINDS) if flag.startswith("unmarked-")),
}
"""Codes that are put together, by the expression that does it."""


@dataclass(frozen=True, slots=True)
class Use:
    """A code in the source, or an expression that gives one."""

    place: str
    code: str


def modules(*, naming: str = "") -> Iterator[tuple[Path, ast.Module]]:
    """The modules of the package with this text in them."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if not any(path.is_relative_to(place) for place in (*REGISTRY, WITNESS)):
            text = path.read_text(encoding="utf-8")
            if naming in text:
                yield path, ast.parse(text)


def name_of(called: ast.expr) -> str:
    return called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""


def codes_in(path: Path, tree: ast.Module) -> Iterator[Use]:
    """The codes that calls in a module are given, and those that a kind's `lost` yields."""
    parameters = {arg.arg for found in ast.walk(tree) if isinstance(found, ast.FunctionDef) for arg in names(found)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for given in given_to(node):
                yield from values(path, given, parameters)
        elif isinstance(node, ast.FunctionDef) and node.name == "lost":
            yields = (found.value for found in ast.walk(node) if isinstance(found, ast.Yield))
            for each in yields:
                assert isinstance(each, ast.Tuple)
                yield from values(path, each.elts[0], parameters)


def names(function: ast.FunctionDef) -> tuple[ast.arg, ...]:
    return (*function.args.args, *function.args.kwonlyargs)


def given_to(call: ast.Call) -> Iterator[ast.expr]:
    index = TAKERS.get("findings.add" if ast.unparse(call.func).endswith("findings.add") else name_of(call.func))
    if index is not None and len(call.args) > index:
        yield call.args[index]
    yield from (keyword.value for keyword in call.keywords if keyword.arg == "code")


def values(path: Path, given: ast.expr, parameters: set[str]) -> Iterator[Use]:
    """What an expression comes to: a text, a constant, a choice of both; what was handed in is looked at there."""
    place = f"{path.relative_to(ROOT)}:{given.lineno}"
    match given:
        case ast.Constant(value=str(code)):
            yield Use(place, code)
        case ast.IfExp(body=body, orelse=orelse):
            yield from chain(values(path, body, parameters), values(path, orelse, parameters))
        case ast.Name(id="code"):
            assert "code" in parameters or assigned(path), f"{place}: where does this code come from?"
        case ast.Name(id=name):
            yield Use(place, constant(path, name))
        case ast.Attribute(attr="code") | ast.Subscript(slice=ast.Constant(value="code")):
            pass
        case _ if name_of(getattr(given, "func", given)) in ("Position", "str", "text"):
            pass
        case _:
            yield from (Use(place, code) for code in COMPUTED.get(ast.unparse(given), (ast.unparse(given),)))


def assigned(path: Path) -> bool:
    """Whether a local `code` is put together by one of the known expressions, or is what a table yields."""
    text = path.read_text(encoding="utf-8")
    return any(f"code = {expression}\n" in text for expression in COMPUTED) or "for code, " in text


def constant(path: Path, name: str) -> str:
    """The value of a constant that a module has or imports."""
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    value = getattr(module, name, name)
    return value if isinstance(value, str) else name


@cache
def uses() -> tuple[Use, ...]:
    """All codes that stand in the package; worked out when the first test asks, and not by each worker."""
    return tuple(use for path, tree in modules() for use in codes_in(path, tree))


def test_every_code_in_the_package_stands_in_the_registry() -> None:
    assert [use for use in uses() if use.code not in CODES] == []


def test_every_reason_against_rating_has_a_page() -> None:
    assert {code.value for code in rating.RatingErrorCode} <= CODES.keys()


def test_the_example_of_a_refusal_is_one_of_its_texts() -> None:
    """Those of codes that files can have, too, are examples of a message about a file."""
    tables = {**vars(refusals), **vars(chain_refusals)}
    texts = [refusal for refusal in tables.values() if isinstance(refusal, refusals.Refusal)]
    refused = {each.code for each in texts if pages()[each.code][0].layout != AS_ERROR}

    assert {code for code in refused if not any(is_example(code, each) for each in texts)} == set()


def is_example(code: str, refusal: refusals.Refusal) -> bool:
    form = re.sub(r"\\{[^}]*\\}", ".+", re.escape(refusal.reason))
    return refusal.code == code and re.fullmatch(f"[^:]+: {form}", CODES[code].example) is not None


def test_every_code_in_the_registry_is_used() -> None:
    used = (
        {use.code for use in uses()}
        | {code.value for code in rating.RatingErrorCode}
        | {code for codes in COMPUTED.values() for code in codes}
        | {REVERT}  # a flag without a guard: what it allows is a note otherwise
    )

    assert CODES.keys() - used == set()


def test_only_the_registry_gives_a_diagnostic_its_summary() -> None:
    made = [str(path.relative_to(PACKAGE)) for path, tree in modules(naming="Diagnostic(") for node in ast.walk(tree)
            if isinstance(node, ast.Call) and name_of(node.func) == "Diagnostic"]  # fmt: skip

    assert made == ["render/plan/nameless.py", "schema/codes.py"]


def test_no_summary_is_written_where_its_code_is_used() -> None:
    summaries = {code.summary for code in CODES.values() if " " in code.summary}
    texts = [(path, node) for path, tree in modules() for node in ast.walk(tree) if isinstance(node, ast.Constant)]

    assert [f"{path.name}:{node.lineno}" for path, node in texts if node.value in summaries] == []


def test_every_guard_has_a_page_that_names_its_flag() -> None:
    every = (*flags(KINDS), *FLAGS)
    assert guard_names(KINDS) == tuple(sorted(every))
    assert {flag: f"--allow {flag}" in CODES[flag].doc for flag in every} == dict.fromkeys(every, True)


def test_no_two_codes_share_a_name_or_a_summary() -> None:
    codes = [code for chapter in chapters(KINDS) for code in chapter.codes]

    assert len({code.name for code in codes}) == len({code.summary for code in codes}) == len(codes)


@pytest.mark.parametrize("name", CODES)
def test_a_page_is_whole(name: str) -> None:
    code = CODES[name]

    assert re.fullmatch("[a-z]+([-_][a-z0-9]+)*", code.name)
    assert re.fullmatch("[a-z`].*[^.]", code.summary)
    assert re.fullmatch(r"([A-Z`.]|billsync).*\.", code.doc)
    assert code.example
