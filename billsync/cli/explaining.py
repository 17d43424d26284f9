"""`explain` and `schema`: the kinds in words and as JSON Schema. Offline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from difflib import get_close_matches

from billsync.cli.ending import Ended, Exit, usage
from billsync.cli.surroundings import Run
from billsync.kinds.explain import Explanation, explain
from billsync.kinds.registry import KINDS
from billsync.kinds.schema import file_schema, written_schema
from billsync.model.kind import Kind
from billsync.model.value import Fields
from billsync.render.explain import explanation_text
from billsync.render.json_text import json_text


def show_explanation(run: Run, topic: str) -> Exit:
    """Print what a kind, or a field of it (`plan.phases.rate_cards`), is. Raises Ended for what there isn't."""
    name, *path = topic.split(".")
    kind = _kind(name)
    found = _explained(kind, tuple(path))
    run.result(_as_json(found) if run.wants_json else explanation_text(found, _example(kind, found)))
    return Exit.DONE


def _example(kind: Kind, found: Explanation) -> Fields:
    """The example as it stands in a file: a field by its name, an entity in its collection or in its parent."""
    if found.example is None:
        return {}
    if len(found.path) > 1:
        return {found.path[-1]: found.example}
    if kind.parent is None:
        return {kind.collection: [found.example]}
    parent = KINDS[kind.parent.kind]
    nested = {kind.parent.many: [found.example]} if kind.parent.many else {kind.parent.one: found.example}
    return {parent.collection: [{parent.key: parent.example[parent.key], **nested}]}


def _explained(kind: Kind, path: tuple[str, ...]) -> Explanation:
    """The explanation at a path; for a name that isn't there, the error offers those beside it."""
    for depth, name in enumerate(path):
        if explain(kind, path[: depth + 1]) is None:
            around = explain(kind, path[:depth])
            raise _unknown("field", name, [field for field, _ in around.fields] if around else ())
    found = explain(kind, path)
    assert found is not None
    return found


def _as_json(found: Explanation) -> str:
    document = {
        **asdict(found),
        "path": ".".join(found.path),
        "fields": [{"name": name, "doc": doc} for name, doc in found.fields],
    }
    return json_text(document)


def show_schema(run: Run, name: str | None) -> Exit:
    """Print the JSON Schema of a whole file, or of one kind as a person writes it."""
    schema = file_schema(KINDS) if name is None else written_schema(KINDS, _kind(name))
    run.result(json_text(schema))
    return Exit.DONE


def _kind(name: str) -> Kind:
    """A kind by its name or its collection's. Raises Ended."""
    for kind in KINDS.values():
        if name in (kind.name, kind.collection):
            return kind
    raise _unknown("kind", name, KINDS)


def _unknown(what: str, name: str, choices: Iterable[str]) -> Ended:
    names = list(choices)
    close = get_close_matches(name, names, n=1)
    hint = f'Did you mean "{close[0]}"?' if close else (f"There are: {', '.join(names)}." if names else "It has none.")
    return usage(f"unknown-{what}", f"there is no such {what}", f'"{name}"', hint)
