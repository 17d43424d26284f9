"""The look of text: its width, its colors, and whether everything is named."""

from __future__ import annotations

from enum import Enum

from billsync.model.frozen import dataclass

RESET = "\x1b[0m"


class Color(Enum):
    """The subject of a line, as the terminal's code for its color."""

    CREATE = "\x1b[32m"
    UPDATE = "\x1b[33m"
    DELETE = "\x1b[31m"
    TROUBLE = "\x1b[1;31m"
    NOTE = "\x1b[2m"
    VERSION = "\x1b[36m"


@dataclass(frozen=True, slots=True)
class Look:
    """`width` is the terminal's, in columns, or None without a terminal; `names_all`: nothing is grouped. `is_quiet`:
    only what keeps a run from its end, and the summary."""

    width: int | None = None
    has_colors: bool = False
    names_all: bool = False
    is_quiet: bool = False

    @property
    def draws_trees(self) -> bool:
        """Whether what belongs to one entity stands together: on a terminal."""
        return self.width is not None

    def colored(self, text: str, color: Color) -> str:
        """The text in a color, where there are colors."""
        return f"{color.value}{text}{RESET}" if self.has_colors else text


PLAIN = Look()
"""For pipes and files."""
