import re
from decimal import Decimal
from textwrap import wrap

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.config.text.node import plain
from billsync.config.text.reader import read
from billsync.model.address import Address, Symbol
from billsync.model.value import FloatFound
from billsync.render.formats.yaml_text import WIDTH, to_yaml
from tests.support.budgets import examples

DOCUMENT = {
    "_format_version": "1.0",
    "_info": {"owner": "payments"},
    "meters": [],
    "plans": [
        {
            "key": "prepaid",
            "name": "Prepaid: all of it",
            "phases": [{"key": "default", "rate_cards": [{"feature": "on", "price": {"amount": "0.002"}}]}],
            "limit": Decimal("12.50"),
            "priority": 10,
            "is_soft": False,
            "note": None,
            "labels": {},
        }
    ],
}
TEXT = """\
_format_version: "1.0"
_info:
  owner: payments
meters: []
plans:
  - key: prepaid
    name: "Prepaid: all of it"
    phases:
      - key: default
        rate_cards:
          - feature: "on"
            price:
              amount: "0.002"
    limit: 12.5
    priority: 10
    is_soft: false
    note: null
    labels: {}
"""

WORDS = ("a", "is", "granted", "twice-as-much", "x" * 60, "-", "--", "", "y" * 120)
texts = st.text(max_size=20) | st.sampled_from(
    [
        "no",
        "on",
        "12:30",
        "2026-01-01",
        "null",
        "~",
        "1e5",
        "0x1f",
        "",
        " a",
        "a ",
        "#",
        "- a",
        "a: b",
        "\x85",
        "\u2028",
    ]
)
scalars = st.none() | st.booleans() | st.integers() | st.decimals(-(10**9), 10**9, places=6) | texts
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=8)


def test_a_document_is_written_in_block_style() -> None:
    """A document is written in block style, with text quoted where it must be."""
    assert to_yaml(DOCUMENT) == TEXT


@settings(max_examples=examples(60))
@given(st.dictionaries(texts, values, min_size=1))
def test_our_reader_reads_back_what_was_written(document: dict[str, object]) -> None:
    reading = read(to_yaml(document).encode(), "dump.yaml")

    assert reading.diagnostics == ()
    assert [plain(node) for node in reading.documents] == [document]


@settings(max_examples=examples(60))
@given(st.dictionaries(texts, st.recursive(st.booleans() | texts, st.lists), min_size=1))
def test_any_yaml_reader_reads_back_what_was_written(document: dict[str, object]) -> None:
    assert yaml.safe_load(to_yaml(document)) == document


def test_a_float_or_an_unresolved_reference_is_never_written() -> None:
    with pytest.raises(FloatFound):
        to_yaml({"amount": 0.1})
    with pytest.raises(TypeError):
        to_yaml({"plan": Symbol(Address("plan", ("pro",)))})


def test_nothing_is_an_empty_map() -> None:
    assert to_yaml({}) == "{}\n"


@settings(max_examples=examples(100))
@given(
    st.lists(st.sampled_from(("a", "is", "granted", "twice-as-much", "x" * 60, "-", "--", "", "y" * 120)), max_size=60)
)
def test_comments_are_wrapped_as_textwrap_does(words: list[str]) -> None:
    text = " ".join(words)

    written = to_yaml({"a": 1}, {("a",): (text,)})

    lines = wrap(text, WIDTH, break_long_words=False) or [""]
    assert written == "".join(f"# {line}\n" for line in lines) + "a: 1\n"


@settings(max_examples=examples(200))
@given(st.text(alphabet="aZ_-09é\u212a \n", max_size=5) | texts | st.sampled_from(["Yes", "NULL", "of"]))
def test_words_of_ascii_that_are_no_other_value_stand_bare(text: str) -> None:
    is_word = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", text, re.ASCII) is not None
    is_taken = text.lower() in {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}

    assert (to_yaml({"a": text}) == f"a: {text}\n") == (is_word and not is_taken)
