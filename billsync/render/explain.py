"""The explanation of a kind or a field as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from billsync.kinds.explain import Explanation
from billsync.model.value import Fields
from billsync.render.words import shown
from billsync.render.yaml_text import to_yaml


def explanation_text(found: Explanation, example: Fields) -> str:
    """What it is, what it takes, the fields inside, and an example, where there is one; ends with a line break."""
    return "\n".join((*_head(found), *_facts(found), *_fields(found), *_example(example))) + "\n"


def topics_text(topics: Sequence[tuple[str, str]]) -> str:
    """All that can be explained, each with what it is; ends with a line break."""
    width = max(len(name) for name, _ in topics)
    lines = [f"  {name.ljust(width)}  {doc}" for name, doc in topics]
    return "\n".join(("Topics:", *lines, "", _HOW)) + "\n"


_HOW = "`billsync explain TOPIC` tells more, and `billsync explain TOPIC.FIELD` of a field, such as plan.phases[].key."


def _head(found: Explanation) -> Iterator[str]:
    yield f"{'.'.join(found.path)}: {found.takes}{' (required)' if found.required else ''}"
    yield f"  {found.doc}"


def _facts(found: Explanation) -> Iterator[str]:
    if found.effect:
        yield f"  When it changes: it {found.effect}."
    if found.default is not None:
        yield f"  Default: {shown(found.default)}"
    if found.refused:
        yield f"  Refused: {found.refused}"


def _fields(found: Explanation) -> Iterator[str]:
    if not found.fields:
        return
    width = max(len(name) for name, _ in found.fields)
    yield ""
    yield "Fields:"
    for name, doc in found.fields:
        yield f"  {name.ljust(width)}  {doc}"


def _example(example: Fields) -> Iterator[str]:
    if example:
        yield ""
        yield "Example:"
        yield from (f"  {line}" for line in to_yaml(example).splitlines())
