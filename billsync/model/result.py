"""The results of a run: one per step, with its evidence."""

from __future__ import annotations

from enum import Enum

from billsync.model.change import Step
from billsync.model.frozen import dataclass


class Status(Enum):
    """Outcomes of a step."""

    DONE = "done"  # the call was made and what it promised holds
    ALREADY = "already"  # what it promises held before
    FAILED = "failed"
    STALE = "stale"  # neither before nor after holds
    BLOCKED = "blocked"  # a step it needs was not done


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step's end. `wrote`: a call may have reached the server; `cause` is the blocking step."""

    step: Step
    status: Status
    reason: str = ""
    wrote: bool = False
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All results, in the order of the plan file's steps."""

    results: tuple[StepResult, ...]

    @property
    def wrote(self) -> bool:
        """Whether anything may have been written."""
        return any(result.wrote for result in self.results)

    @property
    def succeeded(self) -> bool:
        """Whether every step is done."""
        return all(result.status in (Status.DONE, Status.ALREADY) for result in self.results)
