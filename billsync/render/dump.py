"""A dump as YAML, and its losses as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from billsync.core.dump.dump import Dump
from billsync.core.dump.files import REST, files_of
from billsync.core.dump.losses import Loss, LossRow, loss_rows
from billsync.model.kind import Registry
from billsync.render.formats.json_text import json_text
from billsync.render.formats.yaml_text import to_yaml

OF_EVERY_DUMP = (
    "The live state, as far as a file can declare it. A diff of this file with the server it comes from is empty.",
    "No file carries usage, invoices, charges and movements of credit, entitlements made by hand, or notifications.",
)
"""The comment at the top of every dumped file."""
OF_EVERY_FOLDER = (OF_EVERY_DUMP[0].replace("a file", "files").replace("this file", "this folder"), OF_EVERY_DUMP[1])
"""The comment at the top of the first file of a folder."""
OF_PSEUDONYMS = (
    "Live state with pseudonyms for names, keys, subjects, addresses and all other texts, as far as a file can declare "
    "it. Money, times and structure are as they are.",
    OF_EVERY_DUMP[1],
)
"""The comment at the top of a dump with pseudonyms."""


def dump_yaml(dump: Dump, top: tuple[str, ...] = OF_EVERY_DUMP) -> str:
    """The dump as one file; `top` are the sentences at its top."""
    at_top = (*top, *dump.comments.get((), ()))
    return to_yaml(dump.document, {**dump.comments, (): at_top})


def dump_files(dump: Dump, registry: Registry, top: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The dump as several files, each with its name, made one by one; `top` stands at the top of the first one."""
    for file in files_of(dump, registry):
        at_top = (*top, *file.comments.get((), ())) if file.name == REST else ()
        yield f"{file.name}.yaml", to_yaml(file.document, {**file.comments, (): at_top} if at_top else file.comments)


def losses_json(losses: Iterable[Loss], files: Mapping[str, str] | None = None) -> str:
    """The losses as one JSON object: those that are alike in a row, and their number in all.

    `files` are those of a dump into a folder, with their digests.
    """
    rows = loss_rows(losses)
    document = {
        "format_version": "1.0",
        "count": sum(row.count for row in rows),
        "losses": [_row(row) for row in rows],
        **({"files": files} if files is not None else {}),
    }
    return json_text(document)


def _row(row: LossRow) -> dict[str, Any]:
    return {
        "kind": row.kind or None,
        "key": row.key or None,
        "field": row.field or None,
        "code": row.code,
        "why": row.why,
        "count": row.count,
    }
