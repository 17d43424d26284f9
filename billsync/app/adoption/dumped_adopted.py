"""`dump --adopt`: a dump as files of an owner who takes over everything that is nobody's. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from io import StringIO

from billsync.app.adoption.adopt import find_adoption
from billsync.app.ending import Ended, Exit
from billsync.app.server.connection import ReadingConnection
from billsync.config import load
from billsync.config.text.files import STDIN
from billsync.core.dump.dump import HEADER, Dump
from billsync.core.taking_back.adoption import Standings, pattern_of
from billsync.kinds.registry import KINDS
from billsync.model.diagnostic import Severity
from billsync.model.frozen import replace
from billsync.model.value import Fields
from billsync.render.formats.yaml_text import to_yaml
from billsync.schema.codes import diagnostic

ADOPTED = "adopted"


def adopted_dump(connection: ReadingConnection, dump: Dump, owner: str) -> tuple[Dump, tuple[Standings, ...]]:
    """The dump with its owner and `adopted`, and the entities that the owner may not take over. Raises Ended,
    RemoteError."""
    header = {HEADER: {**dump.document.get(HEADER, {}), "owner": owner}}
    document = {**header, **dump.document, **header}
    desired, findings = load([STDIN], registry=KINDS, stdin=StringIO(to_yaml(document)))
    if desired.entities and (mistakes := [one for one in findings if one.severity is Severity.ERROR]):
        detail = f"{mistakes[0].summary}: {mistakes[0].detail}"
        raise Ended(Exit.ERROR, diagnostic("adopt-dump", detail, "Dump it without --adopt."))
    if not desired.entities:
        return replace(dump, document=document), ()
    found = find_adoption(connection, desired)
    keys: dict[str, list[str]] = defaultdict(list)
    for address in found.adopted:
        keys[KINDS[address.kind].collection].append(pattern_of(address))
    return replace(dump, document=_with(document, keys)), found.refused


def _with(document: Fields, keys: Mapping[str, Sequence[str]]) -> Fields:
    """The document with `adopted` below its header."""
    if not keys:
        return document
    return {HEADER: document[HEADER], ADOPTED: {**keys}, **{k: v for k, v in document.items() if k != HEADER}}
