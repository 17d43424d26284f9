"""Requests refused before any look-up: from other sites, or with a malformed body. Takes no lock.

A browser can be made to send requests to a loopback port by any page that it shows: under a foreign name that was
bound to the loopback address (DNS rebinding), or as a "simple" cross-site POST. Neither may reach the books.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from billsync.local.server.contract import bad_body
from billsync.local.server.problems import api_error
from billsync.local.server.wsgi import BodyTooLarge, BrokenBody, Request
from billsync.local.store.limits import BODY_BYTES

READING = frozenset(("GET", "HEAD"))
ELSEWHERE = frozenset(("cross-site", "same-site"))


def check_visitor(request: Request, names: Collection[str]) -> None:
    """Raises Problem for a request under another name than the server's (421), or from a page of another site (403)."""
    host = urlsplit(f"//{request.environ.get('HTTP_HOST', '')}")
    if name_of(host.netloc) not in names:
        raise api_error(421, "The server is not known under this Host")
    if request.has("Origin") and request.header("Origin").lower() != f"http://{host.netloc.lower()}":
        raise api_error(403, "Requests from pages of other sites are not answered: Origin")
    if request.header("Sec-Fetch-Site").lower() in ELSEWHERE:
        raise api_error(403, "Requests from pages of other sites are not answered: Sec-Fetch-Site")


def name_of(netloc: str) -> str | None:
    """The host name before the port; None for an invalid `name:port`."""
    name, colon, port = netloc.lower().partition(":")
    return name if not colon or port.isdecimal() else None


def content_of(request: Request) -> bytes:
    """The whole body, read before any lock is taken. Raises Problem: 413 for one that is too large, 400 for one that
    breaks off."""
    try:
        return request.body(BODY_BYTES)
    except BodyTooLarge:
        raise api_error(413, f"The body is larger than {BODY_BYTES} bytes") from None
    except BrokenBody:
        raise bad_body("it breaks off") from None


def check_form(request: Request, content: bytes) -> None:
    """Raises Problem (400) for a body that isn't plain JSON. A page of another site can't send JSON without asking
    first, but any other form of body, or an empty one that is called a form."""
    if request.method in READING:
        return
    encoding = request.header("Content-Encoding", "identity").strip().lower()
    if encoding != "identity":
        raise bad_body(f"the content encoding {encoding[:40]} is not supported")
    given = request.header("Content-Type")
    if (given or content) and not is_json(given):
        raise bad_body(f'header Content-Type has unexpected value "{given[:100]}"')


def is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    kind, _, form = media_type.partition("/")
    return kind == "application" and (form == "json" or form.endswith("+json"))
