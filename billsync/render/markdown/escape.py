"""Text as Markdown that GitHub and GitLab show as it is, whatever it holds.

A sentence is split at its spaces: plain words stay as they are, and everything else (an address, markup, a mention, a
reference to an issue or a commit, a link, an emoji's name) becomes a code span, in which neither forge looks for
anything. Characters that can't be seen, or turn the direction of text, are written as their escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from itertools import groupby

from billsync.render.formats.csv_text import is_formula
from billsync.render.formats.words import visible
from billsync.render.page.page import Span, Style, Text, text_of

LONGEST = 500
"""Longer texts are cut, and say so with an ellipsis."""

QUOTED = re.compile(r"`([^`]+)`")
NUMBER = r"[+−-]?[0-9][0-9,]*(?:\.[0-9]+)?"
WORD = r"[^\W_]+(?:['’-][^\W_]+)*"
HARMLESS = re.compile(rf"[(\"'“]*(?:{NUMBER}|{WORD})[)\"'”.,;:!?%]*|[→·×–—/…]|[()\"'“”.,;:?%]+|[▁-█░·]+")
AROUND = re.compile(r"([(\"'“]*)(.*?)([)\"'”.,;:!?%]*)", re.DOTALL)
"""Marks before and after what has to be code."""

COMMIT = re.compile(r"[0-9a-f]{7,64}", re.IGNORECASE)
TRACKER = re.compile(r"[^\W\d_][^\W_]*-[0-9]")
MARKS = "()\"'“”.,;:!?%"
LIST_ITEM = re.compile(r"^([0-9]+)([.)])(?=\s|$)")
"""A number that would begin a list."""


def inline(text: Text) -> str:
    """The text on one line."""
    return _line(text, in_table=False)


def cell(text: Text) -> str:
    """The text in a cell of a table; a spreadsheet takes nothing of it for a formula."""
    return number_cell(_no_formula(text))


def number_cell(text: Text) -> str:
    """The text in a cell of a column of numbers, which are ours and may have a sign."""
    return _line(text, in_table=True) or " "


def html(text: Text) -> str:
    """The text in HTML, for the title of a fold, in which Markdown isn't read."""
    return "".join(
        _bold_html(f"<code>{escape(_short(visible(piece)))}</code>" if is_code else escape(piece), style)
        for piece, is_code, style in _pieces(text)
    )


def code_span(text: str, *, in_table: bool = False) -> str:
    """The text as a code span; nothing in it is read as Markdown. Empty for none."""
    shown = _short(visible(text))
    if in_table:
        # A row is split at its pipes before its spans are read: a backslash says that a pipe isn't an end, and must
        # not be taken for an escaped backslash together with another one.
        shown = re.sub(r"\\(?=\|)", r"\\x5c", shown).replace("|", "\\|")
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown[:1] in ("`", " ") or shown[-1:] in ("`", " ") else ""
    return f"{fence}{pad}{shown}{pad}{fence}" if shown else ""


def pieces(sentence: str) -> Iterator[tuple[str, bool]]:
    """The sentence in pieces, each with whether it has to be code; pieces in backquotes are code without them."""
    place = 0
    for found in QUOTED.finditer(sentence):
        yield from _words(sentence[place : found.start()])
        yield found[1], True
        place = found.end()
    yield from _words(sentence[place:])


def _words(text: str) -> Iterator[tuple[str, bool]]:
    """Words and the spaces between them."""
    for word in re.split(r"( )", text):
        if word == " " or _is_harmless(word):
            yield word, False
        elif word:
            yield from _coded(word)


def _coded(word: str) -> Iterator[tuple[str, bool]]:
    """The word as code, with the marks around it as they are."""
    found = AROUND.fullmatch(word)
    before, core, after = found.groups() if found else ("", word, "")
    if not core or "(" in core or '"' in core:
        before, core, after = "", word, ""
    yield from ((piece, is_code) for piece, is_code in ((before, False), (core, True), (after, False)) if piece)


def _is_harmless(word: str) -> bool:
    core = word.strip(MARKS)
    is_reference = (COMMIT.fullmatch(core) and any(char.isdigit() for char in core)) or TRACKER.search(core)
    return HARMLESS.fullmatch(word) is not None and not (is_reference and not core.isdigit())


def _line(text: Text, *, in_table: bool) -> str:
    """The text without spaces around it: four of them before it would make it a block of code."""
    line = "".join(
        _bold(code_span(piece, in_table=in_table) if is_code else piece, style)
        for piece, is_code, style in _pieces(text)
    ).strip(" ")
    return LIST_ITEM.sub(r"\1\\\2", line)


def _pieces(text: Text) -> Iterator[tuple[str, bool, Style]]:
    """The pieces of a text in runs of one sort: code next to code would be read as one span with other marks."""
    found = [(piece, is_code, span.style) for span in text for piece, is_code in _of_span(span) if piece]
    for is_code, run in groupby(found, key=lambda piece: piece[1]):
        if is_code:
            yield "".join(piece for piece, _, _ in run), True, Style.CODE
        else:
            for style, words in groupby(run, key=lambda piece: piece[2]):
                yield "".join(piece for piece, _, _ in words), False, style


def _of_span(span: Span) -> Iterator[tuple[str, bool]]:
    return iter([(span.text, True)]) if span.style is Style.CODE else pieces(_short(span.text))


def _bold(shown: str, style: Style) -> str:
    inside = shown.strip()
    return shown.replace(inside, f"**{inside}**", 1) if style is Style.STRONG and inside else shown


def _bold_html(shown: str, style: Style) -> str:
    return f"<b>{shown}</b>" if style is Style.STRONG else shown


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _no_formula(text: Text) -> Text:
    return (Span("'"), *text) if is_formula(text_of(text)) else text
