"""The target that `--server` names: an HTTP base, or the embedded server. Parses only, and connects to nothing."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, urlsplit

from billsync.api.generations import GENERATIONS
from billsync.model.diagnostic import Diagnostic
from billsync.model.frozen import dataclass
from billsync.schema.codes import diagnostic

LOCAL = "local:"
LOCAL_BASE = "http://local.invalid/api/v3"
LOCAL_DEFAULT = ".billsync/local.db"
NEWER, OLDER = "/v3", "/v1/"
"""The end of the base of API v3, and the beginning of paths of API v1, which the same server has at the same place."""
EMBEDDED_FORMS = "Forms: local:PATH?generation=later, local:PATH?dialect=konnect, local:PATH?generation=1.2."
KONNECT_HOSTS = ".api.konghq.com"


@dataclass(frozen=True, slots=True)
class Target:
    """A server. `base` has no trailing slash; `database` is the embedded server's file, or None over HTTP.

    `dialect` and `generation` are set if the address alone implies them. `form` is how the embedded server was asked to
    speak another generation than August 2026.
    """

    base: str
    database: str | None = None
    dialect: str | None = None
    generation: str | None = None
    form: str = ""

    @property
    def name(self) -> str:
        """The name in messages and plan files; it holds no secret."""
        return self.base if self.database is None else LOCAL + self.database + self.form

    def url(self, path: str) -> str | None:
        """Return the URL of a path: below the base or, for the older API, next to it; None if that can't be derived."""
        if not path.startswith(OLDER):
            return self.base + path
        return self.base.removesuffix(NEWER) + path if self.base.endswith(NEWER) else None

    @property
    def region(self) -> str | None:
        """Return Konnect's region from its address; None for any other address."""
        host = urlsplit(self.base).hostname or ""
        return host.removesuffix(KONNECT_HOSTS) if host.endswith(KONNECT_HOSTS) else None

    @property
    def is_loopback(self) -> bool:
        """Whether the target is this machine, so that requests never leave it."""
        return self.database is not None or _is_loopback(urlsplit(self.base).hostname or "")


def parse_target(server: str, *, database: str = LOCAL_DEFAULT) -> Target | Diagnostic:
    """The target in a `--server` text, in the forms of design.md §7, or the diagnostic of an invalid text.

    `database` is the file that a bare `local:` means.
    """
    if server.startswith(LOCAL):
        return _embedded(server.removeprefix(LOCAL), database)
    try:
        parts = urlsplit(server)
        port = parts.port
    except ValueError:
        return _bad("It is not a URL.")
    if problem := _address_problem(server, parts):
        return problem
    host = (parts.hostname or "") if ":" not in (parts.hostname or "") else f"[{parts.hostname}]"
    authority = host + (f":{port}" if port is not None else "")
    return _target(parts, authority)


def _embedded(place: str, database: str) -> Target | Diagnostic:
    """The embedded server over a file, in the generation that `?dialect=konnect` or `?generation=later` names."""
    path, mark, form = place.partition("?")
    asked = dict(parse_qsl(form, keep_blank_values=True))
    if not asked.keys() & {"dialect", "generation"}:  # a question mark in the name of a file
        return Target(LOCAL_BASE, database=place or database, dialect="openmeter")
    dialect = asked.get("dialect") or _dialect_of(asked["generation"])
    known = GENERATIONS.get(dialect, ())
    generation = asked.get("generation") or next(iter(known), "")
    if asked.keys() - {"dialect", "generation"} or generation not in known:
        return _bad("It asks the embedded server for a dialect or a generation that there isn't.", EMBEDDED_FORMS)
    return Target(LOCAL_BASE, path or database, dialect, generation, mark + form)


def _dialect_of(generation: str) -> str:
    return next((dialect for dialect, known in GENERATIONS.items() if generation in known), "")


def token_problem(target: Target, token: str | None) -> Diagnostic | None:
    """Return the reason not to send this token to this target, or None: it would travel in clear text, or isn't one."""
    if token is None:
        return None
    if not token or not all("!" <= char <= "~" for char in token):
        return diagnostic(
            "bad-token",
            "It is empty, or holds white space or characters outside ASCII.",
            "Check the file or the variable that it comes from.",
        )
    if target.base.startswith("http:") and not target.is_loopback:
        return diagnostic(
            "insecure-token",
            f"{target.base} is neither https nor on this machine.",
            "Use https, or allow it with --insecure-token.",
        )
    return None


def _target(parts: SplitResult, authority: str) -> Target:
    konnect = (parts.hostname or "").endswith(KONNECT_HOSTS)
    path = parts.path.rstrip("/") or ("/v3" if konnect else "/api/v3")
    return Target(f"{parts.scheme}://{authority}{path}", dialect="konnect" if konnect else None)


def _address_problem(server: str, parts: SplitResult) -> Diagnostic | None:
    """Return the problem of an address, without the address: it may hold a secret, or be a token by mistake."""
    if parts.username is not None or parts.password is not None:
        return _bad("It holds a user name or a password.", "Give a token with --token-file or BILLSYNC_TOKEN.")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return _bad("It does not begin with http://, https:// or local:.")
    if parts.query or parts.fragment:
        return _bad("It has a query or a fragment.")
    if any(char.isspace() or not char.isprintable() for char in server):
        return _bad("It holds white space.")
    return None


def _bad(detail: str, hint: str = "") -> Diagnostic:
    forms = "Forms: https://eu.api.konghq.com/v3, http://127.0.0.1:8888/api/v3, local:, local:PATH."
    return diagnostic("bad-server", detail, hint or forms)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
