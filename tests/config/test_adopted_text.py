"""Edits of `adopted` in the text of a file: only what is meant changes, in any layout that YAML allows."""

from collections.abc import Callable
from typing import Any

import pytest

from billsync.config.adoption import adopted_text
from billsync.config.adoption.adopted_text import NotEditable, with_adopted, without_adopted
from billsync.config.text import spans
from billsync.config.text.yaml_text import PureParser, fastest_parser

NEW = {"meters": ["calls"], "grants": ["acme/welcome", "no", "12", "a: b"]}
LINES = 'adopted:\n  meters: [calls]\n  grants: [acme/welcome, "no", "12", "a: b"]\n'
INDENTED = "".join(f" {line}\n" for line in LINES.splitlines())
FLOW = 'adopted: {meters: [calls], grants: [acme/welcome, "no", "12", "a: b"]}'
JSON = '"adopted": {"meters": ["calls"], "grants": ["acme/welcome", "no", "12", "a: b"]}'

INSERTED = {
    "below the header": ("_info: {owner: a} # c\n\n# m\nmeters: []\n", "_info: {owner: a} # c\n", LINES),
    "below a header in lines": ("_info:\n  owner: a\n  # why\nmeters: []\n", "_info:\n  owner: a\n", LINES),
    "at the end": ("meters:\n- {key: calls}  # é\n", "meters:\n- {key: calls}  # é\n", LINES),
    "without a last line break": ("meters: []", "meters: []", "\n" + LINES[:-1]),
    "before the end of a document": ("_info: {owner: a}\n---\nmeters: []\n...\n", "_info: {owner: a}\n", LINES),
    "with a text in lines": (  # its line breaks belong to it
        "_info:\n  owner: |-\n    a\n\n# m\nmeters: []\n", "_info:\n  owner: |-\n    a\n\n", LINES),
    "with carriage returns": (
        "_info: {owner: a}\r\nmeters: []\r\n",
        "_info: {owner: a}\r\n",
        LINES.replace("\n", "\r\n"),
    ),
    "indented": (" _info: {owner: a}\n meters: []\n", " _info: {owner: a}\n", INDENTED),
    "in one line": ("{_info: {owner: a}, meters: []}\n", "{_info: {owner: a}", f", {FLOW}"),
    "in braces": ("{\n  _info: {owner: a},\n  meters: []\n}", "{\n  _info: {owner: a}", f",\n  {FLOW}"),
    "an empty map": ("_info: {owner: a}\nadopted: {}\n", "_info: {owner: a}\nadopted: {", FLOW[10:-1]),
    "a map in one line": ("adopted: {plans: [p]}\n", "adopted: {plans: [p]", f", {FLOW[10:-1]}"),
    "a map in lines": (
        "adopted:\n    plans:\n    - p # why\n    # end\n_info: {}\n",
        "adopted:\n    plans:\n    - p # why\n",
        LINES[9:].replace("  ", "    "),
    ),
}  # fmt: skip


@pytest.fixture(params=[PureParser, fastest_parser()], ids=["in Python", "fastest"])
def parsers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both parsers give the same places."""
    monkeypatch.setattr(spans, "fastest_parser", lambda: request.param)


@pytest.mark.parametrize(
    "text", ["{_info: {owner: a}, # why\n meters: []}\n", "{adopted: {plans: [calls, # why\n p]}, meters: []}\n"]
)
def test_a_comment_between_brackets_stays(text: str) -> None:
    """That of the next member, and that of the one that goes."""
    new = with_adopted(text, NEW, is_json=False)

    assert without_adopted(new, NEW) == text
    assert "# why\n p" in without_adopted(text, {"plans": ["calls"]}) or "calls" not in text


@pytest.mark.usefixtures("parsers")
@pytest.mark.parametrize(("text", "before", "inserted"), INSERTED.values(), ids=INSERTED)
def test_new_lists_are_written_at_their_place(text: str, before: str, inserted: str) -> None:
    """Taken out again, they leave the text as it was."""
    new = with_adopted(text, NEW, is_json=False)

    assert new == before + inserted + text.removeprefix(before)
    assert text.startswith(before)
    assert without_adopted(new, NEW) in (text, text + "\n", text.replace("adopted: {}\n", ""))


LISTS = {
    "in one line": ("adopted: {meters: [a, b ]}\n", "adopted: {meters: [a, b, calls ]}\n"),
    "with a comma at the end": ("adopted: {meters: [a,\n  ]}\n", "adopted: {meters: [a, calls,\n  ]}\n"),
    "empty": ("adopted:\n  meters: [ ]\n", "adopted:\n  meters: [calls ]\n"),
    "in lines": ("adopted:\n  meters:\n  - a # c\n\n  # e\n", "adopted:\n  meters:\n  - a # c\n  - calls\n\n  # e\n"),
    "deep lines": ("adopted:\n  meters:\n      -   'a'", "adopted:\n  meters:\n      -   'a'\n      - calls"),
    "a line each": ("adopted: {meters: [\n  a, # c\n  b\n]}\n", "adopted: {meters: [\n  a, # c\n  b,\n  calls\n]}\n"),
    "several documents": ("x: {}\n---\nadopted: {meters: [a]}\n", "x: {}\n---\nadopted: {meters: [a, calls]}\n"),
}  # fmt: skip


@pytest.mark.usefixtures("parsers")
@pytest.mark.parametrize(("text", "expected"), LISTS.values(), ids=LISTS)
def test_a_list_grows_and_shrinks_in_its_own_style(text: str, expected: str) -> None:
    keys = {"meters": ["calls"]}

    new = with_adopted(text, keys, is_json=False)

    assert new == expected
    assert without_adopted(new, keys).rstrip("\n") in (text.rstrip("\n"), "")


def test_an_item_stands_in_its_list_before_the_next_list() -> None:
    """Both are written at one place where the list is the last one of `adopted`."""
    text = "adopted:\n  plans:\n  - a\n"

    new = with_adopted(text, {"meters": ["calls"], "plans": ["pro"], "grants": ["acme/g"]}, is_json=False)

    assert new == f"{text}  - pro\n  meters: [calls]\n  grants: [acme/g]\n"


def test_json_stays_json_in_its_layout() -> None:
    short, tall = '{"_info":{"owner":"a"},"meters":[]}', '{\n\t"_info": {"owner": "a"},\n\t"meters": []\n}\n'

    assert with_adopted(short, NEW, is_json=True) == short.replace('"a"}', f'"a"}}, {JSON}')
    assert with_adopted(tall, NEW, is_json=True) == tall.replace('"a"}', f'"a"}},\n\t{JSON}')
    assert without_adopted(with_adopted(tall, NEW, is_json=True), NEW) == tall


REFUSED = {
    "an alias": ("x: &m {meters: [a]}\nadopted: *m\n", with_adopted),
    "an anchor": ("adopted: {meters: &m [a]}\n", with_adopted),
    "an item below its dash": ("adopted:\n  meters:\n  -\n    a\n", with_adopted),
    "a key below its mark": ("? _info\n: {owner: a}\n", with_adopted),
    "no map": ("- a\n", with_adopted),
    "no YAML": ("a: [\n", with_adopted),
    "a comment between": ("adopted: {meters: [a, # why\n  calls]}\n", without_adopted),
}


@pytest.mark.parametrize(("text", "edit"), REFUSED.values(), ids=REFUSED)
def test_what_only_a_person_should_change_is_refused(text: str, edit: Callable[..., Any]) -> None:
    with pytest.raises(NotEditable):
        edit(text, {"meters": ["calls"]}, **({"is_json": False} if edit is with_adopted else {}))


def test_many_keys_stand_on_lines_of_their_own() -> None:
    keys = [f"customer_{number}" for number in range(9)]

    found = with_adopted("meters: []\n", {"customers": keys}, is_json=False)

    assert found == "meters: []\nadopted:\n  customers:\n" + "".join(f"    - {key}\n" for key in keys)
    assert adopted_text.without_adopted(found, {"customers": keys[1:]}).endswith("  customers:\n    - customer_0\n")
