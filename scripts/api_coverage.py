"""The page of API coverage: each call of the vendor's API v3, what billsync makes it for, and whether `local/` answers.

Made from the routes and documents in `api/`, the kinds' archetypes, and the embedded server's table of operations,
which has every operation of the vendor's OpenAPI document. `generate_docs.py` writes it.
"""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from billsync.api import documents
from billsync.api.generations import dated
from billsync.api.routes import routes
from billsync.kinds.registry import KINDS
from billsync.local.registry import ROUTES
from billsync.model.kind import Archetype
from billsync.model.routes import Routes

PACKAGE = Path(__file__).resolve().parents[1] / "billsync"
OPERATIONS = PACKAGE / "local" / "data" / "requests.json"
READING = ("app", "cli", "live", "apply")
HEAD = """# API coverage

Made by `scripts/generate_docs.py` from the routes in `billsync/api/` and the table of the embedded server, which has
every operation of the vendor's API v3 of August 2026. Paths are written without the server's base; `{id}` is an id.

*billsync* says what a call is made for; a dash says that it is never made. *Embedded* says whether the embedded server
(`--server local:`, `billsync serve`) answers it.
"""
PLACEHOLDER = re.compile(r"\{\w+\}")
SOURCE = re.compile(r" ?\([\w./-]+ §[^)]*\)")
ALONE = {
    "GET /openapi.json": ["says which operations and fields the server takes"],
    "GET /openmeter/plans/{}": ["reads a version that no list shows any more, but a subscription has"],
    "POST /openmeter/customers/{}/charges": ["makes debts again after a restore"],
    "POST /openmeter/currencies/custom": ["makes custom currencies again in a restore"],
    "POST /openmeter/currencies/custom/{}/cost-bases": ["sets what a unit of them costs again"],
    "DELETE /openmeter/profiles/{}": ["deletes one that was made twice, as its request arrived twice"],
    "POST /openmeter/profiles": ["makes billing profiles again in a restore"],
    "POST /openmeter/events": ["sends usage events again after a restore"],
    "GET /v1/customers": ["lists deleted customers, which v3 doesn't show (OpenMeter only)"],
    "GET /openmeter/addons/{}": ["reads a version that no list shows any more, but a subscription has"],
}
"""Calls of `live/connect.py` and `app/` that neither the routes nor the documents name."""

TITLES = {"addon": "add-ons"}
PURPOSES = {
    "void": "voids",
    "settle": "records payments of",
    "attach": "attaches add-ons to",
    "set_quantity": "changes quantities of add-ons of",
    "change": "changes the plan of",
    "cancel": "sets the end of",
    "resume": "takes back the end of",
    "begin_later": "schedules the start of",
    "begin_in_phase": "begins in a later phase",
    "withdraw": "takes back the scheduled start of",
    "restore": "takes back the scheduled change of",
}
"""The effect of a call on one entity, as a verb before the kind's plural."""
Uses = Mapping[str, Sequence[str]]


def coverage() -> str:
    """The whole page."""
    operations = json.loads(OPERATIONS.read_text(encoding="utf-8"))["operations"]
    used, answered = uses(), set(_answered("/api/v3"))
    names = sorted(operations, key=lambda name: (_group(name), _path(name), name))
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[_group(name)].append(_row(name, used, answered))
    made, served = (sum(_bare(name) in known for name in names) for known in (used, answered))
    total = f"billsync makes {made} of the {len(names)} calls, and the embedded server answers {served}.\n"
    tables = [f"## {group}\n\n{_table(rows)}" for group, rows in groups.items()]
    return "\n".join([HEAD, total, *tables, *_older(used)])


def uses() -> Uses:
    """The purpose of each call, by its method and path with `{}` for ids."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, purposes in ALONE.items():
        found[name] += purposes
    for kind, calls in routes("openmeter").items():
        for name, purpose in _calls(kind, calls):
            found[name].append(purpose + _where(kind, name))
    for name, purpose in _documents():
        found[name].append(purpose)
    return found


def _where(kind: str, name: str) -> str:
    """A word on calls that Konnect's API doesn't have."""
    on_konnect = {call for call, _ in _calls(kind, routes("konnect")[kind])}
    return "" if name in on_konnect else " (OpenMeter only)"


def _calls(kind: str, calls: Routes) -> Iterator[tuple[str, str]]:
    """The calls of one kind, each with its purpose."""
    collection, plural = calls.collection, TITLES.get(kind, f"{kind.replace('_', ' ')}s")
    item = f"{collection}/{{id}}"
    if not calls.create:
        yield _bare(f"GET {collection}"), f"finds the ids of {plural} by key"
        return
    yield _bare(f"GET {collection}"), f"lists {plural}, and finds one by its key before and after a call"
    yield _bare(f"POST {collection}"), f"creates {plural}"
    if KINDS[kind].archetype is Archetype.VERSIONED:
        yield _bare(f"DELETE {item}"), f"deletes drafts of {plural}"
        yield _bare(f"POST {item}/publish"), f"publishes {plural}"
        yield _bare(f"POST {item}/archive"), f"archives {plural}"
    else:
        yield from _changes(calls, plural)
        for name, form in calls.calls.items():
            yield _bare(f"{form.method} {form.path}"), f"{PURPOSES[name]} {plural}"
    for part in calls.parts:
        members = TITLES.get(part.field.removesuffix("s"), part.field)
        yield _bare(f"GET {part.collection}"), f"lists {members} of {plural}"
        yield _bare(f"POST {part.collection}"), f"adds {members} to drafts of {plural}"
        if part.update:
            yield _bare(f"PUT {part.collection}/{{id}}"), f"labels {members} of {plural}"
        yield _bare(f"DELETE {part.collection}/{{id}}"), f"takes {members} out of drafts of {plural}"
    if calls.hidden:
        yield f"GET {calls.hidden.collection}", f"reads labels of {plural}, which v3 hides"
        yield _bare(f"GET {calls.hidden.collection}/{{id}}"), f"reads labels of {plural}, which v3 hides"
    if calls.renaming:
        yield _bare(f"PUT {calls.renaming.collection}/{{id}}"), f"changes the key of {plural}"


def _changes(calls: Routes, plural: str) -> Iterator[tuple[str, str]]:
    item = f"{calls.collection}/{{id}}"
    if calls.update:
        yield _bare(f"{calls.update_verb} {item}"), f"changes {plural}"
    if calls.delete:
        yield _bare(f"DELETE {item}"), f"deletes {plural}"


def _documents() -> Iterator[tuple[str, str]]:
    """The reads besides those of the kinds: each constant of `api/documents.py` with its own text."""
    for name, text in _texts(Path(documents.__file__)):
        path = getattr(documents, name)
        if isinstance(path, str) and _is_read(name):
            method = "POST" if path == documents.METER_QUERY else "GET"
            only = "" if path != documents.INVOICES or dated("konnect").can("invoices") else " (OpenMeter only)"
            yield _bare(f"{method} {path}"), "reads " + _first(text) + only
    for title, (path, _) in documents.UNDECLARED.items():
        yield _bare(f"GET {path}"), f"names {title} that a dump can't carry"


def _is_read(name: str) -> bool:
    """Whether a module outside `api/` reads the document of that name."""
    modules = (path for room in READING for path in (PACKAGE / room).rglob("*.py"))
    return any(re.search(rf"\b{name}\b", module.read_text(encoding="utf-8")) for module in modules)


def _texts(module: Path) -> Iterator[tuple[str, str]]:
    """Each constant of a module with the text below it."""
    body = ast.parse(module.read_text(encoding="utf-8")).body
    for statement, text in pairwise(body):
        if isinstance(statement, ast.Assign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            (target,) = statement.targets
            assert isinstance(target, ast.Name)
            yield target.id, str(text.value.value)


def _first(text: str) -> str:
    """The first clause of a text, without its source, to go on a sentence with."""
    clause = re.split(r"[.;,(]", SOURCE.sub("", text))[0].strip()
    return clause[0].lower() + clause[1:]


def _answered(version: str) -> Iterator[str]:
    """The calls that the embedded server answers in a version of the API."""
    return (_bare(f"{route.method} {route.path}") for route in ROUTES if route.version == version)


def _older(used: Uses) -> Iterator[str]:
    """Older versions of the API: what billsync asks of them, and what the embedded server answers."""
    for version in sorted({route.version for route in ROUTES} - {"/api/v3"}):
        prefix = version.removeprefix("/api")
        rows = [
            f"| `{name.replace('{}', '{id}')}` | {'; '.join(used.get(_prefixed(name, prefix), ['–']))} |"
            for name in sorted(set(_answered(version)), key=lambda name: (_path(name), name))
        ]
        head = (
            f"## API {prefix.strip('/')}, as far as the embedded server answers it\n\n| call | billsync |\n|---|---|\n"
        )
        yield head + "\n".join(rows) + "\n"


def _prefixed(name: str, prefix: str) -> str:
    method, path = name.split(" ")
    return f"{method} {prefix}{path}"


def _row(name: str, used: Uses, answered: Iterable[str]) -> str:
    shown = PLACEHOLDER.sub("{id}", name).replace(" /openmeter/", " /")
    purposes = "; ".join(dict.fromkeys(used.get(_bare(name), ["–"])))
    return f"| `{shown}` | {purposes} | {'yes' if _bare(name) in answered else '–'} |"


def _table(rows: Iterable[str]) -> str:
    return "\n".join(["| call | billsync | embedded |", "|---|---|---|", *rows]) + "\n"


def _bare(name: str) -> str:
    return PLACEHOLDER.sub("{}", name)


def _path(name: str) -> str:
    return name.split(" ")[1]


def _group(name: str) -> str:
    return _path(name).split("/")[2]
