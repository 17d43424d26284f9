"""The quick way of loading says the same as the full one, or nothing."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from billsync.config import load, loading
from billsync.config.text.node import plain
from billsync.config.text.reader import read
from billsync.core.declared.certainty import surely_sound
from billsync.core.declared.check import problems
from billsync.core.declared.crowd import whole
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.diagnostic import Diagnostic
from billsync.model.kind import Kind
from billsync.model.plain_mode import VARIABLE
from billsync.model.state import Desired
from billsync.schema.schema import kind_schema
from tests.support import strategies
from tests.support.budgets import examples

pytest.importorskip("jsonschema_rs", reason="the fast libraries aren't installed")
pytest.importorskip("ryml", reason="the fast libraries aren't installed")

from billsync.config.quick import lines, segments
from billsync.config.quick.validity import member_test
from billsync.config.quick.values import Doubtful, quick_values


@pytest.fixture(autouse=True)
def every_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load small files as large ones."""
    monkeypatch.setattr(loading, "SMALLEST", 0)


CATALOG = """
meters: [{key: calls, name: Calls, event_type: call, aggregation: count}]
features: [{key: calls, name: Calls, meter: calls}]
plans: [{key: pro, name: Pro, currency: USD, billing_cadence: P1M, phases: [{key: a, name: A, rate_cards: [
  {key: fee, name: Fee, billing_cadence: P1M, price: {type: flat, amount: 5}}]}]}]
"""
QUICK = (
    *("null", "true", "false", "0", "-1", "12", "1.50", "-0.5", "123456789012345678", "2026-01-01", "a b", "NO", "on"),
    *(
        "2026-01-01T00:00:00Z",
        "3M Company",
        "12 Elm Street",
        "x@y.z",
        "a:b",
        "http://x.y/z",
        "São Paulo",
        "日本",
        "a,b",
    ),
    *("'a'", '"a: b"', "''", "a{b}", "a'b", 'a"b', "a  # b", "[]", "{}", "[a, 1, 'x', true]", "{a: {b: [c]}, d: 2}"),
)
"""Values that any file may have, so that they must be read quickly."""

ODD = (
    *("Null", "~", "True", "yes", "nan", ".nan", ".inf", "-.inf", "Infinity", "-0", "+1", "01", "0o17", "0x1f", "0b1"),
    *("1_000", "1.", ".5", "1e3", "1E-3", "9" * 40, "9" * 120, "1:30", "1n", "=", "<<", "a: b", "a #b", "#", "''''"),
    *('"a\\nb"', '"\\x41"', "'a''b'", "&a b", "*a", "!t b", "!!str 1", "!env HOME", "|", ">-", "%a", "@a", "`a", "-"),
    *("- a", "? a", "?a", "[a, b", "a]", "{a}", "{a, b: 1}", "[a: b]", "{a: b, a: c}", "[,]", "[a,]", "{a:b}", "[~]"),
    *('{"a":1}', "[a:b]", "[nan]", "{nan: 1}", "[a?b]", "[a #b]", "{a: b} c", "\u0085", "a\u2028b", "a\ufeffb", "\x7f"),
    *(
        "a\tb",
        "\ta",
        "a\\b",
        "x" * 5000,
        "a\n b",
        "\n  - a\n  - b",
        "\n - a\n  - b",
        "\n  a: 1\n  a: 2",
        "\n  b: 1\n c: 2",
    ),
    *(
        "\n- a",
        "\n  -\n    a",
        "\n  - - a",
        "\n    b: 1\n  c: 2",
        "\n  'nan': 1",
        "\n  ? b\n  : c",
        "[" * 30 + "]" * 30,
        "",
    ),
)
"""Values that readers of YAML may take differently, or that are errors."""


def full_values(content: bytes) -> Any:
    """The value of a file with one document in which the full reader finds nothing; else an object of its own."""
    found = read(content, "a.yaml")
    return plain(found.documents[0]) if len(found.documents) == 1 and not found.diagnostics else object()


def agree(content: bytes) -> bool:
    """Whether a file was read quickly, and then as the full reader does, to the types of numbers."""
    try:
        found = quick_values(content)
    except Doubtful:
        return False
    assert repr(found) == repr(full_values(content))
    return True


@pytest.mark.parametrize(
    "around", ["a: {}\n", "- a: {}\n  b: 1\n", "c:\n  a: {} # x\n", "c: {{a: {}, b: 2}}\n", "{}: 1\n"]
)
def test_odd_values_are_read_as_by_the_full_reader_or_not_at_all(around: str) -> None:
    for value in (*ODD, *QUICK):
        for line_end in ("\n", "\r\n"):
            agree(("x: y\n" * around.startswith("a") + around.format(value)).replace("\n", line_end).encode())


def test_usual_values_are_read_quickly() -> None:
    for value in QUICK:
        assert agree(f"a: {value}\nb:\n- {value}\n".encode()), value


@pytest.mark.parametrize("text", ["a:\n", "a:\n" + "- b:\n" * 9, "a:\n- b:\n  - c:\n    - d:\n      - e:\n"])
def test_files_that_are_much_longer_as_json_are_read_quickly(text: str) -> None:
    assert agree(text.encode())


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A file with a few mistakes, as somebody may make them."""
    text = "customers:\n- key: a\n  name: 'A b'  # x\n  labels:\n    c: d\n  f: [{key: e, g: 5}]\n  list:\n  - 1\n"
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(text)))
        sign = st.sampled_from([*"\n:-#'\"[]{},&*!|>%@?\t ab0.", "", "  ", ": ", "\n  ", "\n- ", "null", "inf"])
        text = text[:place] + draw(sign) + text[place + draw(st.integers(0, 3)) :]
    return text


@settings(max_examples=examples(200), deadline=None)
@given(mutated())
@example("\ufeffa: 1\n")
@example("'nan': 1\n")
@example("a: nan # b\n")
@example("a:'x'\n")
@example("")
def test_mistakes_are_left_to_the_full_reader(text: str) -> None:
    agree(text.encode())


MEMBERS = (
    *(
        "- key: {}\n  name: A b\n",
        "- key: {}\n  name: 'A'\n  labels:\n    a: b\n  list:\n  - x\n",
        "- key: {}\n  n: 1\n",
    ),
    *("- key: {}\n  name: Null\n", "- key: {} # x\n", "- {}\n", "-  key: {}\n   n: true\n", "- key: {}\n\n  n:\n"),
)
BETWEEN = ("", "", "", "# x\n", "   a: b\n", "  a: b\n", " - c\n", "a: b\n", "    a: b\n", "x\n", "- \n", "\n")


def test_what_stands_after_a_list_is_no_part_of_its_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "ALIKE_FROM", 0)
    begin, member, after = "customers:\n", "- key: k\n  name: A b\n", "a: b\n"

    assert lines.are_certain(begin + member * 2)
    assert [lines.are_certain(begin + member + after + member * 2) for _ in range(2)] == [False, False]


@settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(MEMBERS), st.sampled_from(BETWEEN)), min_size=2, max_size=8))
def test_members_that_look_alike_are_as_certain_as_each_line(
    monkeypatch: pytest.MonkeyPatch, members: list[tuple[str, str]]
) -> None:
    text = "customers:\n" + "".join(member.format(f"k{n}") + more for n, (member, more) in enumerate(members))
    by_line = lines.are_certain(text)

    monkeypatch.setattr(lines, "ALIKE_FROM", 0)

    assert [lines.are_certain(text) for _ in range(2)] == [by_line, by_line]
    monkeypatch.undo()


LEAVES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    10**20,
    Decimal("1.0"),
    Decimal("0.001"),
    "",
    " ",
    "1",
    "x\n",
    [],
    {},
)


def replaced(value: Any, odd: Any, place: Iterator[int]) -> Any:
    """A value with one of its parts replaced, the one at which `place` comes to 0."""
    if next(place) == 0:
        return odd
    if isinstance(value, dict):
        return {name: replaced(item, odd, place) for name, item in value.items()}
    return [replaced(item, odd, place) for item in value] if isinstance(value, list | tuple) else value


@st.composite
def declared(draw: st.DrawFn, kind: str) -> Any:
    """An entity of a kind, in every second case with an odd value somewhere."""
    fields = draw(strategies.entities(KINDS[kind]))
    return replaced(fields, draw(st.sampled_from(LEAVES)), iter(range(draw(st.integers(-12, 0)), 10_000)))


@pytest.mark.parametrize("kind", ["customer", "grant", "subscription"])
def test_what_is_surely_sound_has_no_problem(kind: str) -> None:
    known = KINDS[kind]
    is_sound, is_valid, full = (
        surely_sound(known),
        member_test(known, KINDS),
        Draft202012Validator(dict(kind_schema(known))),
    )
    assert is_valid(known.example)

    @settings(max_examples=examples(60), deadline=None)
    @given(declared(kind))
    def law(fields: Any) -> None:
        if not isinstance(fields, dict):
            return
        if full.is_valid(fields) and is_sound(fields):
            assert problems(known, fields) == ()
        if is_valid(fields):
            assert full.is_valid(fields)
            assert problems(known, fields) == ()

    law()


def written(value: Any, indent: int = 0) -> str:
    """A value as YAML in blocks, with texts in quotes only where they need them."""
    pad = "\n" + " " * indent
    if isinstance(value, dict) and value:
        return "".join(f"{pad}{name}: {written(item, indent + 2)}" for name, item in value.items())
    if isinstance(value, list | tuple) and value:
        return "".join(f"{pad}- {written(item, indent + 2).lstrip()}" for item in value)
    is_plain = isinstance(value, str) and value.replace(" ", "x").isidentifier() and value == value.strip()
    if is_plain and value.lower() not in ("null", "true", "false"):
        return str(value)
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def loaded(folder: Path, *, crowd: bool) -> tuple[Any, ...]:
    desired, diagnostics = load([str(folder)], registry=KINDS, crowd=crowd)
    return compared(whole(desired, KINDS), diagnostics)


def compared(desired: Desired, diagnostics: tuple[Diagnostic, ...]) -> tuple[Any, ...]:
    """All that a command sees, without the positions of entities."""
    entities = [(entity.address, repr(entity.fields), entity.sources) for entity in desired.entities]
    return entities, desired.named, desired.owner, desired.besides, desired.moved, desired.external, diagnostics


@st.composite
def customers(draw: st.DrawFn) -> list[Any]:
    found = draw(st.lists(declared("customer"), min_size=1, max_size=3))
    for customer in (one for one in found if isinstance(one, dict)):
        nested = {
            "subscription": declared("subscription").map(
                lambda one: {**one, "plan": "pro"} if isinstance(one, dict) else one
            ),
            "subscriptions": st.lists(declared("subscription"), max_size=2),
            "grants": st.lists(declared("grant"), max_size=2),
        }
        customer.update(draw(st.fixed_dictionaries({}, optional=nested)))
    return found


@settings(max_examples=examples(16), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    customers(),
    st.sampled_from(["", "", "external: {plans: [p*]}\n", "moved: [{kind: grant, customer: a, from: x, to: y}]\n"]),
)
def test_a_crowd_stands_for_what_the_full_loader_makes(tmp_path: Path, them: list[Any], more: str) -> None:
    (tmp_path / "catalog.yaml").write_text(CATALOG + more, encoding="utf-8")
    (tmp_path / "customers.yaml").write_text(f"customers:{written(them)}\n", encoding="utf-8")

    assert loaded(tmp_path, crowd=True) == loaded(tmp_path, crowd=False)


ALONE = """
customers:
- key: acme
  name: Acme
  subscription: {plan: pro}
  grants:
  - {key: g, name: G, amount: 2.50, currency: USD, funding_method: none}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "catalog.yaml").write_text(CATALOG)
    (tmp_path / "customers.yaml").write_text(ALONE)
    return tmp_path


def test_a_crowd_is_made_of_files_with_nothing_else(folder: Path) -> None:
    desired, diagnostics = load([str(folder)], registry=KINDS, crowd=True)

    assert diagnostics == ()
    assert list(desired.crowd.members) == ["acme"]
    assert desired.crowd.files["acme"] == str(folder / "customers.yaml")
    assert {entity.address.kind for entity in desired.entities} == {"meter", "feature", "plan"}
    assert desired.named == {"meter", "feature", "plan", "customer", "subscription", "grant"}
    assert loaded(folder, crowd=True) == loaded(folder, crowd=False)


@pytest.mark.parametrize(
    "other",
    [
        "customers: [{key: acme, name: Acme again}]",
        "customers: [{key: other, name: Other, usage_attribution: {subject_keys: [acme]}}]",
        "grants: [{key: h, customer: acme, name: H, amount: 1, currency: USD, funding_method: none}]",
        "external: {customers: [x]}",
        "adopted: {grants: [x]}",
        "forget: [{kind: customer, key: gone}]",
        "_info: {defaults: {customer: {currency: EUR}}}",
        "_info: {select: {kinds: [plan]}}",
        "_info: {policy: {protected: {customers: [acme]}}}",
        "tax_codes: [{key: t, name: !env HOME}]",
        "plans: [{key: pro}]",
    ],
)
def test_statements_about_a_crowd_leave_all_to_the_full_loader(folder: Path, other: str) -> None:
    (folder / "other.yaml").write_text(f"{other}\n")

    desired, _ = load([str(folder)], registry=KINDS, crowd=True, environment={"HOME": "x"})

    assert not desired.crowd
    assert loaded(folder, crowd=True) == loaded(folder, crowd=False)


@pytest.mark.parametrize("begin", ["customers:\n", "# a\n_format_version: '1.0'\ncustomers:\n\n  # b\n"])
@pytest.mark.parametrize("end", ["", "\n\n", "_format_version: 1.0\n"])
@pytest.mark.parametrize("indent", ["", "  "])
def test_a_long_file_is_read_in_segments(
    folder: Path, monkeypatch: pytest.MonkeyPatch, begin: str, end: str, indent: str
) -> None:
    monkeypatch.setattr(segments, "_SIZE", 20)
    member = "{0}- key: k{1}\n{0}  name: '- a'\n{0}  labels:\n{0}    a: b\n"
    text = begin + "".join(member.format(indent, number) for number in range(20)) + end
    (folder / "customers.yaml").write_text(text)
    (folder / "README.md").write_text("for people")

    desired, notes = load([str(folder)], registry=KINDS, crowd=True)

    assert len(desired.crowd.members) == (20 if begin.count("version") + end.count("version") < 2 else 0)
    assert loaded(folder, crowd=True) == loaded(folder, crowd=False)
    assert len(list(segments.segments(text.encode(), "customers"))) > 10
    assert len(notes) == 1 or not desired.crowd


@pytest.mark.parametrize("inside", ["x: y", "customers:", "_format_version: '1.0'", "  - a", " - key: a", "- key: a"])
def test_segments_hide_no_mistake(folder: Path, monkeypatch: pytest.MonkeyPatch, inside: str) -> None:
    monkeypatch.setattr(segments, "_SIZE", 20)
    members = "".join(f"  - key: k{number}\n    name: A\n" for number in range(4))
    (folder / "customers.yaml").write_text(f"customers:\n{members}{inside}\n{members.replace('k', 'l')}")

    assert loaded(folder, crowd=True) == loaded(folder, crowd=False)


def test_a_library_that_cannot_be_loaded_leaves_all_to_the_full_loader(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ryml", None)

    assert not load([str(folder)], registry=KINDS, crowd=True)[0].crowd


def test_a_crowd_is_made_of_nothing_where_it_is_switched_off(folder: Path) -> None:
    desired, _ = load([str(folder)], registry=KINDS, crowd=True, environment={VARIABLE: "1"})

    assert not desired.crowd
    assert len(desired.entities) == 6


@pytest.mark.parametrize("grants", [None, {}, "", 0, False, [None], [{}]])
def test_grants_that_are_no_list_of_grants_are_not_valid(grants: Any) -> None:
    is_valid, customer = member_test(KINDS["customer"], KINDS), {"key": "a", "name": "A"}

    assert [is_valid({**customer, **more}) for more in ({}, {"grants": []}, {"grants": grants})] == [True, True, False]


KEYS = ("a", "b", "c")
CLAIMS_S = "customers: [{key: z, name: Z, usage_attribution: {subject_keys: [s]}}]\n"
worlds = st.lists(
    st.fixed_dictionaries(
        {"name": st.just("A")},
        optional={
            "currency": st.sampled_from(("USD", "EUR")),
            "usage_attribution": st.lists(st.sampled_from((*KEYS, "s", "t")), min_size=1, max_size=2, unique=True).map(
                lambda subjects: {"subject_keys": subjects}
            ),
            "subscription": st.fixed_dictionaries(
                {"plan": st.sampled_from(("pro", "pro", "other"))},
                optional={"starting_phase": st.sampled_from("ab"), "version": st.sampled_from((1, "latest"))},
            ),
        },
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(worlds, st.sampled_from(["", "", CLAIMS_S]))
@example([{"name": "A", "currency": money, "subscription": {"plan": "pro"}} for money in ("USD", "EUR")], "")
@example([{"name": "A", "usage_attribution": {"subject_keys": ["s"]}}], CLAIMS_S)
def test_members_that_fit_together_are_told_from_others(tmp_path: Path, them: list[Any], more: str) -> None:
    members = [{"key": key, **fields} for key, fields in zip(KEYS, them, strict=False)]
    (tmp_path / "catalog.yaml").write_text(CATALOG, encoding="utf-8")
    (tmp_path / "more.yaml").write_text(more and f"_info: {{owner: x}}\n{more}", encoding="utf-8")
    (tmp_path / "customers.yaml").write_text(f"customers:{written(members)}\n", encoding="utf-8")

    assert loaded(tmp_path, crowd=True) == loaded(tmp_path, crowd=False)


class Unread(str):
    """A name that is passed on, and never looked at."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        raise AssertionError("a rule looks at the name of a parent")

    __hash__ = None  # type: ignore[assignment]


CHILDREN = [kind for kind in KINDS.values() if kind.parent is not None]


@pytest.mark.parametrize("kind", CHILDREN, ids=[kind.name for kind in CHILDREN])
@settings(max_examples=examples(20), deadline=None)
@given(data=st.data())
def test_rules_use_the_name_of_a_parent_only_to_find_it(kind: Kind, data: st.DataObject) -> None:
    fields, parent, name = data.draw(declared(kind.name)), data.draw(declared("customer")), Unread("acme")

    def find(kind: str, key: str) -> Any:
        return parent if key is name else {"key": "pro", "currency": "USD", "phases": [{"key": "a"}]}

    if isinstance(fields, dict) and isinstance(parent, dict):
        for rule in kind.cross:
            list(rule(Address(kind.name, (name, "x")), fields, find))


@settings(max_examples=examples(60), deadline=None)
@given(data=st.data())
def test_plain_keys_have_no_problem(data: st.DataObject) -> None:
    for kind in (one for one in KINDS.values() if one.plain_key):
        key = data.draw(st.from_regex(kind.plain_key))
        assert not [found for found in problems(kind, {**kind.example, kind.key: key}) if found.path == (kind.key,)]


@pytest.mark.parametrize("many", [1, 2])
def test_many_members_are_never_looked_at_for_cycles(folder: Path, monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    monkeypatch.setattr(loading, "MANY", many)
    before = gc.get_freeze_count()

    desired, _ = load([str(folder)], registry=KINDS, crowd=True)

    assert len(desired.crowd.members) == 1
    assert (gc.get_freeze_count() > before) == (many == 1)
