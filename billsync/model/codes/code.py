"""A diagnostic code: its fixed summary, and an explanation for people who meet it."""

from __future__ import annotations

from billsync.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One code. It never changes its name, as scripts and plan files hold it.

    `summary` is the fixed sentence printed with the code; values belong in a diagnostic's detail. `doc` explains its
    meaning, the reason for it, and the remedy. `example` is a detail as billsync prints it.
    """

    name: str
    summary: str
    doc: str
    example: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """Codes that are met at the same time.

    `layout` is how an example is printed, with `{name}`, `{summary}` and `{example}` in it.
    """

    title: str
    intro: str
    layout: str
    codes: tuple[Code, ...]

    def example(self, code: Code) -> str:
        """The example of one of its codes as it looks in a terminal."""
        return self.layout.format(name=code.name, summary=code.summary, example=code.example)


AS_ERROR = "error[{name}]: {summary}\n  {example}"
