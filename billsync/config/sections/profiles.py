"""`.billsync.yaml`: named connections, read as strictly as files of entities, with the place of each mistake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cache

from billsync.config.checks.schema_errors import diagnostics_of
from billsync.config.checks.suggest import did_you_mean
from billsync.config.checks.validators import Validator
from billsync.config.text.finding import Findings, finding
from billsync.config.text.node import MapNode, Node, ScalarNode, plain, text_of
from billsync.config.text.reader import read
from billsync.model.diagnostic import Diagnostic, Position, has_errors
from billsync.model.frozen import dataclass
from billsync.model.headers import header_problem
from billsync.model.labels import value_problem
from billsync.schema.profiles import profiles_schema

TOKEN_FIELDS = ("token", "authorization", "password")


@dataclass(frozen=True, slots=True)
class Profile:
    """A connection in the words of a profile; None for what it leaves open."""

    server: str | None = None
    token_file: str | None = None
    dialect: str | None = None
    ca_file: str | None = None
    timeout: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    owner: str | None = None


def profile_in(content: bytes, file: str, name: str) -> tuple[Profile, tuple[Diagnostic, ...]]:
    """The profile of that name in a file, and everything that is wrong with the file; after an error it is empty."""
    parsed = read(content, file)
    findings = Findings()
    findings.extend(parsed.diagnostics)
    if len(parsed.documents) > 1:
        findings.add("profiles-twice", parsed.documents[1].place, "the file holds more than one document")
    document = parsed.documents[0] if parsed.documents else MapNode({}, Position(file, 1, 1))
    if not has_errors(findings.all):
        findings.extend(_problems(document, name))
    found = tuple(sorted(findings.all, key=lambda finding: finding.order))
    return Profile() if has_errors(found) else _profile(_profiles(document)[name]), found


def _problems(document: MapNode, name: str) -> Iterator[Diagnostic]:
    """Yield everything that is wrong with the profiles, and that the one that was chosen isn't among them."""
    profiles = _profiles(document).values()
    hidden = [found for profile in profiles for found in (*_secrets(profile), *_bad_headers(profile))]
    yield from hidden
    told = {found.position for found in hidden}
    errors = _validator().iter_errors(plain(document))
    yield from (found for found in diagnostics_of(errors, document) if found.position not in told)
    for profile in profiles:
        yield from _bad_owner(profile)
    known = _names(document)
    if name not in known and isinstance(document.get("profiles"), MapNode):
        hint = did_you_mean(name, known) or (f"It has: {', '.join(sorted(known))}." if known else "")
        yield finding("unknown-profile", document.place, f'"{name}" is not among the profiles', hint)


@cache
def _validator() -> Validator:
    return Validator(profiles_schema(), plain_mode=False)


def _profiles(document: MapNode) -> Mapping[str, MapNode]:
    profiles = document.get("profiles")
    if not isinstance(profiles, MapNode):
        return {}
    return {name: entry.node for name, entry in profiles.entries.items() if isinstance(entry.node, MapNode)}


def _names(document: MapNode) -> tuple[str, ...]:
    profiles = document.get("profiles")
    return tuple(profiles.entries) if isinstance(profiles, MapNode) else ()


def _secrets(profile: MapNode) -> Iterator[Diagnostic]:
    for name, entry in profile.entries.items():
        if name.lower() in TOKEN_FIELDS:
            detail = f"`{name}` would put a secret into a file that is committed"
            yield finding("token-in-profile", entry.place, detail, "Name the file that holds it: `token_file`.")


def _bad_headers(profile: MapNode) -> Iterator[Diagnostic]:
    """Yield findings about headers, at their values, which no message repeats."""
    headers = profile.get("headers")
    for name, entry in headers.entries.items() if isinstance(headers, MapNode) else ():
        value = _text(entry.node)
        problem = f"the value of {name} is not a text" if value is None else header_problem(name, value)
        if problem:
            yield finding("bad-header", entry.node.place, problem)


def _bad_owner(profile: MapNode) -> Iterator[Diagnostic]:
    node = profile.get("owner")
    if (owner := text_of(node)) and node is not None and (problem := value_problem(owner)):
        yield finding("illegal-owner", node.place, f'"{owner}" is written into labels: {problem}')


def _text(node: Node) -> str | None:
    return node.value if isinstance(node, ScalarNode) and isinstance(node.value, str) else None


def _profile(node: MapNode) -> Profile:
    headers = node.get("headers")
    timeout = node.get("timeout")
    texts = {name: text_of(node.get(name)) for name in ("server", "token_file", "dialect", "ca_file", "owner")}
    named = headers.entries if isinstance(headers, MapNode) else {}
    return Profile(
        **texts,
        timeout=int(timeout.text) if isinstance(timeout, ScalarNode) else None,
        headers={name: value for name, entry in named.items() if (value := _text(entry.node)) is not None},
    )
