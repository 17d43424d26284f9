"""Problems of the catalog's rules: collected first, then one answer (catalog-facts.md §1.3, §14)."""

from __future__ import annotations

from collections.abc import Iterable

from billsync.local.server.problems import Issue, Problem, broken_rules, invalid
from billsync.local.store.documents import Document
from billsync.model.frozen import dataclass, replace

WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that is broken: coded or, with `code` None, a plain sentence. A `listed` one is named in the answer."""

    message: str
    code: str | None = None
    field: str | None = None
    severity: str = "critical"
    listed: bool = True

    def within(self, prefix: str) -> Finding:
        """The finding, with its path extended by the path of its container."""
        return self if self.field is None else replace(self, field=prefix + self.field)

    def unlisted(self) -> Finding:
        """The finding, marked as one that the server counts but doesn't list in its answer (§14)."""
        return replace(self, listed=False)

    def shown(self) -> Document:
        """An entry of `validation_errors`: no severity, and a missing field is empty (§7.8)."""
        return {"code": self.code, "field": f"${self.field}" if self.field else "", "message": self.message}

    def issue(self) -> Issue:
        field = None if self.field is None else f"${self.field}"
        return Issue(code=self.code, message=self.message, field=field, severity=self.severity)


def fault(message: str) -> Finding:
    """A critical rule without a code."""
    return Finding(message, listed=False)


def critical(code: str, message: str, field: str | None = None) -> Finding:
    return Finding(message, code, field)


def warning(code: str, message: str, field: str | None = None) -> Finding:
    """Kept in a draft and shown there; refused at publish."""
    return Finding(message, code, field, severity=WARNING)


def first_broken(stages: Iterable[Iterable[Finding]]) -> list[Finding]:
    """The findings of the first stage that has any: the server looks no further."""
    return next(filter(None, map(list, stages)), [])


def refusal(findings: Iterable[Finding]) -> Problem | None:
    """The answer to these findings: the coded ones listed, or a detail as soon as one has no code; None for none."""
    found = list(findings)
    if not found:
        return None
    if all(finding.code for finding in found) and (listed := [finding for finding in found if finding.listed]):
        return broken_rules(finding.issue() for finding in listed)
    return invalid("\n".join(finding.message for finding in found))


def refuse(findings: Iterable[Finding]) -> None:
    """Raises one Problem with all findings; returns if there are none."""
    if answer := refusal(findings):
        raise answer
