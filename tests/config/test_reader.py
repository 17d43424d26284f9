"""Text to nodes: what strict YAML and JSON mean, and every limit."""

from __future__ import annotations

import sys
from decimal import Decimal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from billsync.config.text.builder import Limits
from billsync.config.text.node import MapNode, Places, nearest, plain
from billsync.config.text.reader import ParsedFile, read
from billsync.config.text.yaml_text import PureParser, fastest_parser, read_yaml


def values(parsed: ParsedFile) -> list[object]:
    return [plain(document) for document in parsed.documents]


def codes(parsed: ParsedFile) -> list[str]:
    return [f"{found.position}: {found.code}" for found in parsed.diagnostics]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("True", "True"),
        ("Null", "Null"),
        ("2026-11-21", "2026-11-21"),
        ("2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z"),
        ("12:30", "12:30"),
        ("1.2.3", "1.2.3"),
        ("-x", "-x"),
        ("P1M", "P1M"),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("500", 500),
        ("-0", 0),
        ("0.10", Decimal("0.10")),
        ("-1.5", Decimal("-1.5")),
        ("'500'", "500"),
        ('"true"', "true"),
        ("|-\n  1e5", "1e5"),
    ],
)
def test_a_scalar_means_what_it_says(text: str, value: object) -> None:
    parsed = read(f"a: {text}\n", "f.yaml")

    assert values(parsed) == [{"a": value}]
    assert type(values(parsed)[0]["a"]) is type(value)  # type: ignore[index]
    assert parsed.diagnostics == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1e5", "number-exponent"),
        ("-1.5E+3", "number-exponent"),
        (".5e1", "number-exponent"),
        (".nan", "not-a-number"),
        ("-.inf", "not-a-number"),
        ("007", "ambiguous-number"),
        ("+5", "ambiguous-number"),
        ("1_000", "ambiguous-number"),
        ("0x1F", "ambiguous-number"),
        ("0o17", "ambiguous-number"),
        (".5", "ambiguous-number"),
        ("5.", "ambiguous-number"),
        ("9" * 5000, "number-too-long"),
        ("0." + "9" * 5000, "number-too-long"),
    ],
)
def test_a_number_that_readers_disagree_on_is_refused(text: str, code: str) -> None:
    parsed = read(f"a: {text}\n", "f.yaml")

    assert codes(parsed) == [f"f.yaml:1:4: {code}"]
    assert values(parsed) == [{"a": text}]


def test_every_key_and_value_knows_its_place() -> None:
    parsed = read("plans:\n  - key: pro\n    phases: [{key: a}]\n", "f.yaml")

    root = parsed.documents[0]
    assert isinstance(root, MapNode)
    places = {path: str(nearest(root, path)) for path in [("plans",), ("plans", 0), ("plans", 0, "phases", 0, "key")]}
    assert str(root.entries["plans"].place) == "f.yaml:1:1"
    assert places == {
        ("plans",): "f.yaml:2:3",
        ("plans", 0): "f.yaml:2:5",
        ("plans", 0, "phases", 0, "key"): "f.yaml:3:20",
    }


def test_a_place_counts_characters_and_not_bytes() -> None:
    parsed = read("{é: 'ü', é: 1}".encode(), "f.yaml")

    assert codes(parsed) == ["f.yaml:1:10: duplicate-key"]


def test_several_documents_stand_in_one_file() -> None:
    parsed = read("a: 1\n---\n---\nb: 2\n", "f.yaml")

    assert values(parsed) == [{"a": 1}, {"b": 2}]


def test_the_byte_order_mark_and_windows_line_ends_are_accepted() -> None:
    parsed = read(b"\xef\xbb\xbfa: 1\r\nb: 1\r\nb: 2\r\n", "f.yaml")

    assert values(parsed) == [{"a": 1, "b": 1}]
    assert codes(parsed) == ["f.yaml:3:1: duplicate-key"]


def test_keys_are_the_text_that_was_written() -> None:
    parsed = read("{2024: a, no: b, 1.0: c, true: d}", "f.yaml")

    assert values(parsed) == [{"2024": "a", "no": "b", "1.0": "c", "true": "d"}]


def test_an_alias_repeats_its_anchor() -> None:
    parsed = read("a: &x {b: [1]}\nc: *x\nd: &y 5\ne: *y\n", "f.yaml")

    assert values(parsed) == [{"a": {"b": [1]}, "c": {"b": [1]}, "d": 5, "e": 5}]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: b: c", "1:5: not-yaml"),
        ("a:\n\t- b", "2:1: not-yaml"),
        ("a: [1", "2:1: not-yaml"),
        ("- a", "1:1: not-a-map"),
        ("just words", "1:1: not-a-map"),
        ("? [a]\n: b", "1:3: key-not-text"),
        ("?\n: b", "1:2: key-not-text"),
        ("a: &k b\n*k : c", "2:1: key-not-text"),
        ("a: &x {}\nb: {<<: *x}", "2:5: merge-key"),
        ("a: &x [*x]", "1:8: recursive-alias"),
        ("a: *x", "1:4: unknown-anchor"),
        ("a: &x 1\n---\nb: *x", "3:4: unknown-anchor"),
        ("a: !!float 1", "1:4: tag"),
        ("a: !python/object:os.system {}", "1:4: tag"),
        ("a: !env TOKEN", "1:4: tag"),
        ("a: !remove", "1:4: tag"),
        ("a: b\x00", "1:5: forbidden-character"),
        ("a: b\nc: \x1b", "2:4: forbidden-character"),
    ],
)
def test_what_is_not_read_has_a_code_and_a_place(text: str, code: str) -> None:
    parsed = read(text, "f.yaml")

    assert codes(parsed) == [f"f.yaml:{code}"]


def test_a_file_in_another_encoding_is_refused_at_the_first_strange_byte() -> None:
    parsed = read("a: b\nname: Müller\n".encode("latin-1"), "f.yaml")

    assert codes(parsed) == ["f.yaml:2:8: not-utf-8"]
    assert not parsed.complete


@pytest.mark.parametrize("name", ["f.yaml", "f.json"])
@pytest.mark.parametrize("text", ["[" * 200_000, '{"a":' * 200_000])
def test_two_hundred_thousand_brackets_are_an_error_and_no_crash(name: str, text: str) -> None:
    parsed = read(text, name)

    assert [found.code for found in parsed.diagnostics] == ["nested-too-deeply"]
    assert not parsed.complete


@pytest.mark.parametrize("parser", [None, PureParser])
@pytest.mark.parametrize(
    "text", ["[" * 2_000, "a: " + "[" * 2_000, "- " * 2_000, "\n".join(" " * n + "a:" for n in range(1_200))]
)
def test_both_parsers_refuse_deep_nesting_alike(text: str, parser: type[PureParser] | None) -> None:
    builder = read_yaml(text, "f.yaml", Limits(), parser)

    assert [found.code for found in builder.diagnostics] == ["nested-too-deeply"]
    assert builder.stopped


def test_the_nesting_limit_of_the_library_is_ours_too() -> None:
    """libyaml has had one of its own since 0.2.6, and looks ahead of ours; earlier ones have none."""

    class Library:
        def __init__(self, text: str) -> None:
            pass

        def get_event(self) -> object:
            mark = yaml.Mark("f", 0, 0, 1_000, None, None)
            raise yaml.scanner.ScannerError("while increasing flow level", mark, "exceeded maximum nesting depth", mark)

    builder = read_yaml("[", "f.yaml", Limits(), Library)

    assert [f"{found.position}: {found.code}: {found.detail}" for found in builder.diagnostics] == [
        "f.yaml:1:1001: nested-too-deeply: at most 100 levels are read."
    ]
    assert builder.stopped


@pytest.mark.parametrize("parser", [None, PureParser])
@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a:\n\t- b", "2:1"),
        ("a:\n\tb: c", "2:1"),
        ("a: 1\n\tb: 2\n", "2:1"),
        ("\tx: 1", "1:1"),
        ("a:\n- b: 1\n\tc: 2\n", "3:1"),
        ("a:\n-\tb: 1\n-\tc: 2\n", "2:2"),
        ("a: |\n\tx\n", "2:1"),
    ],
)
def test_a_tab_in_the_indentation_is_called_a_tab(text: str, place: str, parser: type[PureParser] | None) -> None:
    (found,) = read_yaml(text, "f.yaml", Limits(), parser).diagnostics

    assert (str(found.position), found.code) == (f"f.yaml:{place}", "not-yaml")
    assert found.hint == "There is a tab here: indent with spaces."


@pytest.mark.parametrize("parser", [None, PureParser])
def test_a_character_that_begins_no_value_is_named(parser: type[PureParser] | None) -> None:
    (found,) = read_yaml("a: @b", "f.yaml", Limits(), parser).diagnostics

    assert (str(found.position), found.hint) == ("f.yaml:1:4", "Quote the text that begins with `@`.")


@pytest.mark.parametrize("name", ["f.yaml", "f.json"])
@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f'{{"a": "{"x" * 2_000_000}"}}', "text-too-long"),
        (f'{{"a": {"9" * 2_000_000}}}', "number-too-long"),
        (f'{{"a": 0.{"9" * 2_000_000}}}', "number-too-long"),
    ],
)
def test_millions_of_characters_are_refused_in_a_short_message(name: str, text: str, code: str) -> None:
    (found,) = read(text, name).diagnostics

    assert found.code == code
    assert len(found.detail) < 100


@pytest.mark.parametrize(
    ("name", "text"), [("f.yaml", f'? "{"x" * 2_000_000}"\n: 1'), ("f.json", f'{{"{"x" * 2_000_000}": 1}}')]
)
def test_a_key_of_millions_of_characters_is_refused_in_a_short_message(name: str, text: str) -> None:
    (found,) = read(text, name).diagnostics

    assert (found.code, found.detail) == ("text-too-long", "it has 2,000,000 characters; at most 1,000 are read.")


@pytest.mark.parametrize("text", ["1" * 1_000_000 + "x", "1_" * 500_000 + "x", "1." * 500_000, "0x" + "f" * 1_000_000])
def test_long_texts_that_begin_like_numbers_take_no_time(text: str) -> None:
    """Each expression for a number reads such a text once; it would be hours otherwise."""
    parsed = read(f"a: {text[:999_999]}", "f.yaml")

    assert [found.code for found in parsed.diagnostics] in ([], ["number-too-long"])


def test_lengths_are_counted_in_code_points() -> None:
    assert codes(read("a: 😀😀😀", "f.yaml", Limits(text=3))) == []
    assert codes(read("a: 😀😀😀😀", "f.yaml", Limits(text=3))) == ["f.yaml:1:4: text-too-long"]
    assert codes(read("😀😀: 1", "f.yaml", Limits(key=2))) == []
    assert codes(read("😀😀😀: 1", "f.yaml", Limits(key=2))) == ["f.yaml:1:1: text-too-long"]


def test_the_deepest_nesting_that_is_read_is_the_limit() -> None:
    fits = read("a: " + "[" * 99 + "]" * 99, "f.yaml")
    exceeds = read("a: " + "[" * 100 + "]" * 100, "f.yaml")

    assert codes(fits) == []
    assert codes(exceeds) == ["f.yaml:1:103: nested-too-deeply"]


def test_nesting_through_aliases_counts() -> None:
    text = "a: &a " + "[" * 60 + "]" * 60 + "\nb: " + "[" * 60 + "*a" + "]" * 60

    assert codes(read(text, "f.yaml")) == ["f.yaml:2:64: nested-too-deeply"]


def test_anchors_that_explode_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]

    parsed = read("\n".join(lines), "f.yaml")

    assert [found.code for found in parsed.diagnostics] == ["alias-expansion"]


def test_the_number_of_values_is_limited() -> None:
    parsed = read("a: [1, 2, 3]", "f.yaml", Limits(values=4))

    assert codes(parsed) == ["f.yaml:1:11: too-many-values"]


def test_json_is_read_with_tabs_escapes_and_surrogate_pairs() -> None:
    text = '{\n\t"a\\/b": "\\ud83d\\ude00",\r\n\t"c": [1, -0.50, true, false, null, "no", {}, []]\n}\n'

    assert values(read(text, "f.json")) == [{"a/b": "😀", "c": [1, Decimal("-0.50"), True, False, None, "no", {}, []]}]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "1:1: not-json"),
        ("{", "1:2: not-json"),
        ('{"a": 1,}', "1:9: not-json"),
        ("[1,]", "1:4: not-json"),
        ('{"a" 1}', "1:6: not-json"),
        ('{"a": 1} 2', "1:10: not-json"),
        ("{a: 1}", "1:2: not-json"),
        ('{"a": [1}', "1:9: not-json"),
        ('{"a": 01}', "1:7: not-json"),
        ('{"a": NaN}', "1:7: not-json"),
        ('{"a": "\\x"}', "1:7: not-json"),
        ('{"a": "x\ny"}', "1:7: not-json"),
        ('{"a": 1e5}', "1:7: number-exponent"),
        ('{"a": "\\ud800"}', "1:7: forbidden-character"),
        ('{"a": 1,\n "a": 2}', "2:2: duplicate-key"),
        ("[]", "1:1: not-a-map"),
    ],
)
def test_wrong_json_has_a_code_and_a_place(text: str, code: str) -> None:
    assert codes(read(text, "f.json")) == [f"f.json:{code}"]


YAMLISH = st.text(st.sampled_from("ab1.-e0:?*&!|>%@`'\"{}[],# \n\t<~x_"), max_size=60)


@given(st.one_of(YAMLISH, st.text(max_size=40), st.binary(max_size=40)), st.sampled_from(["f.yaml", "f.json"]))
def test_no_text_raises_and_no_text_makes_a_float(text: str | bytes, name: str) -> None:
    parsed = read(text, name)

    assert all(found.position is not None for found in parsed.diagnostics)
    assert not any(isinstance(value, float) for document in values(parsed) for value in scalars(document))


def scalars(value: object) -> list[object]:
    if isinstance(value, dict):
        return [inner for item in value.values() for inner in scalars(item)]
    if isinstance(value, list):
        return [inner for item in value for inner in scalars(item)]
    return [value]


@given(YAMLISH)
def test_the_parser_without_c_reads_the_same(text: str) -> None:
    in_c = read_yaml(text, "f.yaml", Limits())
    pure = read_yaml(text, "f.yaml", Limits(), PureParser)

    if not (in_c.stopped or pure.stopped):
        assert [plain(root) for root in pure.roots] == [plain(root) for root in in_c.roots]


def test_every_place_inside_of_a_document_has_its_position() -> None:
    (document,) = read("a:\n  - b: 1\n  - 2\nc: x\n", "f.yaml").documents

    places = Places(document)

    assert {path: (place.line, place.column) for path, place in places.items()} == {
        (): (1, 1),
        ("a",): (2, 3),
        ("a", 0): (2, 5),
        ("a", 0, "b"): (2, 8),
        ("a", 1): (3, 5),
        ("c",): (4, 4),
    }
    assert len(places) == 6
    assert ("a", 2) not in places


@pytest.mark.parametrize(
    ("path", "line"), [(("a", 1), 3), (("a", 2), 2), (("a", "b"), 2), (("c", "d"), 4), (("d",), 1), ((), 1)]
)
def test_what_is_not_there_is_placed_at_what_is_around_it(path: tuple[str | int, ...], line: int) -> None:
    (document,) = read("a:\n  - b: 1\n  - 2\nc: x\n", "f.yaml").documents

    assert nearest(document, path).line == line


def test_without_the_parser_in_c_the_one_in_python_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml._yaml", None)

    assert fastest_parser() is PureParser
