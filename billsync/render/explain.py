"""The explanation of a kind or a field as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from billsync.model.codes.code import Chapter, Code
from billsync.model.value import Fields
from billsync.render.formats.words import shown
from billsync.render.formats.yaml_text import to_yaml
from billsync.schema.explain import Explanation

_LEAST = 20
"""A column of text is never narrower."""


def explanation_text(found: Explanation, example: Fields, width: int | None = None) -> str:
    """Render an explanation: text, values, fields inside, and an example if there is one; ends with a line break.

    `width` is the number of characters that a line may have, None for any.
    """
    facts = (line for fact in _facts(found) for line in _folded("  ", fact, width))
    return "\n".join((_head(found), *facts, *_fields(found, width), *_example(example))) + "\n"


def topics_text(topics: Sequence[tuple[str, str]], width: int | None = None) -> str:
    """Render the list of topics, each with its description; ends with a line break."""
    return "\n".join(("Topics:", *_columns(topics, width), "", *_folded("", _HOW, width))) + "\n"


_HOW = (
    "`billsync explain TOPIC` says more, and `billsync explain TOPIC.FIELD` explains a field, such as "
    "plan.phases[].key. `billsync explain CODE` explains the code of a message, such as unknown-reference."
)


def code_text(chapter: Chapter, code: Code, width: int | None = None) -> str:
    """Render the page of a code: its meaning, what to do, and an example; ends with a line break."""
    example = (f"  {line}" for line in chapter.example(code).splitlines())
    paragraphs = (_folded("  ", text, width) for text in (code.doc, chapter.intro))
    first, second = (tuple(paragraph) for paragraph in paragraphs)
    return "\n".join((f"{code.name}: {code.summary}", *first, "", *second, "", "Example:", *example)) + "\n"


def _head(found: Explanation) -> str:
    return f"{'.'.join(found.path)}: {found.takes}{' (required)' if found.required else ''}"


def _facts(found: Explanation) -> Iterator[str]:
    if found.doc:
        yield found.doc
    if found.effect:
        yield f"When it changes: it {found.effect}."
    if found.default is not None:
        yield f"Default: {shown(found.default)}"
    if found.refused:
        yield f"Refused: {found.refused}"


def _fields(found: Explanation, width: int | None) -> Iterator[str]:
    if found.fields:
        yield from ("", "Fields:", *_columns(found.fields, width))


def _columns(rows: Sequence[tuple[str, str]], width: int | None) -> Iterator[str]:
    """Render names in one column and their descriptions in another."""
    longest = max(len(name) for name, _ in rows)
    for name, doc in rows:
        yield from _folded(f"  {name.ljust(longest)}  ", doc, width)


def _folded(before: str, text: str, width: int | None) -> Iterator[str]:
    """The text in lines of a width; the first begins with a name, the others are indented as far."""
    room = None if width is None else max(width - len(before), _LEAST)
    first, *rest = wrap(text, room, break_long_words=False, break_on_hyphens=False) if room and text else [text]
    yield f"{before}{first}".rstrip()
    yield from (f"{' ' * len(before)}{line}" for line in rest)


def _example(example: Fields) -> Iterator[str]:
    if example:
        yield ""
        yield "Example:"
        yield from (f"  {line}" for line in to_yaml(example).splitlines())
