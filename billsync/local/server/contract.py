"""Schemas of requests from the vendor's OpenAPI: bodies are checked here before any resource sees them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from billsync.local.server.editions import AUGUST, Edition, requests_of
from billsync.local.server.fitting import Fitting
from billsync.local.server.problems import Invalid, Problem, api_error, bad_query, bad_request
from billsync.local.server.schema import READ_ONLY, Validator, Violation
from billsync.local.store.documents import NotJson, parse
from billsync.local.store.limits import NESTED_VALUES

OBJECT_RULES = frozenset(("properties", "maxProperties"))


@cache
def validator(edition: Edition = AUGUST) -> Validator:
    return Validator(requests_of(edition)["schemas"])


@cache
def fitting(edition: Edition) -> Fitting:
    return Fitting(requests_of(edition)["schemas"])


def operation(name: str, edition: Edition = AUGUST) -> Mapping[str, Any]:
    """The facts of an operation such as "POST /openmeter/meters"."""
    facts: Mapping[str, Any] = requests_of(edition)["operations"][name]
    return facts


def filter_kinds(name: str) -> Mapping[str, Any]:
    """Member of `filter[...]` → "string", "exact", "ulid", "time", or the schema of a plain value."""
    members: Mapping[str, Any] = operation(name).get("query", {}).get("filter", {}).get("members", {})
    return members


def checked_body(name: str, *, content: bytes, content_type: str, edition: Edition = AUGUST) -> Any:
    """The body with defaults filled in; None when the operation takes none or none was sent.

    Raises Problem (400, shape A) for anything the schema forbids (catalog-facts.md §1.2).
    """
    body = operation(name, edition).get("body")
    if body is None or (not content and not body["required"]):
        return None
    if not content:
        raise bad_body("value is required but missing")
    schema = body["content"].get(content_type.split(";")[0].strip().lower())
    if schema is None:
        raise bad_body(f'header Content-Type has unexpected value "{content_type}"')
    value = _texts_as_read(content)
    if fitting(edition).fits(schema, value):
        return value
    if violations := validator(edition).violations(schema, value):
        raise refused(violations)
    return value


def accepted_body(schema: Mapping[str, Any], *, content: bytes) -> Any:
    """The body of an operation that the vendor's table doesn't hold; it may use the table's schemas. No default is
    filled in. Raises Problem (400, shape A) for anything the schema forbids."""
    value = _texts_as_read(content) if content else {}
    if violations := validator().violations(schema, value):
        raise refused(violations)
    return value


def checked_items(name: str, query: Iterable[tuple[str, str]], parameter: str) -> list[str]:
    """The entries of a comma-separated query parameter. Raises Problem naming the place of one that isn't allowed."""
    given = next((text for member, text in query if member == parameter), "")
    entries = given.split(",") if given else []
    for violation in validator().violations(operation(name)["query"][parameter], entries):
        raise bad_query(".".join(violation.path) or parameter, violation.reason, violation.rule)
    return entries


def _texts_as_read(content: bytes) -> Any:
    """The value of a body, its texts as the real server reads them: only an escape can make a surrogate."""
    value = parsed(content)
    return without_surrogates(value) if b"\\u" in content else value


def parsed(content: bytes) -> Any:
    """The JSON value of a body. Raises Problem (400) for invalid UTF-8, invalid JSON, or too deep nesting."""
    try:
        value = parse(content.decode())
    except (UnicodeDecodeError, NotJson) as error:
        raise bad_body(f"failed to decode request body: {error}") from None
    if content.count(b"{") + content.count(b"[") > NESTED_VALUES and is_deeper(value, NESTED_VALUES):
        raise bad_body(f"failed to decode request body: values are nested more than {NESTED_VALUES} deep")
    return value


def is_deeper(value: Any, levels: int) -> bool:
    """Whether lists and objects nest deeper than `levels`; without recursion."""
    layer = [value]
    for _ in range(levels + 1):
        holders = [item for item in layer if isinstance(item, dict | list)]
        if not holders:
            return False
        layer = [item for holder in holders for item in (holder.values() if isinstance(holder, dict) else holder)]
    return True


def without_surrogates(value: Any) -> Any:
    """The value with lone surrogates replaced by U+FFFD, as the real server reads them."""
    if isinstance(value, str):
        if value.isascii():
            return value
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, list):
        return [without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {without_surrogates(name): without_surrogates(item) for name, item in value.items()}
    return value


def bad_body(reason: str) -> Problem:
    return bad_request(Invalid(field="", reason=f"request body has an error: {reason}"))


def refused(violations: Iterable[Violation]) -> Problem:
    entries = tuple(named(violations))
    return bad_request(*entries) if entries else api_error(400, "Bad Request")


def named(violations: Iterable[Violation]) -> Iterator[Invalid]:
    """The entries that the real server names: an entry at the top of the body replaces the entry before it, and of
    errors about the whole body only those on object rules are listed."""
    place = ""
    for violation in violations:
        place = ".".join(violation.path) or place
        rule = violation.rule if violation.path or violation.rule in OBJECT_RULES else None
        if violation.rule != READ_ONLY:
            yield Invalid(field=place, reason=violation.reason, rule=rule)
