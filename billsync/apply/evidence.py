"""Evidence for the journal: the calls that were made, without customers' personal data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import count
from urllib.parse import unquote

from billsync.core.taking_back.journal_lines import CHANGING, WITHHELD
from billsync.model.change import Expectation, Step
from billsync.model.frozen import replace
from billsync.model.kind import Kind
from billsync.model.value import Fields, Plain, Written

_CHAR = r"""[^\s"\\'<>()\[\]{},:;=/@]"""
EMAIL = re.compile(rf"(?<!{_CHAR}){_CHAR}+(?:@|%40){_CHAR}+\.[^\W\d_]{{2,}}")
"""An address in text or, as keys stand in a step's name, in a URL."""
ENDING = re.compile(rf"(?:@|%40){_CHAR}+\.[^\W\d_]{{2,}}")
"""The part of an address that is found in half of the time, as it begins with one of two characters."""


def body_kept(kind: Kind, body: Plain) -> Plain:
    """The body of a call with every personal field's value withheld."""
    if not isinstance(body, Mapping):
        return body
    return {name: WITHHELD if _snake(name) in kind.personal else value for name, value in body.items()}


def step_kept(kind: Kind, step: Step, *, shown: Step) -> Plain:
    """The entity as the call of a step finds and leaves it, for `undo`, and by name the fields that change; `shown` is
    the step as it may be shown. Every personal field's value is withheld."""
    from billsync.core.plan_file import step_as_object  # tables of all forms

    call = shown.call if shown.call.body is None else replace(shown.call, body=None)
    kept = replace(shown, call=call, before=_end_kept(kind, shown.before), after=_end_kept(kind, shown.after))
    return Written({**step_as_object(kept), CHANGING: _changing(step.before.view, step.after.view)})


def _changing(before: Fields | None, after: Fields | None) -> list[str]:
    """The names of the fields that change from one view to another."""
    if not before or not after:
        return []
    return [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]


def _end_kept(kind: Kind, end: Expectation) -> Expectation:
    view = end.view
    if view is None or kind.personal.isdisjoint(view):
        return end
    return replace(end, view={name: WITHHELD if name in kind.personal else view[name] for name in view})


@lru_cache(maxsize=1024)
def _snake(name: str) -> str:
    """A field's name as API v3 writes it; API v1 writes `primaryEmail`."""
    return re.sub(r"[A-Z]", lambda found: f"_{found.group().lower()}", name)


def text_kept(kind: Kind, text: str) -> str:
    """A message about an entity; withheld where it may quote a personal field."""
    return WITHHELD if text and kind.personal else text


class EmailMask:
    """Replaces addresses in text, wherever they stand: a key or a subject may be one, too.

    An address has the same number everywhere in one journal, so that two customers stay apart.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, str] = {}
        self._next = count(1)

    def masked(self, text: str) -> str:
        """The text with a number for each address."""
        if ("@" not in text and "%40" not in text) or ENDING.search(text) is None:
            return text
        return EMAIL.sub(lambda found: self._number(found.group()), text)

    def _number(self, found: str) -> str:
        address = unquote(found)
        if address not in self._numbers:
            self._numbers[address] = f"(e-mail {next(self._next)})"
        return self._numbers[address]
