"""One file's bytes -> documents with positions, and all that is wrong in it as text."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from billsync.config.text.builder import Limits, NodeBuilder
from billsync.config.text.characters import described, first_forbidden
from billsync.config.text.files import STDIN
from billsync.config.text.finding import finding
from billsync.config.text.json_text import read_json
from billsync.config.text.node import MapNode, Node, ScalarNode
from billsync.config.text.outside import Outside
from billsync.config.text.yaml_text import read_yaml
from billsync.model.diagnostic import Diagnostic, Position
from billsync.model.frozen import dataclass

LIMITS = Limits()


class Role(Enum):
    """Whether a file declares something, or is merged over files that do."""

    BASE = "base"
    OVERLAY = "overlay"


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """The documents of one file. Not `complete`: something was not read, so that things may seem to be missing."""

    documents: tuple[MapNode, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    complete: bool = True


def read(
    content: bytes | str,
    file: str,
    limits: Limits = LIMITS,
    outside: Outside | None = None,
    role: Role = Role.BASE,
) -> ParsedFile:
    """The documents of a file (design.md §3): JSON when its name ends so, else YAML; without `outside`, no tags."""
    try:
        text = content if isinstance(content, str) else content.decode("utf-8")
    except UnicodeDecodeError as error:
        return _unread(_not_utf_8(error, file))
    text = text.removeprefix("\ufeff")
    if (found := first_forbidden(text)) is not None:
        return _unread(_forbidden(text, found, file))
    return _parsed_file(_parsed(text, file, limits, outside), role)


def _parsed(text: str, file: str, limits: Limits, outside: Outside | None) -> NodeBuilder:
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


def _parsed_file(builder: NodeBuilder, role: Role) -> ParsedFile:
    diagnostics = list(builder.diagnostics)
    documents = []
    complete = not builder.stopped
    misplaced = [problem for root in builder.roots for problem in _misplaced(root, role)]
    for root in builder.roots:
        if isinstance(root, MapNode):
            documents.append(root)
        elif not _is_empty(root):
            diagnostics.append(finding("not-a-map", root.place, "the document is a list or a single value", _MAP_HINT))
            complete = False
    if misplaced:
        return ParsedFile((), (*diagnostics, *misplaced), complete=False)
    if role is Role.BASE:
        diagnostics += [finding("stray-remove", place, _REMOVE) for place in builder.removals]
    return ParsedFile(tuple(documents), tuple(diagnostics), complete)


def _misplaced(root: Node, role: Role) -> Iterator[Diagnostic]:
    """Return the finding on an overlay among the files that declare, or the other way round."""
    if not isinstance(root, MapNode):
        return
    mark = root.entries.get(MARK)
    says_so = mark is not None and isinstance(mark.node, ScalarNode) and mark.node.value is True
    if mark is not None and (role is Role.BASE or not says_so):
        yield finding("misplaced-overlay", mark.place, *(_AMONG if role is Role.BASE else _NOT_TRUE))
    elif mark is None and role is Role.OVERLAY:
        yield finding("not-an-overlay", root.place, "it doesn't say `_overlay: true`", _SAY_SO)


MARK = "_overlay"
_AMONG = ("this is an overlay, and it is among the files that declare something", "Name it with --overlay.")
_NOT_TRUE = ("`_overlay` is not true", "Write `_overlay: true`.")
_SAY_SO = "Add the line, or name the file without --overlay: then it declares something."
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
