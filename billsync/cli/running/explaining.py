"""`explain` and `schema`: the kinds in words and as JSON Schema. Offline."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from difflib import get_close_matches
from typing import Any

from billsync.app.ending import MEANINGS, Ended, Exit, usage
from billsync.cli.terminal.surroundings import Run
from billsync.core.plan_file import plan_file_schema
from billsync.kinds.registry import KINDS
from billsync.model.kind import Kind
from billsync.model.value import Fields
from billsync.render.explain import code_text, explanation_text, topics_text
from billsync.schema.codes import pages
from billsync.schema.explain import Explanation
from billsync.schema.for_editors import for_editors
from billsync.schema.schema import file_schema, written_schema
from billsync.schema.topics import Path, Topic, plain_path, topics

CODE = "code."
PLAN_FILE = "plan-file"
_EXIT_CODES_DOC = "The exit codes, for scripts. If several apply, the first of 3, 4, 5, 1 and 2 counts."


def _exit_codes(path: Path) -> Explanation | None:
    rows = tuple((str(code.value), meaning) for code, meaning in MEANINGS.items())
    return None if path else Explanation(("exit-codes",), _EXIT_CODES_DOC, "a number", fields=rows)


EXIT_CODES = Topic("exit-codes", "exit_codes", _EXIT_CODES_DOC, _exit_codes, lambda example: {})


def _topics() -> tuple[Topic, ...]:
    return (*topics(KINDS), EXIT_CODES)


def show_topics(run: Run) -> Exit:
    """Print all that can be explained."""
    known = [(topic.name, topic.doc) for topic in _topics()]
    document = {"topics": [{"name": name, "doc": doc} for name, doc in known]}
    text = topics_text(known, run.around.width)
    run.result(json.dumps(document, indent=2, ensure_ascii=False) + "\n" if run.wants_json else text)
    return Exit.DONE


def show_explanation(run: Run, topic: str) -> Exit:
    """Print the explanation of a topic, a field of it (`plan.phases[].rate_cards`) or a code. Raises Ended for an
    unknown name.

    A topic goes before a code, and a code before a field without its topic; `code.NAME` is always a code.
    """
    known = _topics()
    if (name := _code_in(topic, known)) is not None:
        run.result(_code_as_json(name) if run.wants_json else code_text(*pages()[name], run.around.width))
        return Exit.DONE
    around, path = _placed(plain_path(topic), known)
    found = _explained(around, path)
    text = explanation_text(found, _example(around, found), run.around.width)
    run.result(_as_json(found) if run.wants_json else text)
    return Exit.DONE


def _code_in(topic: str, known: Sequence[Topic]) -> str | None:
    """The code that a name means, or None. Raises Ended for an unknown code."""
    name = topic.removeprefix(CODE)
    if topic.startswith(CODE) and name not in pages():
        raise _unknown("topic", topic, [CODE + code for code in pages()])
    is_topic = any(topic in (one.name, one.other_name) for one in known)
    return name if name in pages() and not is_topic else None


def _code_as_json(name: str) -> str:
    chapter, code = pages()[name]
    document = {
        "code": code.name,
        "summary": code.summary,
        "doc": code.doc,
        "chapter": chapter.title,
        "example": chapter.example(code),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _placed(path: Path, known: Sequence[Topic]) -> tuple[Topic, Path]:
    """The topic that a path is about; where it begins with a field, the one that has such a field. Raises Ended."""
    name, rest = (path[0], path[1:]) if path else ("", ())
    for topic in known:
        if name in (topic.name, topic.other_name):
            return topic, rest
    holders = [topic for topic in known if topic.find(path) is not None] if path else []
    if not holders:
        raise _unknown("topic", name, [*(topic.name for topic in known), *pages()], listed=len(known))
    if len(holders) > 1:
        choices = ", ".join(f"{holder.name}.{'.'.join(path)}" for holder in holders)
        raise usage("unknown-topic", f'"{name}"', f"Several have such a field: {choices}.")
    return holders[0], path


def _example(topic: Topic, found: Explanation) -> Fields:
    """The example as written in a file: a field with its name, an entity in its collection or its parent."""
    if found.example is None:
        return {}
    return {found.path[-1]: found.example} if len(found.path) > 1 else topic.in_file(found.example)


def _explained(topic: Topic, path: Path) -> Explanation:
    """Return the explanation at a path; for an unknown name, the error offers its neighbours."""
    for depth, name in enumerate(path):
        if topic.find(path[: depth + 1]) is None:
            around = topic.find(path[:depth])
            raise _unknown("field", name, [field for field, _ in around.fields] if around else ())
    found = topic.find(path)
    assert found is not None
    return found


def _as_json(found: Explanation) -> str:
    document = {
        **asdict(found),
        "path": ".".join(found.path),
        "fields": [{"name": name, "doc": doc} for name, doc in found.fields],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def show_schema(run: Run, name: str | None) -> Exit:
    """Print the JSON Schema of a whole file, of one kind as a person writes it, or of plan files."""
    run.result(json.dumps(_schema(name), indent=2, ensure_ascii=False) + "\n")
    return Exit.DONE


def _schema(name: str | None) -> Mapping[str, Any]:
    if name == PLAN_FILE:
        return plan_file_schema()
    return for_editors(file_schema(KINDS) if name is None else written_schema(KINDS, _kind(name)))


def _kind(name: str) -> Kind:
    """A kind by its name or its collection's. Raises Ended."""
    for kind in KINDS.values():
        if name in (kind.name, kind.collection):
            return kind
    raise _unknown("kind", name, (*KINDS, PLAN_FILE))


def _unknown(what: str, name: str, choices: Iterable[str], *, listed: int | None = None) -> Ended:
    """The error for a name that there isn't, with a near one, else with the first `listed` of all (None: with all)."""
    names = list(choices)
    close = get_close_matches(name, names, n=1)
    hint = (
        f'Did you mean "{close[0]}"?'
        if close
        else (f"There are: {', '.join(names[:listed])}." if names else "It has none.")
    )
    return usage(f"unknown-{what}", f'"{name}"', hint)
