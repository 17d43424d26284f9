"""How text is shown: how wide, in which colors, and whether everything is named. It prints nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

RESET = "\x1b[0m"


class Color(Enum):
    """What a line is about, as the terminal's code for it."""

    CREATE = "\x1b[32m"
    UPDATE = "\x1b[33m"
    DELETE = "\x1b[31m"
    TROUBLE = "\x1b[1;31m"
    NOTE = "\x1b[2m"


@dataclass(frozen=True, slots=True)
class Look:
    """`width` is the terminal's, in columns, or None where nobody looks; `names_all`: nothing is grouped."""

    width: int | None = None
    has_colors: bool = False
    names_all: bool = False

    def colored(self, text: str, color: Color) -> str:
        """The text in a color, where there are colors."""
        return f"{color.value}{text}{RESET}" if self.has_colors else text


PLAIN = Look()
"""For pipes and files."""
