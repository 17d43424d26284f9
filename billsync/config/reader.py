"""One file's bytes -> documents with positions, and all that is wrong in it as text."""

from __future__ import annotations

from dataclasses import dataclass

from billsync.config.builder import Limits, NodeBuilder
from billsync.config.characters import described, first_forbidden
from billsync.config.files import STDIN
from billsync.config.finding import finding
from billsync.config.json_text import read_json
from billsync.config.node import MapNode, Node, ScalarNode
from billsync.config.outside import Outside
from billsync.config.yaml_text import read_yaml
from billsync.model.diagnostic import Diagnostic, Position

LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """The documents of one file. Not `complete`: something was not read, so that things may seem to be missing."""

    documents: tuple[MapNode, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    complete: bool = True


def read(content: bytes | str, file: str, limits: Limits = LIMITS, outside: Outside | None = None) -> ParsedFile:
    """The documents of a file (design.md §3): JSON when its name ends so, else YAML."""
    try:
        text = content if isinstance(content, str) else content.decode("utf-8")
    except UnicodeDecodeError as error:
        return _unread(_not_utf_8(error, file))
    text = text.removeprefix("\ufeff")
    if (found := first_forbidden(text)) is not None:
        return _unread(_forbidden(text, found, file))
    return _parsed_file(_parsed(text, file, limits, outside or Outside(file=file)))


def _parsed(text: str, file: str, limits: Limits, outside: Outside) -> NodeBuilder:
    """Read an unnamed text that begins like JSON as JSON if it is; a map in braces is YAML, too."""
    if file.lower().endswith(".json"):
        return read_json(text, file, limits)
    if file == STDIN and text.lstrip().startswith("{"):
        in_json = read_json(text, file, limits)
        if not any(found.code == "not-json" for found in in_json.diagnostics):
            return in_json
    return read_yaml(text, file, limits, outside=outside)


def _unread(diagnostic: Diagnostic) -> ParsedFile:
    return ParsedFile(diagnostics=(diagnostic,), complete=False)


def _parsed_file(builder: NodeBuilder) -> ParsedFile:
    diagnostics = [*builder.diagnostics, *(finding("stray-remove", place, _REMOVE) for place in builder.removals)]
    documents = []
    complete = not builder.stopped
    for root in builder.roots:
        if isinstance(root, MapNode):
            documents.append(root)
        elif not _is_empty(root):
            diagnostics.append(finding("not-a-map", root.place, "the document is a list or a single value", _MAP_HINT))
            complete = False
    return ParsedFile(tuple(documents), tuple(diagnostics), complete)


_REMOVE = "`!remove` takes something out of the files below an overlay, and this is no overlay"
_MAP_HINT = "Begin with a collection: `meters:`, `plans:`, `customers:` …"


def _is_empty(root: Node) -> bool:
    return isinstance(root, ScalarNode) and root.value is None


def _not_utf_8(error: UnicodeDecodeError, file: str) -> Diagnostic:
    before = error.object[: error.start].decode("utf-8")
    detail = f"the byte 0x{error.object[error.start]:02x} is not part of any character in UTF-8"
    return finding("not-utf-8", _place(before, file), detail, "Save the file as UTF-8.")


def _forbidden(text: str, offset: int, file: str) -> Diagnostic:
    hint = "Remove it, or escape it in double quotes."
    return finding("forbidden-character", _place(text[:offset], file), described(text[offset]), hint)


def _place(before: str, file: str) -> Position:
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return Position(file, len(lines), len(lines[-1]) + 1)
