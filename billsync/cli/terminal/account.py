"""The account of a write: its results so far, available at any moment, however the run ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from billsync.cli.terminal.outputs import Result
from billsync.model.change import PlanFile, Step
from billsync.model.diagnostic import Diagnostic
from billsync.model.ports import Journal
from billsync.model.result import Report, Status, StepResult
from billsync.model.value import Plain
from billsync.render.formats.look import Look
from billsync.render.plan.outline import outline

UNCLEAR = "the run was interrupted at this call, which may have been carried out"
NOT_TRIED = "not tried: the run was interrupted"


class Addition(Protocol):
    """More about a run than its changes: a text above them, and parts of the JSON object by name."""

    def text(self, results: Mapping[str, StepResult], look: Look) -> str:
        """The text, which ends with a line break."""

    def parts(self, results: Mapping[str, StepResult]) -> Mapping[str, Any]:
        """The parts."""


@dataclass(slots=True)
class Account:
    """A plan file and what has become of its steps. `called` are the steps whose call may have been sent;
    `was_shown`: the changes were shown where the result is shown. `not_tried` is the reason why the rest wasn't."""

    plan: PlanFile
    findings: tuple[Diagnostic, ...] = ()
    results: dict[str, StepResult] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)
    was_shown: bool = False
    addition: Addition | None = None
    not_tried: str = NOT_TRIED

    def note(self, result: StepResult) -> None:
        """Keep a step's end."""
        self.results[result.step.id] = result

    @property
    def wrote(self) -> bool:
        """Whether anything may have been written."""
        ended = self.results
        return any(result.wrote for result in ended.values()) or bool(self.called - ended.keys())

    @property
    def report(self) -> Report:
        """All steps: those that ended, the one that was under way, and those that were not tried."""
        return Report(tuple(self.results.get(step.id) or self._unfinished(step) for step in self.plan.steps))

    def result(self, more: Sequence[Diagnostic] = ()) -> Result:
        """The account as a result, with the findings of the run, and more of them."""
        return Result(
            self.plan,
            outline(self.plan, self.report),
            (*self.findings, *more),
            above=self._above,
            parts=self.addition.parts(self.results) if self.addition else {},
            was_shown=self.was_shown,
        )

    def _above(self, look: Look) -> str:
        return self.addition.text(self.results, look) if self.addition else ""

    def _unfinished(self, step: Step) -> StepResult:
        if step.id in self.called:
            return StepResult(step, Status.FAILED, UNCLEAR, wrote=True)
        return StepResult(step, Status.BLOCKED, self.not_tried)


class WitnessedJournal:
    """A journal that reports calls to the account.

    If it fails, the run stops before its next call; calls already made are still observed to their end, so that the
    account is right. `failure` is the error.
    """

    def __init__(self, journal: Journal, account: Account) -> None:
        self._journal = journal
        self._account = account
        self.failure: OSError | None = None

    def record(self, event: str, facts: Mapping[str, Plain]) -> None:
        """Append one event. Raises OSError before a call whose evidence can't be kept."""
        if self.failure is None:
            try:
                self._journal.record(event, facts)
            except OSError as error:
                self.failure = error
        if event == "call":
            if self.failure is not None:
                raise self.failure
            self._account.called.add(str(facts["step"]))

    def check(self) -> None:
        """Raise the OSError of an event that could not be kept."""
        if self.failure is not None:
            raise self.failure
