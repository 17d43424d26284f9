"""Errors of the API: one exception that carries status and body, and the two shapes of body (catalog-facts.md §1.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from billsync.model.frozen import dataclass

CATALOGUE = "https://kongapi.info/konnect/"
SHAPE_A_NAMES = {
    400: ("bad-request", "Bad Request"),
    403: ("unauthorized", "Forbidden"),
    404: ("not-found", "Not Found"),
    405: ("method-not-allowed", "Method Not Allowed"),
    409: ("resource-conflict", "Conflict"),
    410: ("gone", "Gone"),
    412: ("precondition-failed", "Precondition Failed"),
    413: ("payload-too-large", "Payload Too Large"),
    421: ("misdirected-request", "Misdirected Request"),
    431: ("headers-too-large", "Request Header Fields Too Large"),
    501: ("not-implemented", "Not Implemented"),
    503: ("unavailable", "Service Unavailable"),
}


class Problem(Exception):
    """Answer the request with this status and body (without `instance`), and write nothing."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = dict(body)


@dataclass(frozen=True, slots=True)
class Invalid:
    """One entry of `invalid_parameters`. `source` is "" for a schema error in a body."""

    field: str
    reason: str
    rule: str | None = None
    source: str = ""

    def body(self) -> dict[str, str]:
        entry = {"field": self.field, "reason": self.reason, "source": self.source}
        return entry | ({"rule": self.rule} if self.rule else {})

    def text(self) -> str:
        return f"{self.field} [{self.rule}]: {self.reason}" if self.rule else f"{self.field}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Issue:
    """A coded rule that is broken: an entry of `extensions.validationErrors` or of `validation_errors`."""

    code: str | None
    message: str
    field: str | None = None
    severity: str = "critical"
    extra: tuple[tuple[str, Any], ...] = ()

    def body(self) -> dict[str, Any]:
        entry: dict[str, Any] = {"message": self.message, "severity": self.severity, **dict(self.extra)}
        named = {"code": self.code, "field": self.field}
        return entry | {name: value for name, value in named.items() if value is not None}


def api_error(status: int, detail: str, invalid: Iterable[Invalid] = ()) -> Problem:
    """Shape A: errors from the layers in front of the resources."""
    suffix, title = SHAPE_A_NAMES[status]
    body = {"type": CATALOGUE + suffix, "status": status, "title": title, "detail": detail}
    entries = [entry.body() for entry in invalid]
    return Problem(status, body | ({"invalid_parameters": entries} if entries else {}))


def bad_request(*invalid: Invalid) -> Problem:
    """Shape A, 400, with the request's errors."""
    return api_error(400, "Bad Request: " + ", ".join(entry.text() for entry in invalid), invalid)


def bad_query(field: str, reason: str, rule: str | None = None) -> Problem:
    """Shape A, 400, for one query parameter."""
    return bad_request(Invalid(field=field, reason=reason, rule=rule, source="query"))


def unknown_route() -> Problem:
    return api_error(404, "The requested route was not found")


def unknown_entity() -> Problem:
    """The id in the path has not the form of an id (catalog-facts.md §1.2)."""
    return api_error(404, "The requested entity was not found")


def wrong_method() -> Problem:
    return api_error(405, "The requested method is not allowed")


def problem(status: int, detail: str | None = None, extensions: Mapping[str, Any] | None = None) -> Problem:
    """Shape B: a domain rule is broken."""
    body: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    if detail:
        body["detail"] = detail
    if extensions:
        body["extensions"] = dict(extensions)
    return Problem(status, body)


def coded(status: int, code: str, message: str, entity_id: str) -> Problem:
    """Shape B′: a detail and a code (catalog-facts.md §12.5)."""
    extensions = {"code": code, "message": message, "severity": "critical"}
    return problem(status, f"{message} [id={entity_id}]", extensions)


def invalid(detail: str) -> Problem:
    """Shape B, 400, a rule without a code."""
    return problem(400, f"validation error: {detail}")


def conflict(detail: str) -> Problem:
    return problem(409, f"conflict error: {detail}")


def not_found(detail: str) -> Problem:
    return problem(404, f"not found error: {detail}")


def broken_rules(issues: Iterable[Issue], status: int = 400) -> Problem:
    """Shape B with `validationErrors` and no detail."""
    return problem(status, extensions={"validationErrors": [issue.body() for issue in issues]})
