"""The server's error bodies, in both of their shapes, as one readable line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus

from billsync.core.secrets.hiding import Mask
from billsync.model.limits import SERVER_CHARACTERS
from billsync.model.value import Fields, Plain

SHOWN = 10


def error_message(status: int, body: Plain, mask: Mask = Mask()) -> str:  # noqa: B008 - a frozen value
    """One line: the status, then the body's codes, invalid parameters or detail, whichever comes first.

    Source of the order: customer-facts.md §1.3.
    """
    said = _said(body) if isinstance(body, Mapping) else ""
    head = f"{status} {_phrase(status)}".strip()
    return printable(f"{head}: {said}" if said else head, mask)


def printable(text: str, mask: Mask = Mask()) -> str:  # noqa: B008 - a frozen value
    """The text on one line, without secrets and control characters, cut where it gets too long."""
    masked = mask(text, at_most=SERVER_CHARACTERS)
    return masked if masked.isprintable() else "".join(char if char.isprintable() else " " for char in masked)


def _said(body: Fields) -> str:
    extensions = body.get("extensions")
    extensions = extensions if isinstance(extensions, Mapping) else {}
    return (
        _joined(_coded(issue) for issue in _maps(extensions.get("validationErrors")))
        or _flat(extensions, body)
        or _joined(_parameter(item) for item in _maps(body.get("invalid_parameters")))
        or _word(body.get("detail"))
        or _word(body.get("title"))
    )


def _flat(extensions: Fields, body: Fields) -> str:
    """Shape B′: the first issue lies flat in `extensions`, and `detail` stays."""
    if not extensions.get("code"):
        return ""
    said = _word(extensions.get("message")) or _word(body.get("detail"))
    return f"{_word(extensions['code'])}: {said}" if said else _word(extensions["code"])


def _coded(issue: Fields) -> str:
    parts = [_word(issue.get("code")), _word(issue.get("message"))]
    field = _word(issue.get("field"))
    return ": ".join(part for part in parts if part) + (f" (at {field})" if field else "")


def _parameter(item: Fields) -> str:
    rule = _word(item.get("rule"))
    place = (_word(item.get("field")) or "the body") + (f" [{rule}]" if rule else "")
    reason = _word(item.get("reason"))
    return f"{place}: {reason}" if reason else place


def _maps(value: Plain) -> tuple[Fields, ...]:
    return tuple(item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else ()


def _joined(parts: Iterable[str]) -> str:
    texts = [part for part in parts if part]
    more = f"; and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return "; ".join(texts[:SHOWN]) + more


def _word(value: Plain) -> str:
    return value.strip() if isinstance(value, str) else ""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
