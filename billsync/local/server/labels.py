"""Labels: which the server accepts, and how it shows them (catalog-facts.md §1.5)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from billsync.local.server.problems import Issue, broken_rules

WORD = re.compile(r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9._-]?[a-zA-Z0-9])?){1,63}")
RESERVED = ("_", "kong", "konnect", "insomnia", "mesh", "kic", "kuma", "openmeter")
LONGEST = 3 * 63


def check_labels(labels: Mapping[str, str] | None) -> None:
    """Raises Problem (400, with the codes) when a key or a value is refused."""
    if issues := list(label_issues(labels or {})):
        raise broken_rules(issues)


def label_issues(labels: Mapping[str, str]) -> Iterator[Issue]:
    for key, value in sorted(labels.items()):
        if not well_formed(key):
            yield _issue("invalid_label_key_format", "label key must be in valid format")
        if key.startswith(RESERVED):
            yield _issue("invalid_label_key_prefix", "label key must not have reserved prefix")
        if not well_formed(value):
            yield _issue("invalid_label_value_format", "label value must be in valid format")


def visible(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels that the API shows: those with an invalid key or value are stored, but hidden (customer-facts.md
    §1.5)."""
    return {key: value for key, value in labels.items() if not list(label_issues({key: value}))}


def well_formed(text: str) -> bool:
    """The server's own pattern: every special character needs a letter or digit of its own on either side."""
    return len(text) <= LONGEST and WORD.fullmatch(text) is not None


def _issue(code: str, message: str) -> Issue:
    return Issue(code=code, message=message, field="$.labels")
