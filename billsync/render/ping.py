"""The answer of `ping` as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator

from billsync.model.pinged import Pinged, Unlisted
from billsync.model.value import json_line
from billsync.render.formats.words import visible


def ping_json(found: Pinged) -> str:
    """One line of JSON; `api` stands there only where it was asked for."""
    facts = {
        "server": found.server,
        "dialect": found.dialect,
        "generation": found.generation,
        "assumed": found.is_assumed,
        "capabilities": dict(found.can),
        "missing_rights": [{"call": each.call, "roles": list(each.roles)} for each in found.missing],
        "absent": list(found.absent),
    }
    return json_line({**facts, **({"api": _object(found.unlisted)} if found.unlisted else {})}) + "\n"


def _object(unlisted: Unlisted) -> dict[str, object]:
    return {
        "operations": list(unlisted.operations),
        "fields": {call: list(names) for call, names in unlisted.fields.items()},
        "rows": {kind: list(names) for kind, names in unlisted.rows.items()},
    }


def ping_text(found: Pinged) -> str:
    """A few sentences, and a line for each operation and field that billsync doesn't know."""
    return "".join(f"{visible(line)}\n" for line in _lines(found))


def _lines(found: Pinged) -> Iterator[str]:
    generation = f"generation {found.generation}{' (assumed)' if found.is_assumed else ''}"
    yield f"{found.server} answers, and speaks the dialect {found.dialect}, {generation}."
    yield f"It can: {', '.join(name for name, can in found.can.items() if can)}."
    if lacking := [name for name, can in found.can.items() if not can]:
        yield f"It can't: {', '.join(lacking)}."
    for right in found.missing:
        roles = " or ".join(right.roles) or "a right that it lacks"
        yield f"The token may not {right.call}: it needs {roles}."
    if found.absent:
        yield f"It has no list of: {', '.join(found.absent)}."
    if found.unlisted is not None:
        yield from _of_the_api(found.unlisted)


def _of_the_api(unlisted: Unlisted) -> Iterator[str]:
    if not unlisted.lines:
        yield "billsync knows all operations and fields that it serves."
        return
    yield "billsync doesn't know these operations and fields:"
    yield from (f"  {line}" for line in unlisted.lines)
