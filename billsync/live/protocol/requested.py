"""One request that was made, for people who want to see what a command does."""

from __future__ import annotations

from billsync.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Requested:
    """A request: its path without what follows a question mark, and the status of its answer, None where there was
    none. No secret of the client is in it, and nothing that was sent or answered."""

    method: str
    path: str
    status: int | None
    milliseconds: int

    @property
    def text(self) -> str:
        """The request on one line."""
        status = "no answer" if self.status is None else str(self.status)
        return f"{self.method} {self.path}: {status}, {self.milliseconds} ms"


def unheard(request: Requested) -> None:
    """Tell nobody of a request."""
