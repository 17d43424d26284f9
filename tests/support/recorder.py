"""Checks HTTP traffic against the vendor's OpenAPI document and collects what is wrong. It changes no traffic."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from tests.support.openapi import MOST_REMEMBERED, Document, Operation, blanked, document_path, load
from tests.support.server_deviations import BEFORE_ANY, deviates, error_faults, undeclared_status

WRONG_ON_PURPOSE = "x-wrong-on-purpose"
API = re.compile(r"(?:/api)?/v3(?=/openmeter/)")
BRACKETS = re.compile(r"\[([^\]]*)\]")
ID_IN_URL = re.compile(r"(?<=[/=])[0-7][0-9A-HJKMNP-TV-Z]{25}(?=[/&?]|$)")
MOST_FAULTS = 5
WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(slots=True)
class Recorder:
    """Collects faults of one test; without a document it is inactive."""

    document: Document | None = None
    faults: list[str] = field(default_factory=list)
    exempt: bool = False

    def check(self, request: httpx.Request, response: httpx.Response, *, wrong_on_purpose: bool = False) -> None:
        """Raises AssertionError when a request or its response isn't what the document allows."""
        exempt = wrong_on_purpose or self.exempt or WRONG_ON_PURPOSE in request.headers
        faults = [] if exempt else self.request_faults(request)
        faults += self.response_faults(request, response)
        assert not faults, "\n  ".join((title(request, response), *faults[:MOST_FAULTS]))

    def note(self, request: httpx.Request, response: httpx.Response) -> None:
        """Like `check`, but keeps the fault for the end of the test.

        An exchange that was right once isn't looked at again, nor what differs from it in ids and times alone.
        """
        known = self.document.faultless if self.document else set()
        exchange = digest_of(request, response, exempt=self.exempt)
        if exchange in known:
            return
        try:
            self.check(request, response)
        except AssertionError as fault:
            self.faults.append(str(fault))
        else:
            if len(known) < MOST_REMEMBERED:
                known.add(exchange)

    def note_request(self, request: httpx.Request) -> None:
        """Keeps what is wrong with a request whose response is none of the server's that the document is for."""
        exempt = self.exempt or WRONG_ON_PURPOSE in request.headers
        faults = [] if exempt else self.request_faults(request)
        self.faults += [f"{request.method} {request.url}: {fault}" for fault in faults]

    @contextmanager
    def wrong_on_purpose(self) -> Iterator[None]:
        """Requests sent within may be wrong; what answers them may not."""
        before, self.exempt = self.exempt, True
        try:
            yield
        finally:
            self.exempt = before

    def operation(self, request: httpx.Request) -> Operation | None:
        """The operation of a request, or None where the document says nothing."""
        path = API.sub("", request.url.path)
        return self.document.operation(request.method, path) if self.document else None

    def request_faults(self, request: httpx.Request) -> list[str]:
        """What the document doesn't allow about a request; nothing for what isn't API v3."""
        if self.document is None or not API.match(request.url.path):
            return []
        operation = self.operation(request)
        if operation is None:
            return [f"request: the document has no {request.method} {request.url.path}"]
        return [*self._query_faults(operation, request), *self._body_faults(operation, request)]

    def _query_faults(self, operation: Operation, request: httpx.Request) -> Iterator[str]:
        assert self.document is not None
        pointers = {p["name"]: pointer for p, pointer in self.document.parameters(operation)}
        for name, value in nested(parse_qsl(urlsplit(str(request.url)).query, True)).items():
            if name not in pointers:
                yield f"request: no query parameter {name!r}"
                continue
            typed = self._typed(pointers[name], value)
            for found in self.document.violations(pointers[name], typed, written=True):
                yield f"request: query {name}.{found.place}: {found.message}"

    def _typed(self, pointer: str, value: Any) -> Any:
        """A query's texts as the integers, booleans and lists that the schema has in their place."""
        assert self.document is not None
        schema, pointer = self.document.resolved(self.document.at(pointer), pointer)
        for index, branch in enumerate(schema.get("anyOf", schema.get("allOf", ()))):
            word = "anyOf" if "anyOf" in schema else "allOf"
            if word == "allOf" or isinstance(value, dict) == ("type" in branch and branch["type"] == "object"):
                return self._typed(f"{pointer}/{word}/{index}", value)
        if isinstance(value, dict):
            members = schema.get("properties", {})
            return {
                name: self._typed(f"{pointer}/properties/{name}", member) if name in members else member
                for name, member in value.items()
            }
        return read_as(schema.get("type"), value)

    def _body_faults(self, operation: Operation, request: httpx.Request) -> Iterator[str]:
        assert self.document is not None
        declared = operation.node.get("requestBody")
        content = request.read()
        if declared is None:
            if content:
                yield "request: a body where the document has none"
            return
        media = request.headers.get("content-type", "").partition(";")[0]
        pointers = self.document.contents(declared, f"{operation.pointer}/requestBody")
        if not content and not declared.get("required"):
            return
        if media not in pointers:
            yield f"request: content type {media!r}"
            return
        yield from self._violations(operation, pointers[media], content, "request", written=True)

    def response_faults(self, request: httpx.Request, response: httpx.Response) -> list[str]:
        """What the document and the recordings don't allow about a response."""
        operation = self.operation(request)
        if self.document is None or operation is None:
            return []
        status, content = response.status_code, response.read()
        declared = operation.node["responses"].get(str(status))
        known = status in BEFORE_ANY or undeclared_status(request.method, operation.template, status)
        if declared is None and not known:
            return [f"response: status {status} isn't declared for {request.method} {operation.template}"]
        if status >= 400:
            return [f"response: {fault}" for fault in error_faults(status, decoded(content))]
        return list(self._success_faults(operation, response, content, declared))

    def _success_faults(
        self, operation: Operation, response: httpx.Response, content: bytes, declared: Any
    ) -> Iterator[str]:
        assert self.document is not None
        if declared is None:
            return
        pointers = self.document.contents(declared, f"{operation.pointer}/responses/{response.status_code}")
        media = response.headers.get("content-type", "").partition(";")[0]
        if not pointers and content:
            yield "response: a body where the document has none"
        elif pointers and media not in pointers:
            yield f"response: content type {media!r}"
        elif pointers:
            yield from self._violations(operation, pointers[media], content, "response", written=False)

    def _violations(
        self, operation: Operation, pointer: str, content: bytes, side: str, *, written: bool
    ) -> Iterator[str]:
        assert self.document is not None
        for found in self.document.violations(pointer, decoded(content), written=written):
            if not deviates(operation.template, found.place, found.message):
                yield f"{side}: {found.place or 'body'}: {found.message}"


@dataclass(slots=True)
class RecordingTransport(httpx.BaseTransport):
    """Passes everything on to another transport and notes what went through."""

    inner: httpx.BaseTransport
    recorder: Recorder

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The inner transport's answer, read and noted."""
        response = self.inner.handle_request(request)
        response.read()
        self.recorder.note(request, response)
        return response


def recorder() -> Recorder:
    """A recorder over the vendor's document, inactive where that isn't there."""
    path = document_path()
    return Recorder(load(path) if path else None)


def recorded(app: WsgiApp, notes: Recorder) -> WsgiApp:
    """The same WSGI application, every exchange noted at the server's side."""

    def middleware(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        started: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            started[:] = [int(status.split()[0]), headers]
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        request = request_of(environ)
        body = b"".join(app(environ, start))
        notes.note(request, httpx.Response(started[0], headers=started[1], content=body))
        return [body]

    return middleware


def request_of(environ: dict[str, Any]) -> httpx.Request:
    """A WSGI environment as a request; its input stays readable."""
    content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = BytesIO(content)
    headers = {name[5:].replace("_", "-").lower(): v for name, v in environ.items() if name.startswith("HTTP_")}
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    url = f"http://local{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
    return httpx.Request(environ["REQUEST_METHOD"], url, headers=headers, content=content)


def digest_of(request: httpx.Request, response: httpx.Response, *, exempt: bool) -> bytes:
    """A digest of all that an exchange's verdict depends on, with ids and times by number."""
    sent, got = request.headers.get("content-type"), response.headers.get("content-type")
    head = [exempt or WRONG_ON_PURPOSE in request.headers, request.method, sent, response.status_code, got]
    url = ID_IN_URL.sub("{id}", request.url.raw_path.decode())
    bodies = [blanked(body.decode("utf-8", "backslashreplace")) for body in (request.read(), response.read())]
    return sha256(json.dumps([*head, url, *bodies]).encode()).digest()


def title(request: httpx.Request, response: httpx.Response) -> str:
    """One line that names an exchange."""
    sent = request.read().decode("utf-8", "replace")
    return f"{request.method} {request.url.raw_path.decode()} {sent[:300]} -> {response.status_code}"


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Query pairs with brackets as objects: `filter[key][eq]=a` is {"filter": {"key": {"eq": "a"}}}."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        parts = [name.partition("[")[0], *BRACKETS.findall(name)]
        holder = found
        for part in parts[:-1]:
            inner = holder.setdefault(part, {})
            holder = inner if isinstance(inner, dict) else holder
        holder[parts[-1]] = value
    return found


def read_as(kind: str | None, text: Any) -> Any:
    """A query text as a value of a schema's type, or as it is when it can't be one."""
    if kind == "integer" and isinstance(text, str) and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kind == "array" and isinstance(text, str):
        return text.split(",")
    return {"true": True, "false": False}.get(text, text) if kind == "boolean" else text


def decoded(content: bytes) -> Any:
    """JSON, None for nothing, or the text where it isn't JSON."""
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        return content.decode("utf-8", "replace")
