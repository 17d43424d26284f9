"""The lines of a journal: the names in them, and the seal of each, which shows that no line was edited or left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256

WITHHELD = "(withheld)"
"""The text that takes the place of a customer's personal data in a journal."""
CHANGING = "changing"
"""The name under which a journal lists the fields that a step changes."""
ATTACHED, OWNERS = "attached", "owners"
"""The names under which it lists former quantities of what is attached, and the owners of entities."""
SEAL_CHARACTERS = 32
_SEAL = ', "seal": "'
SET_UP, OWING, PINNED, SENDING = "set-up", "owing", "pinned", "sending"
"""The events of a restore that no step makes: custom currencies and billing profiles, a debt as a fee, billing, and
usage."""


class NotAJournal(ValueError):
    """A text that isn't the journal of a run, or is one of an earlier version, without what an undo needs."""


def sealed(line: str, before: str) -> tuple[str, str]:
    """A line of a journal with its seal, which is made of the line and of the seal before it; and the seal."""
    seal = sha256(f"{before}{line}".encode()).hexdigest()[:SEAL_CHARACTERS]
    return f'{line[:-1]}{_SEAL}{seal}"}}', seal


def unsealed(lines: Iterable[str]) -> Iterator[str]:
    """The lines as they were before they were sealed. Raises NotAJournal for one that was changed, or that follows a
    line which was left out."""
    before = ""
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\n").rpartition(_SEAL)[0] + "}"
        whole, before = sealed(text, before)
        if whole != line.rstrip("\n"):
            raise NotAJournal(f"line {number} isn't as the run wrote it: it was edited, or is of an earlier version")
        yield text
